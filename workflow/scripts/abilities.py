"""How well a sandbox looks up, translates and chooses."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.abilities import choice, lookup, lookup_across, translation

answers, params = pl.read_parquet(snakemake.input[0]), snakemake.params
tables = [
    lookup(answers, params.languages, params.bootstrap),
    lookup_across(answers),
    translation(answers),
    choice(answers, params.languages, params.bootstrap),
]
for table, path in zip(tables, snakemake.output, strict=True):
    table.write_csv(path)
