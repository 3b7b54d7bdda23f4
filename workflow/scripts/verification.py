"""Accuracy of the untaught model in every language."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.comparison import comparisons
from isogloss.measures.transfer import accuracy_by_language

params, output = snakemake.params, snakemake.output
scores = pl.read_parquet(list(snakemake.input))
accuracy_by_language(scores, params.languages, params.bootstrap).write_csv(output.accuracy)
comparisons(scores, params.languages, params.bootstrap).write_csv(output.comparisons)
