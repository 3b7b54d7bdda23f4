"""Draw the factors of pairs of languages."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.factors import draw
from isogloss.languages import Language

params, output = snakemake.params, snakemake.output
panels = [({"model": model}, pl.read_csv(path)) for model, path in zip(params.models, snakemake.input, strict=True)]
draw(panels, [Language(**row) for row in params.languages], pdf=output[0], png=output[1], csv=output[2])
