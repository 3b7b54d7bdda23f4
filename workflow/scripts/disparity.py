"""Which languages a model serves well, against what is known of them."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.statistics.disparity import disparity, outcomes

inputs = snakemake.input
tables = {name: pl.read_csv(inputs[name]) if inputs[name] else None for name in ("curve", "fine_tuned", "in_context")}
table = outcomes(**tables).join(pl.read_csv(inputs.factors), on="language", how="left", maintain_order="left")
named = [name for name in ("log_share", "optimised", "tokens_per_sentence", "renyi_efficiency") if name in table.columns]
disparity(table, named).write_csv(snakemake.output[0])
