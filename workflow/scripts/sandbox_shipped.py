"""Check the shipped sandbox against its manifest and copy it to where models are."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

from isogloss.models.sandbox.manifest import copy_checked

copy_checked(Path(snakemake.input[0]).parent, Path(snakemake.output[0]).parent)
