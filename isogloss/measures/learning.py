"""Learning curves: what is right after every epoch, asked in the language taught."""

import numpy as np
import polars as pl

from isogloss.languages import TIERS
from isogloss.measures.any_language import main, with_any
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means, resampling_weights
from isogloss.measures.reading import READING, reading
from isogloss.measures.transfer import correctness

SHARES = {"epochs_to_half": 0.5, "epochs_to_80_percent": 0.8}  # of a language's own best accuracy
NUMBERS = {"accuracy": "any"} | {name: f"any_{name}" for name in SHARES}  # and what they are called of any language
SECOND = {f"{name}{end}": f"{other}{end}" for name, other in NUMBERS.items() for end in ("", "_low", "_high")}


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
    within the class of the right answer), any, any_low, any_high (of answers that are right in any language), unread and
    unfinished_correct (see `isogloss.measures.reading.reading`)."""
    table = with_any(
        lambda scores, untaught: _curve(scores, untaught, languages, resamples, seed),
        scores,
        untaught,
        columns=main("accuracy"),
    )
    keys = ["language", "epoch"]
    parts = [
        part.group_by(pl.col("asked_in").alias("language"), "epoch").agg(reading(part)) for part in _epochs(scores, untaught)
    ]
    return table.join(pl.concat(parts), on=keys, how="left", maintain_order="left").select(table.columns + READING)


def _epochs(scores: pl.DataFrame, untaught: pl.DataFrame) -> list[pl.DataFrame]:
    """The answers of the untaught model as epoch 0, and those of the epochs."""
    return [untaught.with_columns(epoch=pl.lit(0, dtype=pl.Int64)), scores.with_columns(pl.col("epoch").cast(pl.Int64))]


def _curve(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `curve` but the second number and what could not be read."""
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


def epochs_until(accuracy: np.ndarray, epochs: list[int], share: float) -> np.ndarray:
    """Epochs until accuracy [epoch, ...] is first `share` of its maximum, interpolated linearly between epochs (0 is untaught).

    NaN where nothing is ever right, and everywhere if there are epochs of which nothing is known, as of models of which only
    the last is kept: a straight line to it would be a guess.
    """
    if epochs != list(range(len(epochs))):
        return np.full(accuracy.shape[1:], np.nan)
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
    with its interval (`..._low`, `..._high`; 95 %, items and seeds resampled); and the same of answers that are right in any
    language, called any, any_epochs_to_half and any_epochs_to_80_percent."""
    return with_any(
        lambda scores, untaught: _speed(scores, untaught, languages, resamples, seed), scores, untaught, columns=SECOND
    )


def _speed(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `speed` but those of the second numbers."""
    table = {"language": languages}
    for name, (value, sampled) in _numbers(scores, untaught, languages, resamples, np.random.default_rng(seed)).items():
        low, high = percentile_interval(sampled)
        table |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return pl.DataFrame(table).fill_nan(None)


def _numbers(
    scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, rng: np.random.Generator
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The numbers of `speed`: each [language], and resampled [resamples, language]."""
    values, epochs = by_epoch(scores, untaught, languages)
    samples = resampled_means(values, crossed_weights(values.shape[-2:], resamples, rng)).swapaxes(0, 1)
    mean = values.mean(axis=(-2, -1))
    shares = {name: (epochs_until(mean, epochs, share), epochs_until(samples, epochs, share)) for name, share in SHARES.items()}
    return {"accuracy": (mean[-1], samples[-1]), **shares}


def speed_by_tier(
    scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], tiers: dict[str, str], resamples: int, seed: int = 0
) -> pl.DataFrame:
    """One row a tier, and one with the low minus the high tier where both are there (tier `low-high`).

    Columns: tier, languages (their number; null for the difference), then means over them of the numbers of `speed`, with
    intervals for which items, seeds and, within each tier, languages are resampled. A language that never learns has no speed and
    is left out of its mean.
    """
    return with_any(
        lambda scores, untaught: _speed_by_tier(scores, untaught, languages, tiers, resamples, seed),
        scores,
        untaught,
        columns=SECOND,
    )


def _speed_by_tier(
    scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], tiers: dict[str, str], resamples: int, seed: int
) -> pl.DataFrame:
    """The columns of `speed_by_tier` but those of the second numbers."""
    rng = np.random.default_rng(seed)
    numbers = _numbers(scores, untaught, languages, resamples, rng)
    rows = {}
    for tier in TIERS:
        own = [i for i, language in enumerate(languages) if tiers[language] == tier]
        if own:
            drawn = resampling_weights(len(own), resamples, rng)
            means = {name: (_mean(value[own]), _mean(sampled[:, own], drawn)) for name, (value, sampled) in numbers.items()}
            rows[tier] = (len(own), means)
    if {"low", "high"} <= rows.keys():
        low, high = rows["low"][1], rows["high"][1]
        rows["low-high"] = (None, {name: tuple(a - b for a, b in zip(low[name], high[name], strict=True)) for name in low})
    table = []
    for tier, (count, means) in rows.items():
        row = {"tier": tier, "languages": count}
        for name, (value, sampled) in means.items():
            low, high = percentile_interval(sampled)
            row |= {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}
        table.append(row)
    return pl.DataFrame(table).fill_nan(None)


def _mean(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Weighted mean over the last axis of what is not NaN; NaN of nothing."""
    weights = np.isfinite(values) * (1.0 if weights is None else weights)
    total = weights.sum(axis=-1)
    return np.divide((np.nan_to_num(values) * weights).sum(axis=-1), total, out=np.full_like(total, np.nan), where=total > 0)
