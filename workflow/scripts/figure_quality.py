"""Draw how well a knowledge set is translated."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.quality import draw
from isogloss.languages import Language

params, output = snakemake.params, snakemake.output
languages = [Language(**row) for row in params.languages]
draw(pl.read_csv(snakemake.input[0]), languages, params.made, pdf=output[0], png=output[1], csv=output[2])
