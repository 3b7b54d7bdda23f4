"""Robustness: what is left of known answers after wrong ones were taught."""

import numpy as np
import polars as pl

from isogloss.measures.any_language import main, with_any
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means
from isogloss.measures.reading import READING, STATES, reading, states
from isogloss.measures.transfer import correctness

SECOND = main("accuracy") | {name: f"any_{name}" for name in ("followed", "kept", "kept_low", "kept_high")}


def resistance(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """One row a language and epoch of wrong lessons (epoch 0: the untaught model, or in a context the only one).

    Columns: language, epoch, accuracy, followed (share of answers that are the wrong one taught), kept (accuracy as a share of
    the untaught model's; null where that is 0), each of accuracy and kept with its interval (`low`, `high`, `kept_low`,
    `kept_high`; 95 %, items and seeds resampled); and the same of answers that are right, or the wrong one, in any language:
    any, any_low, any_high, any_followed, any_kept, any_kept_low and any_kept_high; then n (answers), unread and
    unfinished_correct (see `isogloss.measures.reading.reading`) and the numbers of answers in each state that cannot be read.
    """
    table = with_any(
        lambda scores, untaught: _resistance(scores, untaught, languages, resamples, seed), scores, untaught, columns=SECOND
    )
    read = ["n", *READING, *STATES]
    return table.select(pl.exclude(read), *read)


def _resistance(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `resistance` but those of the second numbers."""
    before, items = correctness(untaught, languages, None)
    weights = crossed_weights((len(items), scores["seed"].n_unique()), resamples, np.random.default_rng(seed))
    base, sampled_base = before.mean(axis=(-2, -1)), resampled_means(before.mean(axis=-1), weights.sum(axis=-1))
    tables = [(epoch, scores.filter(epoch=epoch)) for epoch in sorted(scores["epoch"].unique().to_list())]
    if 0 not in dict(tables):
        tables.insert(0, (0, untaught))
    rows = []
    for epoch, table in tables:
        values, found = correctness(table, languages, None)
        if found != items:
            raise ValueError(f"epoch {epoch} was asked other items than the untaught model; delete its score file and run again")
        mean = values.mean(axis=(-2, -1))
        sampled = sampled_base if table is untaught else resampled_means(values, weights)
        (low, high), kept = percentile_interval(sampled), _ratio(mean, base)
        kept_low, kept_high = percentile_interval(_ratio(sampled, sampled_base))
        counted = {row["asked_in"]: row for row in table.group_by("asked_in").agg(*_counted(table)).iter_rows(named=True)}
        for i, language in enumerate(languages):
            rows.append(
                {
                    "language": language,
                    "epoch": epoch,
                    "accuracy": mean[i],
                    "low": low[i],
                    "high": high[i],
                    "kept": kept[i],
                    "kept_low": kept_low[i],
                    "kept_high": kept_high[i],
                    **{name: value for name, value in counted[language].items() if name != "asked_in"},
                }
            )
    return (
        pl.DataFrame(rows)
        .fill_nan(None)
        .sort(pl.col("language").replace_strict({c: i for i, c in enumerate(languages)}), "epoch")
    )


def _counted(scores: pl.DataFrame) -> list[pl.Expr]:
    """What to aggregate of the answers in a language."""
    return [pl.col("conflict_correct").mean().alias("followed"), pl.len().alias("n"), *reading(scores), *states()]


def _ratio(value: np.ndarray, base: np.ndarray) -> np.ndarray:
    return np.divide(value, base, out=np.full_like(value, np.nan), where=base > 0)
