# Neurons of languages: where texts make them fire, and what middle layers already know.
INSIDE = [name for name in RUN if name not in REMOTE]  # models whose neurons can be reached
INTERVENED_PANELS = [
    {"model": model, "knowledge": knowledge}
    for model in plan.intervened(settings)
    for knowledge in plan.knowledge_of(settings, "transferability")
]
INSIDE_PANELS = [panel for panel in INTERVENED_PANELS if panel["model"] in INSIDE]
# Which neurons languages share can be asked without an intervention, then of all of them.
OVERLAP_PANELS = INSIDE_PANELS or [
    {"model": model, "knowledge": knowledge} for model in INSIDE for knowledge in plan.about(settings, "transferability")
]


rule held_out:
    input:
        languages=paths.LANGUAGES,
        shares=paths.SHARES,
        phrasebook=PHRASEBOOKS,
        world=paths.WORLD,
    output:
        paths.HELD_OUT,
    log:
        "results/logs/held_out/{model}.log",
    benchmark:
        "results/benchmarks/held_out/{model}.tsv"
    wildcard_constraints:
        model=one_of(plan.sandboxes(settings)),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        languages=sorted(settings.languages),
        recipe=recipe,
        texts=settings.language_neurons.texts,
        contents=contents([paths.LANGUAGES, paths.SHARES, *PHRASEBOOKS, *paths.WORLD]),
        version=version("held_out"),
    message:
        "Write texts such as {wildcards.model} was pre-trained on, but others"
    script:
        "../workflow/scripts/held_out.py"


rule record_activations:
    input:
        model=lambda wildcards: model_files(wildcards.model),
        knowledge=lambda wildcards: expand(paths.ITEMS, language=settings.languages, allow_missing=True),
        held_out=lambda wildcards: held_out(wildcards.model),
    output:
        paths.ACTIVATIONS,
    log:
        "results/logs/record_activations/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/record_activations/{model}/{knowledge}.tsv"
    wildcard_constraints:
        model=one_of(INSIDE),
    conda:
        "../envs/cpu.yaml"
    threads: cores_of
    resources:
        mem_mb=lambda wildcards, input: to_read(wildcards.model, input.model, memory.of_texts),
        gpu=lambda wildcards: accelerators(settings.models[wildcards.model]),
        runtime=lambda wildcards: minutes(settings.models[wildcards.model], 60),
    params:
        loading=lambda wildcards: loading(wildcards.model),
        batch=lambda wildcards, input: settings.models[wildcards.model].asking.batch,
        languages=language_rows(),
        flores=settings.explain.flores,
        texts=settings.language_neurons.texts,
        contents=lambda wildcards: [model_contents(wildcards.model), flores_contents("dev")],
        version=version("record_activations"),
    message:
        "Record the neurons of {wildcards.model} in every language"
    script:
        "../workflow/scripts/record_activations.py"


rule select_neurons:
    input:
        paths.ACTIVATIONS,
    output:
        sets=paths.NEURONS,
        overlap=paths.OVERLAP,
        layers=paths.NEURON_LAYERS,
    log:
        "results/logs/select_neurons/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/select_neurons/{model}/{knowledge}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        selection=settings.language_neurons.model_dump(include={"top", "lape", "percentile"}),
        version=version("select_neurons"),
    message:
        "Find the neurons of each language in {wildcards.model}"
    script:
        "../workflow/scripts/select_neurons.py"


rule lens:
    input:
        model=lambda wildcards: model_files(wildcards.model),
        knowledge=lambda wildcards: expand(paths.ITEMS, language=settings.languages, allow_missing=True),
        scores=lambda wildcards: expand(
            paths.SCORES,
            study="transferability",
            setting="in-context",
            lesson=plan.lessons_of(settings, "transferability"),
            allow_missing=True,
        ),
    output:
        answers=paths.LENS,
        shares=paths.LENS_SHARES,
    log:
        "results/logs/lens/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/lens/{model}/{knowledge}.tsv"
    wildcard_constraints:
        model=one_of(INSIDE),
    conda:
        "../envs/cpu.yaml"
    threads: cores_of
    resources:
        mem_mb=lambda wildcards, input: to_read(wildcards.model, input.model, memory.of_choosing),
        gpu=lambda wildcards: accelerators(settings.models[wildcards.model]),
        runtime=lambda wildcards: minutes(settings.models[wildcards.model], 60),
    params:
        loading=lambda wildcards: loading(wildcards.model),
        batch=lambda wildcards, input: settings.models[wildcards.model].asking.batch,
        languages=settings.languages,
        keep=settings.intervention_items,
        bootstrap=settings.bootstrap,
        contents=lambda wildcards: model_contents(wildcards.model),
        version=version("lens"),
    message:
        "In which layers of {wildcards.model} the right answer can be read"
    script:
        "../workflow/scripts/lens.py"


rule figure_overlap:
    input:
        overlap=[paths.OVERLAP.format(**panel) for panel in OVERLAP_PANELS],
        layers=[paths.NEURON_LAYERS.format(**panel) for panel in OVERLAP_PANELS],
    output:
        figure("overlap", "Interventions"),
    log:
        "results/logs/figure_overlap.log",
    benchmark:
        "results/benchmarks/figure_overlap.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=OVERLAP_PANELS,
        languages=language_rows(),
        version=version("figure_overlap"),
    message:
        "Draw which neurons languages share"
    script:
        "../workflow/scripts/figure_overlap.py"


rule figure_lens:
    input:
        [paths.LENS_SHARES.format(**panel) for panel in INSIDE_PANELS],
    output:
        figure("lens", "Interventions"),
    log:
        "results/logs/figure_lens.log",
    benchmark:
        "results/benchmarks/figure_lens.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=[panel | {"setting": "in-context"} for panel in INSIDE_PANELS],
        version=version("figure_lens"),
    message:
        "Draw in which layers the right answer can be read"
    script:
        "../workflow/scripts/figure_lens.py"
