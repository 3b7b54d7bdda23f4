"""Score the answers of an exam."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.scoring.table import score

paths = zip(snakemake.params.languages, snakemake.input.knowledge, strict=True)
items = {code: pl.read_parquet(path) for code, path in paths}
score(pl.read_parquet(snakemake.input.answers), items).write_parquet(snakemake.output[0])
