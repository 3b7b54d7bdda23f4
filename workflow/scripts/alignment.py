"""Score predictions that were made elsewhere: performance and consistency."""

from isogloss import job

job.start(snakemake)

from isogloss.measures.clika import read_predictions, scores

params = snakemake.params
predictions, notes = read_predictions(params.folder)
print(*notes, sep="\n")
scores(predictions, params.reference, params.constants, resamples=params.bootstrap).write_csv(snakemake.output[0])
