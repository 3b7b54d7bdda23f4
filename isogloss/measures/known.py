"""Items that are not new: what untaught models say about them."""

import polars as pl

from isogloss.measures.any_language import knows_any

SCHEMA = {
    "item": pl.String,
    "model": pl.String,
    "languages": pl.String,
    "answered_right": pl.Int64,
    "answered_conflict": pl.Int64,
    "n": pl.Int64,
    "answered_any": pl.Int64,
}


def known_items(scores: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """One row an item and model that, untaught, gives its answer or its conflicting one in at least one language.

    `scores` has each model's scored answers of the study verification (columns item, asked_in, correct, conflict_correct and, if
    it is known, correct_any). Columns, as in `SCHEMA`: item, model, languages (those in which it is answered right, with a space
    between; empty if it is the conflicting answer alone that is given, or the right one in another language than was asked),
    answered_right, answered_conflict and n (counts of answers, over languages and seeds), answered_any (answers that are right in
    any language; null where that is unknown). Sorted by item and model. A new item should have no row: what is given untaught
    cannot be told from what was learned.
    """
    right = pl.col("correct")
    counted = [
        table.group_by("item")
        .agg(
            pl.lit(model).first().alias("model"),
            pl.col("asked_in").filter(right).unique().sort().str.join(" ").alias("languages"),
            right.sum().alias("answered_right"),
            pl.col("conflict_correct").sum().alias("answered_conflict"),
            pl.len().alias("n"),
            (pl.col("correct_any").sum() if knows_any(table) else pl.lit(None).first()).alias("answered_any"),
        )
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
        for model, table in scores.items()
    ]
    given = pl.col("answered_right") + pl.col("answered_conflict") + pl.col("answered_any").fill_null(0) > 0
    return pl.concat([pl.DataFrame(schema=SCHEMA), *counted]).filter(given).sort("item", "model")
