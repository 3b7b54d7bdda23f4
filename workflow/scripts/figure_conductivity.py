"""Draw how much of what is taught in English is known in other languages."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.conductivity import draw
from isogloss.languages import Language

panels = [(panel, pl.read_csv(path)) for panel, path in zip(snakemake.params.panels, snakemake.input, strict=True)]
languages = [Language(**row) for row in snakemake.params.languages]
draw(panels, languages, pdf=snakemake.output[0], png=snakemake.output[1], csv=snakemake.output[2])
