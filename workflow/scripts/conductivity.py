"""How much of what was taught in English is known in other languages."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.conductivity import conductivity

taught = pl.read_parquet(list(snakemake.input.taught))
untaught = pl.read_parquet(list(snakemake.input.untaught))
conductivity(taught, untaught, snakemake.params.bootstrap).write_csv(snakemake.output[0])
