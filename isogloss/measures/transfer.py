"""The transfer matrix: how much of what was taught in one language is answered in another."""

import numpy as np
import polars as pl

from isogloss.measures.any_language import MAIN, main, with_any
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means, resampling_weights
from isogloss.measures.reading import READING, STATES, reading, states, strict


def correctness(scores: pl.DataFrame, languages: list[str], rows: str | None) -> tuple[np.ndarray, list[str]]:
    """Which answers are right: [taught, asked, item, seed] (or [asked, item, seed] if `rows` is None), and the items' order.

    Raises ValueError if a cell lacks an item, naming the first.
    """
    items, seeds = (sorted(scores[key].unique().to_list()) for key in ("item", "seed"))
    axes = {**({rows: languages} if rows else {}), "asked_in": languages, "item": items, "seed": seeds}
    values = np.full([len(names) for names in axes.values()], np.nan)
    index = tuple(scores[key].replace_strict({name: i for i, name in enumerate(names)}) for key, names in axes.items())
    values[index] = scores["correct"].cast(pl.Float64)
    if np.isnan(values).any():
        missing = np.argwhere(np.isnan(values))[0]
        named = [str(names[i]) for names, i in zip(axes.values(), missing, strict=True)]
        raise ValueError(
            f"no answer for {' / '.join(named[:-1])} (seed {named[-1]}); delete that lesson's score file and run again"
        )
    return values, items


def cells(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """One row a cell of the matrix, in the order of `languages`.

    Columns: taught_in, asked_in, accuracy with its 95 % interval low..high (items and seeds resampled), any, any_low, any_high
    (the same of answers that are right in any language; null where that is unknown), n (answers), unfinished (answers in another
    state than `answered`, which count as wrong), untaught (accuracy of the untaught model on the same exam), chance (of a guess
    within the class of the right answer), alike (share of items whose answer is spelled alike in both languages), accuracy_alike
    and accuracy_unlike (accuracy on those items and on the rest; null where there are none), unread and unfinished_correct (see
    `reading`), untaught_any (as untaught, in any language) and how many answers were in each state that cannot be read
    (state_unfinished, state_unparsed, state_refused), and strict (see there).
    """
    table = with_any(
        lambda scores, untaught: _cells(scores, untaught, languages, resamples, seed),
        scores,
        untaught,
        columns=main("accuracy") | {"untaught": "untaught_any"},
    )
    order = ["taught_in", "asked_in", "accuracy", "low", "high", *MAIN, "n", "unfinished", "untaught", "chance"]
    return table.select(*order, "alike", "accuracy_alike", "accuracy_unlike", *READING, "untaught_any", *STATES, "strict")


def _cells(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `cells`, in another order, but those of the second number."""
    taught, items = correctness(scores, languages, "taught_in")
    before, untaught_items = correctness(untaught, languages, None)
    if items != untaught_items:
        raise ValueError("the untaught model was asked other items; delete its score file and run again")
    weights = crossed_weights(taught.shape[-2:], resamples, np.random.default_rng(seed))
    low, high = percentile_interval(resampled_means(taught, weights))
    counts = scores.group_by("taught_in", "asked_in").agg(
        pl.len().alias("n"),
        (pl.col("state") != "answered").sum().alias("unfinished"),
        pl.col("chance", "alike").mean(),
        pl.col("correct").filter(pl.col("alike")).mean().alias("accuracy_alike"),
        pl.col("correct").filter(~pl.col("alike")).mean().alias("accuracy_unlike"),
        *reading(scores),
        *states(),
        strict(scores),
    )
    size = len(languages)
    table = pl.DataFrame(
        {
            "taught_in": [a for a in languages for _ in languages],
            "asked_in": languages * size,
            "accuracy": taught.mean(axis=(-2, -1)).flatten(),
            "low": low.flatten(),
            "high": high.flatten(),
            "untaught": np.tile(before.mean(axis=(-2, -1)), size),
        }
    )
    return table.join(counts, on=["taught_in", "asked_in"], how="left", maintain_order="left")


def matrix(table: pl.DataFrame, values: str = "accuracy") -> pl.DataFrame:
    """The square matrix of accuracies (0..1), or of another column of `cells`: taught_in, then one column a language."""
    return table.pivot(on="asked_in", index="taught_in", values=values, maintain_order=True)


def margins(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """Means over the other languages, with 95 % intervals that resample items, seeds and partner languages (crossed).

    Columns: language, direction (`taught`: taught in it, asked in the others; `asked`: asked in it, taught in the others),
    accuracy, low, high, and any, any_low, any_high (of answers that are right in any language).
    """
    return with_any(lambda scores: _margins(scores, languages, resamples, seed), scores, columns=main("accuracy"))


def _margins(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `margins` but those of the second number."""
    taught, _ = correctness(scores, languages, "taught_in")
    size = len(languages)
    rng = np.random.default_rng(seed)
    sampled = resampled_means(taught, crossed_weights(taught.shape[-2:], resamples, rng))
    others = ~np.eye(size, dtype=bool)
    partner_weights = resampling_weights(size, resamples, rng)[:, None, :] * others
    totals = partner_weights.sum(axis=-1)
    means = taught.mean(axis=(-2, -1))
    rows = []
    for direction, square, squares in (("taught", means, sampled), ("asked", means.T, sampled.swapaxes(1, 2))):
        # a resample that drew no other language has no mean
        drawn = np.divide((squares * partner_weights).sum(axis=-1), totals, out=np.full_like(totals, np.nan), where=totals > 0)
        low, high = percentile_interval(drawn)
        mean = (square * others).sum(axis=-1) / (size - 1)
        rows += [
            {"language": language, "direction": direction, "accuracy": mean[i], "low": low[i], "high": high[i]}
            for i, language in enumerate(languages)
        ]
    return pl.DataFrame(rows)


def accuracy_by_language(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """Accuracy of each exam language: language, accuracy, low, high (items and seeds resampled), any, any_low, any_high, n,
    unfinished, chance, unread, unfinished_correct, the numbers of states and strict, as in `cells`."""
    table = with_any(lambda scores: _by_language(scores, languages, resamples, seed), scores, columns=main("accuracy"))
    return table.select("language", "accuracy", "low", "high", *MAIN, "n", "unfinished", "chance", *READING, *STATES, "strict")


def _by_language(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    values, _ = correctness(scores, languages, None)
    weights = crossed_weights(values.shape[-2:], resamples, np.random.default_rng(seed))
    low, high = percentile_interval(resampled_means(values, weights))
    counts = scores.group_by("asked_in").agg(
        pl.len().alias("n"),
        (pl.col("state") != "answered").sum().alias("unfinished"),
        pl.col("chance").mean(),
        *reading(scores),
        *states(),
        strict(scores),
    )
    table = pl.DataFrame({"language": languages, "accuracy": values.mean(axis=(-2, -1)), "low": low, "high": high})
    return table.join(counts, left_on="language", right_on="asked_in", how="left", maintain_order="left")
