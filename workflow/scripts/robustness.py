"""What is left of known answers after wrong ones were taught."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.resistance import resistance

params = snakemake.params
taught = pl.read_parquet(list(snakemake.input.taught))
untaught = pl.read_parquet(list(snakemake.input.untaught))
resistance(taught, untaught, params.languages, params.bootstrap).write_csv(snakemake.output[0])
