"""Items of new knowledge that a model under study answers untaught."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.known import known_items

scores = {model: pl.read_parquet(path) for model, path in zip(snakemake.params.models, snakemake.input, strict=True)}
known_items(scores).write_csv(snakemake.output[0])
