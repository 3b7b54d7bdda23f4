"""Are two languages different? Paired tests over the same items, corrected for their number."""

import itertools

import numpy as np
import polars as pl
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests

from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means
from isogloss.measures.transfer import correctness


def comparisons(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """One row a pair of languages asked.

    Columns: one, other, difference (accuracy of one minus that of the other) with low and high (95 %, items and seeds resampled),
    better and worse (items that one answers better or worse than the other, over all seeds), p (two-sided exact sign test on
    those, which is McNemar's exact test where there is one seed), p_holm (Holm 1979, over all pairs of the table).
    """
    values, _ = correctness(scores, languages, None)
    weights = crossed_weights(values.shape[-2:], resamples, np.random.default_rng(seed))
    rows = []
    for one, other in itertools.combinations(range(len(languages)), 2):
        difference = values[one] - values[other]
        signs = np.sign(difference.sum(axis=-1))
        better, worse = int((signs > 0).sum()), int((signs < 0).sum())
        low, high = percentile_interval(resampled_means(difference, weights))
        rows.append(
            {
                "one": languages[one],
                "other": languages[other],
                "difference": difference.mean(),
                "low": float(low),
                "high": float(high),
                "better": better,
                "worse": worse,
                "p": binomtest(better, better + worse).pvalue if better + worse else 1.0,
            }
        )
    table = pl.DataFrame(rows)
    return table.with_columns(p_holm=pl.Series(multipletests(table["p"].to_numpy(), method="holm")[1]))
