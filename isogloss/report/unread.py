"""Answers that could not be read: how many of which, why, and what to do about it."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from isogloss.measures.transfer import UNREAD
from isogloss.report.wording import percent

# state of an answer: what it is, and what mends it
STATES = {
    "unfinished": ("were cut off", "write a greater max_new_tokens: under asking: of the model"),
    "unparsed": (
        "were blank, or a thought alone",
        "look at them in the column raw of results/scores.parquet; if the model thinks, write a greater max_new_tokens: under "
        "asking: of the model, else another prompts: there",
    ),
    "refused": ("were refused", "look at why in the log of the job that asked, and ask another model"),
}


def unread_sentence(scores: pl.DataFrame, names: dict[str, str]) -> str | None:
    """Of the scored answers of a study about one model, knowledge set and setting: how many could not be read, in which language
    asked most, why most of them, and what to do. None where it is no more than `UNREAD` of them in any language asked."""
    lost = scores.filter(pl.col("state").is_in(list(STATES)))
    shares = scores.group_by("asked_in").agg(pl.col("state").is_in(list(STATES)).mean()).sort("state", "asked_in")
    if shares.is_empty() or shares["state"][-1] <= UNREAD:
        return None
    code, most = shares.row(-1)
    counts = {state: (lost["state"] == state).sum() for state in STATES}
    state = max(counts, key=counts.get)
    what, todo = STATES[state]
    return (
        f"{percent(len(lost) / len(scores))} of the answers could not be read and count as wrong, most where {names[code]} is "
        f"asked ({percent(most)}): {counts[state]:,} of {len(scores):,} {what}. What to do: {todo}."
    )


def last_line(tables: Iterable[tuple[dict[str, str], str]]) -> str | None:
    """What people should know of a run when it ends: how many of its answers could not be read, where most, and what to do.

    `tables` are what a table is about (model, knowledge, setting) and its CSV, of cells or of accuracy by language. What is not
    there, or cannot be read as such a table, as after a run that failed, is passed over. None where no row of a table has more
    than `UNREAD` of its answers unread.
    """
    rows = [(about, row) for about, path in tables for row in _rows(path)]
    if not any(row["unread"] > UNREAD for _, row in rows):
        return None
    answers, lost = sum(row["n"] for _, row in rows), sum(row["n"] * row["unread"] for _, row in rows)
    about, worst = max(rows, key=lambda found: found[1]["unread"])
    return (
        f"{lost:,.0f} of {answers:,} answers could not be read and count as wrong, most of {', '.join(about.values())}, asked "
        f"in {worst['asked_in']} ({percent(worst['unread'])}). What to do: if they were cut off, write a greater max_new_tokens: "
        "under asking: of the model; what was said stands in results/report.html and in the column raw of results/scores.parquet."
    )


def _rows(path: str) -> list[dict]:
    """The rows of a table in which answers were counted: asked_in, n, unread."""
    try:
        table = pl.read_csv(path) if Path(path).is_file() else pl.DataFrame()
        if not {"n", "unread"} <= set(table.columns):
            return []
        asked = "asked_in" if "asked_in" in table.columns else "language"
        known = table.select(pl.col(asked).alias("asked_in"), pl.col("n").cast(pl.Int64), pl.col("unread").cast(pl.Float64))
    except (OSError, pl.exceptions.PolarsError):
        return []
    return known.drop_nulls().to_dicts()
