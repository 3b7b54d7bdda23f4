"""What explains a transfer matrix: correlations, regressions under several protocols, predictions of languages not measured."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.factors.columns import FACTORS
from isogloss.factors.neurons import with_shared_neurons
from isogloss.statistics.analysis import analyse

inputs, params, output = snakemake.input, snakemake.params, snakemake.output
keys = ["taught_in", "asked_in"]
factors = pl.read_csv(inputs.pairs)
if inputs.neurons:
    factors = with_shared_neurons(factors, pl.read_csv(inputs.neurons[0]).filter(set="top"))
pairs = pl.read_csv(inputs.cells).select(*keys, "accuracy").join(factors, on=keys, how="inner", maintain_order="left")
scores = pl.concat([pl.read_parquet(path) for path in inputs.scores]) if inputs.scores else None
names = [name for name in FACTORS if name in factors.columns]
tables = analyse(pairs, names, scores, params.permutations, snakemake.threads, factors)
for name, path in zip(params.tables, output, strict=True):
    tables[name].write_csv(path)
