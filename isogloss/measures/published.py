"""Transfer matrices that others published."""

from pathlib import Path

import polars as pl

from isogloss.measures.any_language import MAIN
from isogloss.measures.reading import READING, STATES

EMPTY = ["low", "high", *MAIN, "n", "unfinished", "untaught", "chance", "alike", "accuracy_alike", "accuracy_unlike", *READING]
EMPTY += ["untaught_any", *STATES, "strict"]


def read_matrix(path: str | Path, languages: list[str]) -> pl.DataFrame:
    """The cells of a published matrix (as `isogloss.measures.transfer.cells` has them, blank but for taught_in, asked_in and
    accuracy) in those of `languages` that it has.

    The table has a row a language taught, which the first column names (ISO 639-3), and a column a language asked; accuracy in
    percent if any is above 1, else 0..1. Raises ValueError with everything that is wrong.
    """
    try:
        table = pl.read_csv(path)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path}: cannot be read as csv ({error})") from None
    first, *asked = table.columns
    taught = table[first].cast(pl.String).fill_null("a blank").to_list()
    problems = [f"{code} has a row, but no column" for code in taught if code not in asked]
    problems += [f"{code} has a column, but no row" for code in asked if code not in taught]
    problems += [f"{code} has more than one row" for code in sorted({code for code in taught if taught.count(code) > 1})]
    for code in asked:
        numbers = table[code].cast(pl.Float64, strict=False)
        if numbers.null_count() or not numbers.is_between(0, 100).all():
            problems.append(f"column {code} has cells that are no numbers from 0 to 100")
    kept = [code for code in languages if code in taught]
    if len(kept) < 2:
        problems.append(f"of the languages in the config it has {', '.join(kept) or 'none'}, and needs two")
    if problems:
        raise ValueError("\n".join(f"{path}: {problem}" for problem in problems))
    long = table.rename({first: "taught_in"}).unpivot(index="taught_in", variable_name="asked_in", value_name="accuracy")
    percent = 100.0 if long["accuracy"].cast(pl.Float64).max() > 1 else 1.0
    order = pl.Enum(kept)
    return (
        long.filter(pl.col("taught_in").is_in(kept) & pl.col("asked_in").is_in(kept))
        .with_columns(
            pl.col("accuracy").cast(pl.Float64) / percent, *(pl.lit(None, dtype=pl.Float64).alias(name) for name in EMPTY)
        )
        .sort(pl.col("taught_in").cast(order), pl.col("asked_in").cast(order))
        .select("taught_in", "asked_in", "accuracy", *EMPTY)
    )


def margins(cells: pl.DataFrame) -> pl.DataFrame:
    """Means over the other languages, as `isogloss.measures.transfer.margins` has them, without intervals."""
    others = cells.filter(pl.col("taught_in") != pl.col("asked_in"))
    parts = [
        others.group_by(column, maintain_order=True)
        .agg(pl.col("accuracy").mean())
        .select(
            pl.col(column).alias("language"),
            pl.lit(direction).alias("direction"),
            "accuracy",
            *(pl.lit(None, dtype=pl.Float64).alias(name) for name in ("low", "high", *MAIN)),
        )
        for direction, column in (("taught", "taught_in"), ("asked", "asked_in"))
    ]
    return pl.concat(parts)
