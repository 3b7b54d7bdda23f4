"""Draw performance and consistency."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.alignment import draw
from isogloss.measures.clika import LANGUAGES

output = snakemake.output
names = dict(LANGUAGES.values()) | snakemake.params.names | {"others": "mean of others"}
draw(pl.read_csv(snakemake.input[0]), names, pdf=output[0], png=output[1], csv=output[2])
