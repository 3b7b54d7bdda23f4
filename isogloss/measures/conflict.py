"""Prioritization: two languages taught contradictory answers; whose is given when a third language is asked?"""

import numpy as np
import polars as pl
from scipy.optimize import minimize

from isogloss.measures.any_language import main, with_any
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means, resampling_weights
from isogloss.measures.reading import reading, states

RIDGE = 0.01  # keeps the strength of a language that always wins finite
ALL = "all"  # every language asked
SECOND = main("preference") | {name: f"any_{name}" for name in ("follows_first", "follows_second", "neither")}


def verdicts(scores: pl.DataFrame) -> pl.DataFrame:
    """Whom each answer follows.

    Columns: lesson, first, second (the languages taught), asked_in, item, seed, follows_first and follows_second (0 or 1; an
    answer that is right by both, half each), first_has_answer (whether the first was taught the answer, not the conflicting
    one), and earlier_followed: whether the version that came first in the context was followed (null without one, or if not one
    was).
    """
    names = pl.col("lesson").str.split("+")
    first, second = names.list.get(0), names.list.get(1)
    has_answer = pl.col("true_in") == first
    one = pl.when(has_answer).then("correct").otherwise("conflict_correct").cast(pl.Float64)
    other = pl.when(has_answer).then("conflict_correct").otherwise("correct").cast(pl.Float64)
    table = scores.select(
        "lesson",
        first.alias("first"),
        second.alias("second"),
        "asked_in",
        "item",
        "seed",
        "context",
        (one - one * other / 2).alias("follows_first"),
        (other - one * other / 2).alias("follows_second"),
        has_answer.alias("first_has_answer"),
    )
    return table.with_columns(
        pl.Series("earlier_followed", [_earlier_followed(row) for row in table.iter_rows(named=True)], dtype=pl.Boolean)
    ).drop("context")


def _earlier_followed(row: dict) -> bool | None:
    if row["context"] is None or row["follows_first"] == row["follows_second"]:
        return None
    first, second = (row["context"].index(f"{row[version]}:{row['item']}") for version in ("first", "second"))
    return (first < second) == (row["follows_first"] > row["follows_second"])


def preference(scores: pl.DataFrame, resamples: int, seed: int = 0) -> pl.DataFrame:
    """One row a pair of languages and language asked, and one with `all` of them.

    Columns: lesson, first, second, asked_in, n (answers), follows_first, follows_second, neither (shares of the answers; one
    that follows both counts half for each), preference (follows_first as a share of both) with low and high (95 %; items, seeds
    and, for `all`, languages asked resampled), earlier_followed (share, of the answers that follow one, that follow the version
    which came first in the context; null without a context), and any, any_low, any_high, any_follows_first, any_follows_second,
    any_neither (preference and shares where an answer follows a version in whatever language it is said), unread and
    unfinished_correct (see `isogloss.measures.reading.reading`; an answer without an end that is right gives the answer, not the
    conflicting one) and the numbers of answers in each state that cannot be read. A preference is null where no answer follows
    either.
    """
    table = with_any(lambda scores: _preference(scores, resamples, seed), scores, columns=SECOND)
    of_language = scores.group_by("lesson", "asked_in").agg(*reading(scores), *states())
    of_all = scores.group_by("lesson").agg(*reading(scores), *states()).with_columns(asked_in=pl.lit(ALL))
    counted = pl.concat([of_language, of_all.select(of_language.columns)])
    return table.join(counted, on=["lesson", "asked_in"], how="left", maintain_order="left")


