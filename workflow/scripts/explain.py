"""What explains a transfer matrix: correlations, regressions under several protocols, predictions of languages not measured."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.factors.columns import FACTORS
from isogloss.factors.neurons import with_shared_neurons
from isogloss.statistics.analysis import analyse, headlines

inputs, params, output = snakemake.input, snakemake.params, snakemake.output
keys = ["taught_in", "asked_in"]
factors = pl.read_csv(inputs.pairs)
if inputs.neurons:
    factors = with_shared_neurons(factors, pl.read_csv(inputs.neurons[0]).filter(set="top"))
cells = pl.read_csv(inputs.cells)
pairs = cells.select(*keys, "accuracy").join(factors, on=keys, how="inner", maintain_order="left")
scores = pl.concat([pl.read_parquet(path) for path in inputs.scores]) if inputs.scores else None
names = [name for name in FACTORS if name in factors.columns]
tables = analyse(pairs, names, scores, params.permutations, snakemake.threads, factors)
others = cells.filter(pl.col("taught_in") != pl.col("asked_in"))["any"]
if others.null_count() or others.n_unique() == 1:  # a published matrix has one number; where all is right nothing is explained
    again = {name: tables[name].clear() for name in ("correlation", "regression")}
else:
    in_any = pairs.drop("accuracy").join(cells.select(*keys, accuracy="any"), on=keys, how="left", maintain_order="left")
    again = headlines(in_any, names, params.permutations, snakemake.threads)
tables |= {f"{name}_any": table for name, table in again.items()}
for name, path in zip(params.tables, output, strict=True):
    tables[name].write_csv(path)
