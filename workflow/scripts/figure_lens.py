"""Draw in which layers the right answer can be read."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.lens import draw

output = snakemake.output
panels = [(labels, pl.read_csv(path)) for labels, path in zip(snakemake.params.panels, snakemake.input, strict=True)]
draw(panels, pdf=output[0], png=output[1], csv=output[2])