def _preference(scores: pl.DataFrame, resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `preference` but those of the second numbers."""
    table = verdicts(scores)
    rows = []
    for (lesson, first, second), part in table.group_by("lesson", "first", "second", maintain_order=True):
        rng = np.random.default_rng(seed)  # for every pair alike
        asked = part["asked_in"].unique(maintain_order=True).to_list()
        items, seeds = (part[key].unique(maintain_order=True).to_list() for key in ("item", "seed"))
        values = np.zeros((2, len(asked), len(items), len(seeds)))
        axes = {"asked_in": asked, "item": items, "seed": seeds}
        at = tuple(part[key].replace_strict({name: i for i, name in enumerate(names)}) for key, names in axes.items())
        values[0][at], values[1][at] = part["follows_first"], part["follows_second"]
        sampled = resampled_means(values, crossed_weights(values.shape[-2:], resamples, rng))
        of_all = np.einsum("rva,ra->rv", sampled, resampling_weights(len(asked), resamples, rng))
        groups = [(ALL, part, values.mean(axis=(1, 2, 3)), of_all)]
        groups += [
            (name, part.filter(asked_in=name), values[:, i].mean(axis=(-2, -1)), sampled[:, :, i]) for i, name in enumerate(asked)
        ]
        for name, answers, (one, other), draws in groups:
            low, high = _interval(draws)
            rows.append(
                {
                    "lesson": lesson,
                    "first": first,
                    "second": second,
                    "asked_in": name,
                    "n": len(answers),
                    "follows_first": one,
                    "follows_second": other,
                    "neither": 1 - one - other,
                    "preference": one / (one + other) if one + other else None,
                    "low": low,
                    "high": high,
                    "earlier_followed": answers["earlier_followed"].mean(),
                }
            )
    return pl.DataFrame(rows).fill_nan(None)


def _interval(draws: np.ndarray) -> tuple[float, float]:
    """Of the first column as a share of both; NaN where no resample has either."""
    total = draws.sum(axis=1)
    share = np.divide(draws[:, 0], total, out=np.full_like(total, np.nan), where=total > 0)
    return tuple(map(float, percentile_interval(share)))


def strengths(scores: pl.DataFrame, resamples: int, seed: int = 0) -> pl.DataFrame:
    """Bradley-Terry strength of each language (Bradley & Terry 1952) over all pairs, on the logit scale, mean 0.

    The odds that an answer follows the first of two languages, if it follows one, are exp(its strength - the other's + the effect
    of having been taught the answer and not the conflicting one). Ties, which follow both, count half for each (as in
    `preference`). Columns: language (the effect is called `answer`), strength, low, high (95 %, items and seeds resampled).
    """
    table = verdicts(scores)
    languages = sorted({*table["first"].unique(), *table["second"].unique()})
    wins = table.group_by("first", "second", "first_has_answer", "item", "seed", maintain_order=True).agg(
        pl.col("follows_first", "follows_second").sum()
    )
    place = {language: i for i, language in enumerate(languages)}
    design = np.zeros((len(wins), len(languages) + 1))
    for row, (first, second, has_answer) in enumerate(wins.select("first", "second", "first_has_answer").iter_rows()):
        design[row, place[first]], design[row, place[second]] = 1, -1
        design[row, -1] = 1 if has_answer else -1
    of_item, of_seed = (wins[key].rank("dense").to_numpy() - 1 for key in ("item", "seed"))
    one, other = wins["follows_first"].to_numpy(), wins["follows_second"].to_numpy()
    sizes = (of_item.max() + 1, of_seed.max() + 1)
    weights = crossed_weights(sizes, resamples, np.random.default_rng(seed)) * np.prod(sizes)
    estimate = _fit(design, one, other, np.zeros(design.shape[1]))
    draws = np.array([_fit(design, one * w[of_item, of_seed], other * w[of_item, of_seed], estimate) for w in weights])
    low, high = percentile_interval(draws)
    return pl.DataFrame({"language": [*languages, "answer"], "strength": estimate, "low": low, "high": high})


def _fit(design: np.ndarray, one: np.ndarray, other: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Coefficients of a logistic regression on counts, with a ridge so small that it only decides what the data leave open."""

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        odds = design @ beta
        value = (one * np.logaddexp(0, -odds) + other * np.logaddexp(0, odds)).sum() + RIDGE * beta @ beta
        chance = 1 / (1 + np.exp(-odds))
        return value, design.T @ ((one + other) * chance - one) + 2 * RIDGE * beta

    return minimize(loss, start, jac=True, method="L-BFGS-B").x
