"""Accuracy of the untaught model in every language."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.transfer import accuracy_by_language

scores = pl.read_parquet(list(snakemake.input))
accuracy_by_language(scores, snakemake.params.languages, snakemake.params.bootstrap).write_csv(snakemake.output[0])
