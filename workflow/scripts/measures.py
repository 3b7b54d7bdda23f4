"""Every measure of transfer and of inequality, of each model, knowledge set and setting."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.indices import measures, own_items, read_scores

params = snakemake.params
tables = [pl.read_parquet(snakemake.input.scores), *map(read_scores, snakemake.input.imported)]
print(*(note for table in tables[1:] for note in own_items(table)), sep="\n")
pl.concat([measures(table, params.tiers, params.bootstrap) for table in tables]).write_csv(snakemake.output[0])
