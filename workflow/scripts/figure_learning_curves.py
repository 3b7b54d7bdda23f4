"""Draw the learning curves."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.learning_curves import draw
from isogloss.languages import Language

panels = [
    (panel, pl.read_csv(curve), pl.read_csv(speed))
    for panel, curve, speed in zip(snakemake.params.panels, snakemake.input.curves, snakemake.input.speeds, strict=True)
]
languages = [Language(**row) for row in snakemake.params.languages]
draw(panels, languages, pdf=snakemake.output[0], png=snakemake.output[1], csv=snakemake.output[2])
