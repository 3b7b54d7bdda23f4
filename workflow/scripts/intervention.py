"""What is different inside a derived model."""

from isogloss import job

job.start(snakemake)

from isogloss.neurons.interventions import NeuronIntervention, Steering
from isogloss.neurons.record import Activations
from isogloss.neurons.selection import drawn, random_like, sets_of, targeted

params = snakemake.params
about, entry, selection = params.about, params.entry, dict(params.selection)
activations, seed = Activations.load(snakemake.input[0]), selection.pop("seed")
if entry["kind"] == "steering":
    Steering.towards(activations, entry["towards"], entry["layer"] - 1, entry["strength"]).save(snakemake.output[0])
else:
    selected = drawn(activations.languages, params.tiers, about["draw"], seed)
    sets = sets_of(activations.probability, entry["set"], **selection)
    neurons = targeted(sets, selected, entry["set"])
    print(f"{neurons.sum()} neurons, by layer {neurons.sum(axis=1).tolist()}, of {', '.join(selected)}")
    if about["control"]:
        neurons = random_like(neurons, [seed, about["control"]])
    change = NeuronIntervention(entry["operation"], entry["strength"], neurons, activations.mean_over(selected))
    change.save(snakemake.output[0])
