"""What explains transfer in all models together."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.factors.columns import FACTORS
from isogloss.statistics.pairs import KEYS
from isogloss.statistics.pooled import analyse_pooled

inputs, params, output = snakemake.input, snakemake.params, snakemake.output
factors = [pl.read_csv(path) for path in inputs.pairs]
tables = [
    pl.read_csv(cells).select(*KEYS, "accuracy").join(own, on=KEYS, how="inner", maintain_order="left")
    for cells, own in zip(inputs.cells, factors, strict=True)
]
names = [name for name in FACTORS if any(name in own.columns for own in factors)]
found = analyse_pooled(tables, params.panels, names, params.permutations, snakemake.threads, factors[0])
for name, path in zip(params.tables, output, strict=True):
    found[name].write_csv(path)
