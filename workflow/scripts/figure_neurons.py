"""Draw what becomes of transfer where neurons work differently."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.neurons import TABLES, draw
from isogloss.languages import Language

inputs, params, output = snakemake.input, snakemake.params, snakemake.output
files = {name: getattr(inputs, name) for name in TABLES}
panels = [
    (labels, {name: pl.read_csv(paths[number]) for name, paths in files.items()}) for number, labels in enumerate(params.panels)
]
draw(panels, [Language(**row) for row in params.languages], pdf=output[0], png=output[1], csv=output[2])
