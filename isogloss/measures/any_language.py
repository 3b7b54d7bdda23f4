"""The second number: right in any language in which the knowledge set is written, not in the one asked alone.

What lies between the two was known, and said in another language. A table made of both has one row for both: beside the number
of what is right in the language asked stands that of what is right in any, in columns whose names begin with `any`. It has the
same resamples, so the two are paired.
"""

from collections.abc import Callable

import polars as pl

COLUMNS = {"correct": "correct_any", "conflict_correct": "conflict_correct_any"}
MAIN = ("any", "any_low", "any_high")  # the second number of a table that has one number, and its interval


def knows_any(*scores: pl.DataFrame) -> bool:
    """Whether tables of scores say what is right in any language; those made elsewhere do not."""
    return all("correct_any" in table.columns and not table["correct_any"].null_count() for table in scores)


def in_any(scores: pl.DataFrame) -> pl.DataFrame:
    """Scores in which right is what is right in any language, and conflicting what is so in any."""
    return scores.with_columns(pl.col(other).alias(name) for name, other in COLUMNS.items() if other in scores.columns)


def with_any(make: Callable[..., pl.DataFrame], *scores: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    """The table that `make` makes of scores, and beside it `columns` of the one it makes of the same scores `in_any`, under the
    names that `columns` gives them; null where the scores do not know it. Both tables must have the same rows."""
    table = make(*scores)
    if not knows_any(*scores):
        return table.with_columns(pl.lit(None, dtype=table.schema[name]).alias(other) for name, other in columns.items())
    again = make(*map(in_any, scores))
    return table.with_columns(again[name].alias(other) for name, other in columns.items())


def main(number: str) -> dict[str, str]:
    """What the columns of a number and its interval `low` to `high` are called as the second number of their table."""
    return dict(zip((number, "low", "high"), MAIN, strict=True))
