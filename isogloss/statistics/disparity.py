"""Which languages does a model serve well? Outcomes per language against what is known of the language."""

import numpy as np
import polars as pl
from scipy import stats

from isogloss.measures.intervals import LEVEL
from isogloss.statistics.spearman import corrected

OUTCOMES = ("effectiveness", "robustness_fine_tuning", "robustness_in_context")
FEWEST = 4  # languages


def outcomes(
    curve: pl.DataFrame | None = None, fine_tuned: pl.DataFrame | None = None, in_context: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The three outcomes of paper A, of the measures there are: language, effectiveness, robustness_fine_tuning,
    robustness_in_context.

    From a learning curve (accuracy of the last epoch), resistance after fine-tuning (accuracy averaged over the epochs after
    wrong lessons) and resistance in context (accuracy as a share of the untaught model's). A language that one of them lacks is
    blank there.
    """
    parts = []
    if curve is not None:
        parts.append(
            curve.filter(pl.col("epoch") == pl.col("epoch").max()).select("language", pl.col("accuracy").alias(OUTCOMES[0]))
        )
    if fine_tuned is not None:
        taught = fine_tuned.filter(pl.col("epoch") > 0)
        parts.append(taught.group_by("language", maintain_order=True).agg(pl.col("accuracy").mean().alias(OUTCOMES[1])))
    if in_context is not None:
        last = in_context.filter(pl.col("epoch") == pl.col("epoch").max())
        parts.append(last.select("language", pl.col("kept").alias(OUTCOMES[2])))
    if not parts:
        raise ValueError("no measure to take outcomes from; give a learning curve or a table of resistance")
    table = parts[0]
    for part in parts[1:]:
        table = table.join(part, on="language", how="full", coalesce=True, maintain_order="left_right")
    return table


def disparity(table: pl.DataFrame, factors: list[str]) -> pl.DataFrame:
    """Spearman's correlation of each outcome in `table` with each factor, a column each, over languages (one row each).

    Columns: outcome, factor, rho, n (languages that have both), low, high (95 %, Fisher's z with the standard error of Bonett &
    Wright 2000), p (t approximation), p_holm, p_bh (over all rows), note (why there is no rho: fewer than 4 languages, or no
    differences).
    """
    rows = []
    for outcome in (name for name in OUTCOMES if name in table.columns):
        for factor in factors:
            known = table.select(pl.col(outcome, factor).cast(pl.Float64)).fill_nan(None).drop_nulls()
            rows.append({"outcome": outcome, "factor": factor, "n": len(known), **_correlation(*known.to_numpy().T)})
    schema = {"outcome": pl.String, "factor": pl.String, "rho": pl.Float64, "n": pl.Int64}
    schema |= {"low": pl.Float64, "high": pl.Float64, "p": pl.Float64, "note": pl.String}
    return corrected(pl.DataFrame(rows, schema=schema), "p")


def _correlation(outcome: np.ndarray, factor: np.ndarray) -> dict:
    if len(outcome) < FEWEST:
        return {"note": f"fewer than {FEWEST} languages"}
    if min(np.ptp(outcome), np.ptp(factor)) == 0:
        return {"note": "the same for all languages"}
    rho, p = stats.spearmanr(outcome, factor)
    half = stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt((1 + rho**2 / 2) / (len(outcome) - 3))
    with np.errstate(divide="ignore"):  # a rho of 1 has an infinite z, and so an interval of 1 to 1
        low, high = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return {"rho": float(rho), "low": float(low), "high": float(high), "p": float(p), "note": ""}
