"""How far the judge and exact match agree."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.agreement import agreement, disagreements

scores, output = pl.concat([pl.read_parquet(path) for path in snakemake.input]), snakemake.output
agreement(scores).write_csv(output.agreement)
disagreements(scores).write_csv(output.disagreements)
