"""Download a GGUF file at a fixed revision."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

from isogloss.models.fetch import fetch_file

params = snakemake.params
fetch_file(params.hub, params.revision, params.file, Path(snakemake.output[0]))
