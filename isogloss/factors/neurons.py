"""Neurons that two languages share, as a factor of pairs."""

import polars as pl

from isogloss.factors.shares import KEYS

COLUMN = "shared_neurons"


def with_shared_neurons(pairs: pl.DataFrame, overlap: pl.DataFrame) -> pl.DataFrame:
    """A table of ordered pairs with a column `shared_neurons`: the Jaccard index (0..1) of the neurons of both languages.

    `overlap` has columns language, other and jaccard, a row a pair in either order or in both; pairs that it lacks are blank.
    Raises ValueError for a column that is missing, and for pairs whose two rows differ.
    """
    if missing := [name for name in ("language", "other", "jaccard") if name not in overlap.columns]:
        raise ValueError(f"the table of neurons has no column {', '.join(missing)}; it has {', '.join(overlap.columns)}")
    one_way = overlap.select(pl.col("language").alias(KEYS[0]), pl.col("other").alias(KEYS[1]), pl.col("jaccard").alias(COLUMN))
    other_way = one_way.select(pl.col(KEYS[1]).alias(KEYS[0]), pl.col(KEYS[0]).alias(KEYS[1]), COLUMN)
    both = (
        pl.concat([one_way, other_way])
        .group_by(KEYS, maintain_order=True)
        .agg(pl.col(COLUMN).first(), (pl.col(COLUMN).max() - pl.col(COLUMN).min()).alias("gap"))
    )
    if unequal := both.filter(pl.col("gap") > 1e-9).select(KEYS).rows():
        raise ValueError(f"two numbers for {', '.join(f'{a} and {b}' for a, b in unequal)}; an overlap has no direction")
    return pairs.join(both.drop("gap"), on=KEYS, how="left", maintain_order="left")
