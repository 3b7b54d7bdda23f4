"""Answers that could not be read: how many, of whom, and what to do about it."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from isogloss.measures.conflict import ALL
from isogloss.measures.reading import STATES, UNREAD, reading, states, unread_note


def note(table: pl.DataFrame, names: dict[str, str] | None = None) -> str | None:
    """What `isogloss.measures.reading.unread_note` says of a table; None of one that does not know, as of older ones."""
    return unread_note(table, names) if "unread" in table.columns else None


def unread_sentence(scores: pl.DataFrame, names: dict[str, str]) -> str | None:
    """The same of the scored answers of a study about one model, knowledge set and setting, by language asked."""
    by_language = scores.group_by("asked_in", maintain_order=True).agg(pl.len().alias("n"), *reading(scores), *states())
    return note(by_language, names)


def last_line(tables: Iterable[tuple[dict[str, str], str]]) -> str | None:
    """What people should know of a run when it ends: how many of its answers could not be read, of whom most, and what to do.

    `tables` are what a table is about (model, knowledge, setting) and its CSV, which counts answers by language. What is not
    there, or cannot be read as such a table, as after a run that failed, is passed over. None where no row of a table has more
    than `UNREAD` of its answers unread.
    """
    known = [(about, table) for about, path in tables if (table := _read(path)) is not None]
    if not any((table["unread"] > UNREAD).any() for _, table in known):
        return None
    answers = sum(table["n"].sum() for _, table in known)
    lost = sum((table["n"] * table["unread"]).sum() for _, table in known)
    about, worst = max(known, key=lambda found: (found[1]["unread"].max() > UNREAD, found[1]["unread"].mean()))
    return f"{lost:,.0f} of {answers:,} answers of this run could not be read. Most of {', '.join(about.values())}: {note(worst)}"


def _read(path: str) -> pl.DataFrame | None:
    """The rows of a table in which answers were counted; None if there are none."""
    numbers = ("n", "unread", *STATES)
    try:
        table = pl.read_csv(path) if Path(path).is_file() else pl.DataFrame()
        if not {*numbers} <= {*table.columns} or not {"asked_in", "language"} & {*table.columns}:
            return None
        table = table.with_columns(pl.col(name).cast(pl.Float64 if name == "unread" else pl.Int64) for name in numbers)
    except (OSError, pl.exceptions.PolarsError):
        return None
    table = table.drop_nulls(numbers)
    if "epoch" in table.columns:
        table = table.filter(
            pl.col("epoch") == pl.col("epoch").max()
        )  # the earlier ones ask the same, and 0 is the untaught model
    if "asked_in" in table.columns:
        table = table.filter(pl.col("asked_in") != ALL)  # whose answers the other rows have
    return None if table.is_empty() else table
