"""Learning curves: what is right after every epoch, asked in the language taught."""

import numpy as np
import polars as pl

from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means
from isogloss.measures.transfer import correctness

SHARES = {"epochs_to_half": 0.5, "epochs_to_80_percent": 0.8}  # of a language's own best accuracy


def by_epoch(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str]) -> tuple[np.ndarray, list[int]]:
    """Which answers are right, [epoch, language, item, seed], and the epochs; epoch 0 is the untaught model, whatever the seed.

    Raises ValueError if an epoch lacks an answer or the untaught model was asked other items.
    """
    epochs = sorted(scores["epoch"].unique().to_list())
    tables = [untaught, *(scores.filter(pl.col("epoch") == epoch) for epoch in epochs)]
    values, items = zip(*(correctness(table, languages, None) for table in tables), strict=True)
    if any(found != items[0] for found in items):
        raise ValueError("not every epoch was asked the same items; delete the score files of these lessons and run again")
    return np.stack(np.broadcast_arrays(*values)), [0, *epochs]


def curve(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """One row a language and epoch: language, epoch, accuracy, low, high (95 %, items and seeds resampled), chance (of a guess
    within the class of the right answer)."""
    values, epochs = by_epoch(scores, untaught, languages)
    weights = crossed_weights(values.shape[-2:], resamples, np.random.default_rng(seed))
    low, high = percentile_interval(resampled_means(values, weights))
    mean, chance = values.mean(axis=(-2, -1)), untaught["chance"].mean()  # items are the same in every language, and so is chance
    return pl.DataFrame(
        [
            {
                "language": language,
                "epoch": epoch,
                "accuracy": mean[e, i],
                "low": low[e, i],
                "high": high[e, i],
                "chance": chance,
            }
            for i, language in enumerate(languages)
            for e, epoch in enumerate(epochs)
        ]
    )


def epochs_until(accuracy: np.ndarray, share: float) -> np.ndarray:
    """Epochs until accuracy [epoch, ...] is first `share` of its maximum, interpolated linearly between epochs (0 is untaught).

    Where nothing is ever right the result is NaN.
    """
    best = accuracy.max(axis=0)
    reached = accuracy >= share * best
    first = reached.argmax(axis=0)
    after = np.take_along_axis(accuracy, first[None], axis=0)[0]
    before = np.take_along_axis(accuracy, np.maximum(first - 1, 0)[None], axis=0)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.where(first > 0, first - 1 + (share * best - before) / (after - before), 0.0)
    return np.where(best > 0, between, np.nan)


def speed(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """One row a language: language, accuracy after the last epoch, epochs_to_half and epochs_to_80_percent of its own best, each
    with its interval (`..._low`, `..._high`; 95 %, items and seeds resampled)."""
    values, _ = by_epoch(scores, untaught, languages)
    weights = crossed_weights(values.shape[-2:], resamples, np.random.default_rng(seed))
    samples = resampled_means(values, weights).swapaxes(0, 1)
    mean = values.mean(axis=(-2, -1))
    columns = {"accuracy": (mean[-1], samples[-1])}
    columns |= {name: (epochs_until(mean, share), epochs_until(samples, share)) for name, share in SHARES.items()}
    table = {"language": languages}
    for name, (value, sampled) in columns.items():
        low, high = percentile_interval(sampled)
        table |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return pl.DataFrame(table).fill_nan(None)
