"""Put every scored answer into one table."""

from isogloss import job

job.start(snakemake)

import polars as pl

pl.read_parquet(list(snakemake.input)).write_parquet(snakemake.output[0])
