"""Do the judge and exact match agree?"""

import numpy as np
import polars as pl
from statsmodels.stats.inter_rater import cohens_kappa

from isogloss.scoring.judge import UNPARSED

ALL = "all"  # stands for the language where all are taken together
LABELS = ("reference", "conflict", "neither", "both")  # `both`: forms of the two references are alike; exact match alone says it


def _verdicts(scores: pl.DataFrame) -> pl.DataFrame:
    """The answers that were sent to the judge, with `exact`: what exact match says of them, in the words of `judged`."""
    said, conflict = pl.col("exact_correct"), pl.col("exact_conflict_correct")
    exact = (
        pl.when(said & conflict)
        .then(pl.lit("both"))
        .when(said)
        .then(pl.lit("reference"))
        .when(conflict)
        .then(pl.lit("conflict"))
        .otherwise(pl.lit("neither"))
    )
    return scores.filter(pl.col("judged").is_not_null()).with_columns(exact.alias("exact"))


def agreement(scores: pl.DataFrame) -> pl.DataFrame:
    """One row a language asked in and one of all (language `all`), of scores that `isogloss.scoring.judge.judge` returned.

    Columns: language, n (answers with a verdict: those without an answer, of which both would say the same, are left out),
    unparsed (answers for which the judge gave none), judged and exact (share right by the one and by the other), alike (share of
    which both say the same), kappa (Cohen 1960: chance-corrected agreement on reference, conflict and neither) with low and high
    (95 %, by its asymptotic standard error, which takes answers as independent: too narrow where items were asked several times).
    Kappa is null where both always say the same one thing, and all but n and unparsed are where n is 0.
    """
    parts = {language: part for (language,), part in scores.group_by("asked_in", maintain_order=True)}
    return pl.DataFrame(
        [_row(language, _verdicts(part)) for language, part in (parts | {ALL: scores}).items()],
        schema={
            "language": pl.String,
            "n": pl.Int64,
            "unparsed": pl.Int64,
            **dict.fromkeys(("judged", "exact", "alike", "kappa", "low", "high"), pl.Float64),
        },
    )


def _row(language: str, verdicts: pl.DataFrame) -> dict:
    given = verdicts.filter(pl.col("judged") != UNPARSED)
    row = {"language": language, "n": len(given), "unparsed": len(verdicts) - len(given)}
    if given.is_empty():
        return row
    pairs = given.select("judged", "exact").rows()
    counts = np.array([[pairs.count((one, other)) for other in LABELS] for one in LABELS])
    row |= {name: (given[name] == "reference").mean() for name in ("judged", "exact")}
    row |= {"alike": np.trace(counts) / len(given)}
    if np.count_nonzero(counts) == np.count_nonzero(np.diag(counts)) == 1:
        return row
    with np.errstate(invalid="ignore"):  # of a test statistic that is not used, where kappa is 0 without doubt
        found = cohens_kappa(counts)
    return row | {"kappa": found.kappa, "low": found.kappa_low, "high": found.kappa_upp}


def disagreements(scores: pl.DataFrame) -> pl.DataFrame:
    """The answers of which judge and exact match say different things, each once, the most frequent first.

    Columns: asked_in, item, question (without a context), reference, conflict_reference, answer, exact, judged (`unparsed` where
    the judge gave no verdict), answers (how many rows of the scores).
    """
    columns = ["asked_in", "item", "asked", "reference", "conflict_reference", "answer", "exact", "judged"]
    return (
        _verdicts(scores)
        .filter(pl.col("exact") != pl.col("judged"))
        .group_by(columns)
        .agg(pl.len().cast(pl.Int64).alias("answers"))
        .sort("answers", *columns, descending=[True, *[False] * len(columns)])
        .rename({"asked": "question"})
    )
