"""Draw which neurons languages share, and where they are."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.figures.overlap import draw
from isogloss.languages import Language


def shared(path):
    """What the neurons of two languages have in common, as the figure wants it."""
    return pl.read_csv(path).select("set", pl.col("language").alias("one"), "other", pl.col("jaccard").alias("shared"))


inputs, params, output = snakemake.input, snakemake.params, snakemake.output
panels = [
    (labels | {"set": kind}, shared(overlap).filter(set=kind).drop("set"), pl.read_csv(layers).filter(set=kind).drop("set"))
    for labels, overlap, layers in zip(params.panels, inputs.overlap, inputs.layers, strict=True)
    for kind in ("top", "lape")
]
draw(panels, [Language(**row) for row in params.languages], pdf=output[0], png=output[1], csv=output[2])
