"""Write a knowledge set as tasks of lm-evaluation-harness."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.knowledge.export import export

items = {code: pl.read_parquet(path) for code, path in zip(snakemake.params.languages, snakemake.input, strict=True)}
export(items, snakemake.wildcards.knowledge, Path(snakemake.output[0]).parent)
