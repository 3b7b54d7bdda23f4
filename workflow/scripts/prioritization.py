"""Which of two contradictory languages is followed."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.conflict import preference, strengths

params, output = snakemake.params, snakemake.output
scores = pl.read_parquet(list(snakemake.input))
preference(scores, params.bootstrap).write_csv(output.preference)
strengths(scores, params.bootstrap).write_csv(output.strengths)
