"""How fast each language is learned."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.comparison import comparisons
from isogloss.measures.learning import curve, speed, speed_by_tier

params, output = snakemake.params, snakemake.output
taught = pl.read_parquet(list(snakemake.input.taught))
untaught = pl.read_parquet(list(snakemake.input.untaught))
curve(taught, untaught, params.languages, params.bootstrap).write_csv(output.curve)
speed(taught, untaught, params.languages, params.bootstrap).write_csv(output.speed)
speed_by_tier(taught, untaught, params.languages, params.tiers, params.bootstrap).write_csv(output.tiers)
last = taught.filter(pl.col("epoch") == pl.col("epoch").max())
comparisons(last, params.languages, params.bootstrap).write_csv(output.comparisons)
