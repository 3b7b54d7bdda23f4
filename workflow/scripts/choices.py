"""Score what models chose: performance, consistency, the bias of places and how alike options are ranked."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.choices import choice_scores, positions, rankings

output, params = snakemake.output, snakemake.params
chosen = pl.concat([pl.read_parquet(path) for path in snakemake.input])
choice_scores(chosen, params.languages, params.reference, resamples=params.bootstrap).write_csv(output.scores)
positions(chosen, params.bootstrap).write_csv(output.positions)
rankings(chosen, params.bootstrap).write_csv(output.rankc)
