"""Draw what explains transfer."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.explanation import TABLES, draw
from isogloss.languages import Language

params, output = snakemake.params, snakemake.output
folders = [Path(path).parent for path in snakemake.input]
panels = [
    (panel, {name: pl.read_csv(folder / f"{name}.csv") for name in TABLES})
    for panel, folder in zip(params.panels, folders, strict=True)
]
draw(panels, [Language(**row) for row in params.languages], pdf=output[0], png=output[1], csv=output[2])
