"""Rank correlation of accuracy with one factor at a time."""

import numpy as np
import polars as pl
from scipy import stats
from statsmodels.stats.multitest import multipletests

from isogloss.measures.intervals import LEVEL
from isogloss.statistics.mantel import mantel
from isogloss.statistics.pairs import SIDES, Dyads, Study

CORRECTIONS = {"holm": "holm", "bh": "fdr_bh"}


def corrected(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """Adds `{column}_holm` (Holm 1979) and `{column}_bh` (Benjamini & Hochberg 1995) over all rows; blank rows stay blank and do
    not count as tests."""
    known = np.flatnonzero(table[column].is_not_null().to_numpy())
    added = []
    for ending, method in CORRECTIONS.items():
        values: list[float | None] = [None] * len(table)
        if len(known):
            for row, value in zip(known, multipletests(table[column].to_numpy()[known], method=method)[1], strict=True):
                values[row] = float(value)
        added.append(pl.Series(f"{column}_{ending}", values, dtype=pl.Float64))
    return table.with_columns(added)


def correlations(study: Study, permutations: int = 2000, seed: int = 0) -> pl.DataFrame:
    """One row a factor: with symmetrised pairs, or, for factors of one side of a pair, with both directions.

    Columns: factor, pairs (`symmetrised` or `directed`), rho (Spearman), n (rows), low, high (95 %, one language left out at a
    time: jackknife with Student's t, cut at -1 and 1), p (as paper A has it: pairs taken as independent, so too small), p_holm,
    p_bh, p_permuted (languages permuted: Mantel's test of ranks), p_permuted_holm, p_permuted_bh. Corrections count all factors.
    """
    rows = []
    for dyads, label in ((study.symmetric, "symmetrised"), (study.directed, "directed")):
        for j, name in enumerate(dyads.names):
            if label == "symmetrised" or name.endswith(SIDES):
                rows.append({"factor": name, "pairs": label, **_row(dyads, j, permutations, seed)})
    return corrected(corrected(pl.DataFrame(rows), "p"), "p_permuted")


def _row(dyads: Dyads, j: int, permutations: int, seed: int) -> dict:
    factor, size = dyads.features[:, j], len(dyads.languages)
    whole = stats.spearmanr(factor, dyads.outcome)
    kept = [~dyads.touching(language) for language in range(size)]
    # without a language a factor of few values may become constant; then nothing is known of that language's weight
    left = np.array([_rho(factor[keep], dyads.outcome[keep]) for keep in kept])
    se = np.sqrt((size - 1) / size * np.sum((left - left.mean()) ** 2))
    half = stats.t.ppf((1 + LEVEL) / 2, size - 1) * se
    ranks = (dyads.square(stats.rankdata(values)) for values in (factor, dyads.outcome))
    return {
        "rho": float(whole.statistic),
        "n": len(dyads),
        "low": max(-1.0, float(whole.statistic - half)) if np.isfinite(half) else None,
        "high": min(1.0, float(whole.statistic + half)) if np.isfinite(half) else None,
        "p": float(whole.pvalue),
        "p_permuted": mantel(*ranks, permutations, seed=seed)[1],
    }


def _rho(one: np.ndarray, other: np.ndarray) -> float:
    if min(np.ptp(one), np.ptp(other)) == 0:
        return float("nan")
    return float(np.corrcoef(stats.rankdata(one), stats.rankdata(other))[0, 1])
