"""Draw transfer from tier to tier."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.tiers import draw
from isogloss.languages import Language

panels = [
    (panel, pl.read_csv(means), pl.read_csv(cells))
    for panel, means, cells in zip(snakemake.params.panels, snakemake.input.means, snakemake.input.cells, strict=True)
]
languages = [Language(**row) for row in snakemake.params.languages]
draw(panels, languages, pdf=snakemake.output[0], png=snakemake.output[1], csv=snakemake.output[2])
