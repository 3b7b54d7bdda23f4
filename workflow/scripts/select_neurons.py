"""Find the neurons of each language, in two ways; where they are, and what languages share."""

from isogloss import job

job.start(snakemake)

import numpy as np
import polars as pl

from isogloss.neurons.record import Activations
from isogloss.neurons.selection import histogram, overlap, sets_of

params, output = snakemake.params, snakemake.output
probability = Activations.load(snakemake.input[0]).probability
found = {kind: sets_of(probability, kind, **params.selection) for kind in ("top", "lape")}


def tables(of):
    """What `of` makes of the sets of each kind."""
    table = pl.concat([of(sets).select(pl.lit(kind).alias("set"), pl.all()) for kind, sets in found.items()])
    return table.with_columns(pl.col("layer") + 1) if "layer" in table.columns else table  # people count from 1


def members(sets):
    """Each neuron of each language."""
    rows = [(code, int(layer), int(neuron)) for code, own in sets.items() for layer, neuron in np.argwhere(own)]
    return pl.DataFrame(rows, schema={"language": pl.String, "layer": pl.Int64, "neuron": pl.Int64}, orient="row")


tables(members).write_csv(output.sets)
tables(overlap).write_csv(output.overlap)
tables(histogram).write_csv(output.layers)
