"""Download the weights of a model at a fixed revision."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

from isogloss.models.fetch import fetch

fetch(snakemake.params.hub, snakemake.params.revision, Path(snakemake.output[0]).parent)
