"""A binomial mixed model of single answers: items, sources, targets and pairs each have effects of their own.

log-odds(right) = X b + item + source + target + pair, all effects normal. Fitted by Laplace's approximation, with the
coefficients found together with the effects, as lme4's `nAGQ = 0` does (Bates et al. 2015). Variational fits of such crossed
effects take them as independent and so make the errors of b far too small.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import linalg, stats
from scipy.optimize import minimize
from scipy.special import expit

from isogloss.measures.intervals import LEVEL
from isogloss.statistics.coefficients import standardised
from isogloss.statistics.pairs import Dyads

EFFECTS = ("item", "source", "target", "pair")
MOST_LANGUAGES = 24  # drawn at random from more: pairs grow with the square
SEED = 42
STEPS, TOLERANCE = 50, 1e-10
NUDGE = 1e-4  # for slopes of the deviance, far above what Newton's method leaves of error
BOUNDS = (-5.0, 3.0)  # of the logarithm of an effect's standard deviation


@dataclass(frozen=True)
class Answers:
    """How often each item was right, and how often it was asked, in the order of a table of directed pairs: [n, items]."""

    right: np.ndarray
    asked: np.ndarray


def count_answers(scores: pl.DataFrame, dyads: Dyads) -> Answers:
    """From scored answers (taught_in, asked_in, item, correct). Raises ValueError naming a pair that has none."""
    pairs = {(dyads.languages[a], dyads.languages[b]): i for i, (a, b) in enumerate(zip(dyads.first, dyads.second, strict=True))}
    items = {item: i for i, item in enumerate(sorted(scores["item"].unique()))}
    right, asked = np.zeros((len(pairs), len(items))), np.zeros((len(pairs), len(items)))
    counted = scores.group_by("taught_in", "asked_in", "item").agg(
        pl.col("correct").sum().alias("right"), pl.len().alias("asked")
    )
    for row in counted.iter_rows(named=True):
        place = pairs.get((row["taught_in"], row["asked_in"]))
        if place is not None:  # the diagonal and languages that were left out
            right[place, items[row["item"]]], asked[place, items[row["item"]]] = row["right"], row["asked"]
    if not asked.any(axis=1).all():
        lacking = [" -> ".join(pair) for pair, place in pairs.items() if not asked[place].any()]
        raise ValueError(f"no answers for {', '.join(lacking)}; score them first")
    return Answers(right, asked)


def item_model(answers: Answers, dyads: Dyads) -> tuple[pl.DataFrame, dict[str, float]]:
    """(coefficients, standard deviations of the effects) from answers to directed pairs.

    Coefficients, one row a feature: feature, method (`mixed_items`), estimate (log-odds for one standard deviation of the
    feature), se, low, high (95 %) and p (two-sided; Student's t with L - 1 degrees of freedom), note. Of more than 24 languages
    24 are drawn at random, and the note says so.
    """
    note = "single answers; log-odds; random items, sources, targets and pairs"
    size = len(dyads.languages)
    if size > MOST_LANGUAGES:
        drawn = np.random.default_rng(SEED).permutation(size)[:MOST_LANGUAGES]
        keep = np.isin(dyads.first, drawn) & np.isin(dyads.second, drawn)
        dyads, answers = dyads.rows(keep), Answers(answers.right[keep], answers.asked[keep])
        note += f"; {MOST_LANGUAGES} of {size} languages, drawn at random"
    design = standardised(dyads)
    count = design.shape[1]
    members, groups = _members(dyads)
    cells = np.column_stack([design, members])
    state = {"start": np.zeros(cells.shape[1] + answers.right.shape[1])}

    def deviance(logs: np.ndarray) -> float:
        value, state["start"], _ = _laplace(np.exp(logs), answers, cells, groups, count, state["start"])
        return value

    best = minimize(
        deviance, np.full(len(EFFECTS), -0.7), method="L-BFGS-B", bounds=[BOUNDS] * len(EFFECTS), options={"eps": NUDGE}
    )
    _, found, covariance = _laplace(np.exp(best.x), answers, cells, groups, count, state["start"])
    se = np.sqrt(np.diag(covariance))[1:]
    estimate = found[1:count]
    degrees = len(np.unique(dyads.first)) - 1  # features of languages have no more to go by
    half = stats.t.ppf((1 + LEVEL) / 2, degrees) * se
    table = pl.DataFrame(
        {
            "feature": dyads.names,
            "method": ["mixed_items"] * len(se),
            "estimate": estimate,
            "se": se,
            "low": estimate - half,
            "high": estimate + half,
            "p": 2 * stats.t.sf(np.abs(estimate / se), degrees),
            "note": [note] * len(se),
        }
    )
    return table, dict(zip(EFFECTS, np.exp(best.x).tolist(), strict=True))


def _members(dyads: Dyads) -> tuple[np.ndarray, np.ndarray]:
    """Which source, target and unordered pair a row has: ([n, columns], and each column's number in EFFECTS)."""
    pair = np.minimum(dyads.first, dyads.second) * len(dyads.languages) + np.maximum(dyads.first, dyads.second)
    blocks = [(values[:, None] == np.unique(values)).astype(float) for values in (dyads.first, dyads.second, pair)]
    return np.column_stack(blocks), np.repeat([1, 2, 3], [block.shape[1] for block in blocks])


def _laplace(
    sizes: np.ndarray, answers: Answers, cells: np.ndarray, groups: np.ndarray, count: int, start: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """(deviance, coefficients and scaled effects, covariance of the coefficients) at given standard deviations of the effects.

    Newton's method on the penalised likelihood. A row's log-odds are a part of its pair and a part of its item, so every sum over
    answers is a product of small matrices.
    """
    scale = np.concatenate([np.ones(count), sizes[groups]])
    cells, width, items = cells * scale, cells.shape[1], answers.right.shape[1]
    penalty = np.concatenate([np.zeros(count), np.ones(width - count + items)])

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        odds = (cells @ point[:width])[:, None] + sizes[0] * point[width:]
        fit = np.sum(answers.right * odds - answers.asked * np.logaddexp(0, odds))
        return fit - 0.5 * penalty @ point**2, odds

    point = start
    value, odds = objective(point)
    for _ in range(STEPS):
        chance = expit(odds)
        left, weight = answers.right - answers.asked * chance, answers.asked * chance * (1 - chance)
        slope = np.concatenate([cells.T @ left.sum(axis=1), sizes[0] * left.sum(axis=0)]) - penalty * point
        cross = sizes[0] * cells.T @ weight
        curve = np.block(
            [[cells.T @ (weight.sum(axis=1)[:, None] * cells), cross], [cross.T, np.diag(sizes[0] ** 2 * weight.sum(axis=0))]]
        )
        curve[np.diag_indices_from(curve)] += penalty
        step = linalg.solve(curve, slope, assume_a="pos")
        gain = slope @ step
        length = 1.0
        while (new := objective(point + length * step))[0] < value and length > 1e-6:
            length /= 2
        point = point + length * step
        value, odds = new
        if gain < TOLERANCE:
            break
    effects = curve[count:, count:]
    inner = linalg.cho_factor(effects, lower=True)
    deviance = -2 * value + 2 * np.log(np.diag(inner[0])).sum()
    information = curve[:count, :count] - curve[:count, count:] @ linalg.cho_solve(inner, curve[count:, :count])
    return deviance, point, np.linalg.inv(information)
