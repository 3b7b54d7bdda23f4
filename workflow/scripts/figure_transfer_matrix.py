"""Draw the transfer matrices."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.transfer_matrix import draw
from isogloss.languages import Language

panels = [
    (panel, pl.read_csv(cells), pl.read_csv(margins))
    for panel, cells, margins in zip(snakemake.params.panels, snakemake.input.cells, snakemake.input.margins, strict=True)
]
languages = [Language(**row) for row in snakemake.params.languages]
draw(panels, languages, pdf=snakemake.output[0], png=snakemake.output[1], csv=snakemake.output[2])
