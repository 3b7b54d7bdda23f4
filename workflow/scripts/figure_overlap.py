"""Draw which neurons languages share, and where they are."""

from isogloss import job

job.start(snakemake)

import polars as pl
from isogloss.figures.overlap import draw

from isogloss.languages import Language

inputs, params, output = snakemake.input, snakemake.params, snakemake.output
panels = [
    (labels | {"set": kind}, pl.read_csv(overlap).filter(set=kind), pl.read_csv(layers).filter(set=kind))
    for labels, overlap, layers in zip(params.panels, inputs.overlap, inputs.layers, strict=True)
    for kind in ("top", "lape")
]
draw(panels, [Language(**row) for row in params.languages], pdf=output[0], png=output[1], csv=output[2])
