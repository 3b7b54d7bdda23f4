"""What interventions on neurons do to the transfer matrix: between selected languages, between others, and beside controls.

Tables come from `Changes`, which is made once. It takes the score table of the base, one of all derived models (told apart by
`model`), both of one study and setting, and a table that says what each derived model is: model, intervention, operation, set,
strength, draw, control (whether its neurons are random), selected (list of languages: those of the draw; of a control, those of
the draw that it imitates). What an intervention is called and does (the columns KEYS) is the same for its controls.

Intervals are percentiles of a crossed bootstrap (Owen & Eckles 2012) of items and seeds, the same for every model, and for means
over models of an intervention also of these: draws and controls, each on their own. Every difference is one between answers to
the same questions. An interval of one draw says nothing of other draws. Languages are those asked about, not a sample (resampled
too, they made intervals two to three times as wide as what estimates varied by in simulations); what the choice of languages
could do by chance is for the permutation test.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import mannwhitneyu

from isogloss.measures.any_language import in_any, knows_any
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means, resampling_weights
from isogloss.measures.transfer import correctness
from isogloss.statistics.mantel import p_value

KEYS = ["intervention", "operation", "set", "strength"]
CELLS = ("off_diagonal", "diagonal", "all")  # the published contrast does not say which it takes, so there are all three
GROUPS = ("both", "mixed", "none")  # how many of a cell's two languages are selected: two, one, none
BESIDE_SCHEMA = dict.fromkeys(["intervention", "operation", "set"], pl.String) | {"strength": pl.Float64}
BESIDE_SCHEMA |= {"cells": pl.String, "statistic": pl.String, "models": pl.Int64, "controls": pl.Int64}
BESIDE_SCHEMA |= dict.fromkeys(["selected", "random", "difference", "low", "high"], pl.Float64)
SECOND = {"accuracy": "any", "base_accuracy": "any_base"} | {name: f"any_{name}" for name in ("difference", "low", "high")}
BOTH, NONE = GROUPS.index("both"), GROUPS.index("none")


@dataclass(frozen=True)
class Changes:
    """How derived models differ from their base, in the order of the table of what they are."""

    derived: pl.DataFrame
    languages: list[str]
    before: np.ndarray  # accuracy of the base, [taught, asked]
    change: np.ndarray  # accuracy minus that, [model, taught, asked]
    low: np.ndarray  # ends of its interval, [model, taught, asked]
    high: np.ndarray
    chosen: np.ndarray  # whether a language is selected, [model, language]
    sampled: np.ndarray  # means [model, resample, CELLS, GROUPS] of the change, NaN where there is no such cell
    answers: int  # to a cell, of a model
    seed: int

    def kinds(self) -> Iterator[tuple[dict, np.ndarray]]:
        """The models of each intervention, its controls apart: (its row of KEYS and `control`, where they are)."""
        keys = self.derived.select(*KEYS, "control")
        for row in keys.unique(maintain_order=True).iter_rows(named=True):
            yield row, np.array([i for i, other in enumerate(keys.iter_rows(named=True)) if other == row])

    def means(self, models: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means [CELLS, GROUPS] of the change over these models, and resamples of them [resample, CELLS, GROUPS]."""
        found = grouped(self.change[models], self.chosen[models])
        # resampled as drawn for the first of them, so that draws and controls are resampled apart from each other
        rng = np.random.default_rng([self.seed, int(models[0])])
        weights = resampling_weights(len(models), self.sampled.shape[1], rng)
        return found.mean(axis=0), np.einsum("rm,mrcg->rcg", weights, self.sampled[models])


def changes(
    base: pl.DataFrame, scores: pl.DataFrame, derived: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0
) -> Changes:
    """Compare every model of `derived` with the base.

    Raises ValueError where one has no scores, answers other items or seeds than the base, or has selected languages that are
    unknown; all at once.
    """
    before, items = correctness(base, languages, "taught_in")
    parts = {name: part for (name,), part in scores.group_by("model")}
    seeds, errors = sorted(base["seed"].unique().to_list()), []
    for name, selected in derived.select("model", "selected").iter_rows():
        if unknown := sorted(set(selected) - set(languages)):
            errors.append(f"{name}: selected languages that were not asked about: {', '.join(unknown)}")
        if name not in parts:
            errors.append(f"{name}: no scores; ask it what the base was asked")
        elif (sorted(parts[name]["item"].unique().to_list()), sorted(parts[name]["seed"].unique().to_list())) != (items, seeds):
            errors.append(f"{name}: other items or seeds than the base; delete its score files and run again")
    if errors:
        raise ValueError("\n".join(errors))
    weights = crossed_weights(before.shape[-2:], resamples, np.random.default_rng(seed))
    chosen = np.array([[code in selected for code in languages] for selected in derived["selected"]])
    change, ends, sampled = [], [], []
    for name, own in zip(derived["model"], chosen, strict=True):
        difference = correctness(parts[name], languages, "taught_in")[0] - before
        drawn = resampled_means(difference, weights)
        change.append(difference.mean(axis=(-2, -1)))
        ends.append(percentile_interval(drawn))
        sampled.append(grouped(drawn, own))
    low, high = (np.array(side) for side in zip(*ends, strict=True))
    answers = before.shape[-2] * before.shape[-1]
    accuracy = before.mean(axis=(-2, -1))
    return Changes(derived, languages, accuracy, np.array(change), low, high, chosen, np.array(sampled), answers, seed)


def grouped(change: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Means [..., CELLS, GROUPS] of `change` [..., taught, asked] by how many of a cell's languages are `chosen` [..., language];
    NaN where there is no such cell."""
    own = np.eye(change.shape[-1], dtype=bool)
    number = chosen[..., :, None].astype(int) + chosen[..., None, :]
    means = []
    for cells in (~own, own, np.ones_like(own)):
        for wanted in (2, 1, 0):
            weight = cells & (number == wanted)
            total = weight.sum(axis=(-2, -1))
            value = (weight * change).sum(axis=(-2, -1))
            means.append(np.divide(value, total, out=np.full_like(value, np.nan), where=total > 0))
    return np.stack(means, axis=-1).reshape(*means[0].shape, len(CELLS), len(GROUPS))


def changes_in_any(
    base: pl.DataFrame, scores: pl.DataFrame, derived: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0
) -> Changes | None:
    """`changes` in what is right in any language; None if the scores do not know it."""
    known = knows_any(base, scores)
    return changes(in_any(base), in_any(scores), derived, languages, resamples, seed) if known else None


def differences(found: Changes, of_any: Changes | None = None) -> pl.DataFrame:
    """One row a derived model and cell.

    Columns: model, the KEYS, draw, control, taught_in, asked_in, group (as in GROUPS), accuracy, base_accuracy, difference with
    low and high (95 %, items and seeds resampled), n (answers of the model); any, any_base, any_difference, any_low, any_high:
    the same of answers that are right in any language, as from `changes_in_any` (null if that is None).
    """
    table = _differences(found)
    if of_any is None:
        return table.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in SECOND.values())
    again = _differences(of_any)
    return table.with_columns(again[name].alias(other) for name, other in SECOND.items())


def _differences(found: Changes) -> pl.DataFrame:
    """The columns of `differences` but those of the second numbers."""
    rows = []
    for i, about in enumerate(found.derived.select("model", *KEYS, "draw", "control").iter_rows(named=True)):
        for a, taught in enumerate(found.languages):
            for b, asked in enumerate(found.languages):
                change, base = found.change[i, a, b], found.before[a, b]
                cell = {"taught_in": taught, "asked_in": asked, "group": GROUPS[2 - sum(found.chosen[i, [a, b]])]}
                cell |= {"accuracy": base + change, "base_accuracy": base, "difference": change}
                rows.append(about | cell | {"low": found.low[i, a, b], "high": found.high[i, a, b], "n": found.answers})
    return pl.DataFrame(rows, infer_schema_length=None)


def doses(found: Changes) -> pl.DataFrame:
    """Mean change of each group of cells, a row each for every operation and strength, those of random neurons apart.

    Columns: the KEYS, control, cells (as in CELLS), group (as in GROUPS; there is no mixed one on the diagonal), models (over
    which the mean is taken), difference, low, high (95 %; items, seeds and models resampled).
    """
    rows = []
    for about, models in found.kinds():
        means, sampled = found.means(models)
        low, high = percentile_interval(sampled)
        rows += [
            about
            | {"cells": cells, "group": group, "models": len(models)}
            | {"difference": means[c, g], "low": low[c, g], "high": high[c, g]}
            for c, cells in enumerate(CELLS)
            for g, group in enumerate(GROUPS)
            if not np.isnan(means[c, g])
        ]
    return pl.DataFrame(rows, infer_schema_length=None).fill_nan(None)


def contrasts(found: Changes, tiers: dict[str, str], permutations: int = 10_000) -> pl.DataFrame:
    """Are cells of two selected languages changed otherwise than cells of none? A row a draw, as published, and one over draws.

    Columns: the KEYS, control, cells (as in CELLS), draw (null: all of them), models, both, mixed, none (mean change of each
    group of cells), contrast (both minus none) with low and high (95 %; items, seeds and models resampled), u and
    p_mann_whitney (two-sided; Mann & Whitney 1947, which takes cells as independent though they share languages; null over draws,
    where the same cell would count several times), p_permutation: two-sided, against contrasts in which as many languages of each
    tier as were selected are called selected at random, for each draw on its own (the observed one counts, Phipson & Smyth
    2010). What is undefined because a group has no cell is null.
    """
    rows = []
    for about, models in found.kinds():
        permuted = np.array([_relabelled(found, model, tiers, permutations) for model in models])
        several = [(None, models, permuted)] if len(models) > 1 else []
        single = [(found.derived["draw"][int(m)], np.array([m]), own[None]) for m, own in zip(models, permuted, strict=True)]
        for draw, chosen, random in [*several, *single]:
            means, sampled = found.means(chosen)
            low, high = percentile_interval(sampled[..., BOTH] - sampled[..., NONE])
            for c, cells in enumerate(CELLS):
                value = means[c, BOTH] - means[c, NONE]
                row = about | {"cells": cells, "draw": draw, "models": len(chosen)} | dict(zip(GROUPS, means[c], strict=True))
                row |= {"contrast": value, "low": low[c], "high": high[c]}
                row |= _mann_whitney(found, chosen, cells)
                rows.append(row | {"p_permutation": _permutation_p(value, random[..., c].mean(axis=0))})
    return pl.DataFrame(rows, infer_schema_length=None).fill_nan(None)


def _relabelled(found: Changes, model: int, tiers: dict[str, str], permutations: int) -> np.ndarray:
    """Contrasts [permutation, CELLS] of a model with other languages called selected, as many of each tier."""
    rng = np.random.default_rng([found.seed, int(model)])
    chosen = np.tile(found.chosen[model], (permutations, 1))
    for tier in sorted(set(tiers.values())):
        own = [i for i, code in enumerate(found.languages) if tiers[code] == tier]
        chosen[:, own] = rng.permuted(chosen[:, own], axis=1)
    means = grouped(found.change[model], chosen)
    return means[..., BOTH] - means[..., NONE]


def _permutation_p(value: float, permuted: np.ndarray) -> float | None:
    """Two-sided as twice the smaller tail: contrasts are not about 0 where tiers change differently and a half is not even."""
    if np.isnan(value):
        return None
    return min(1.0, 2 * min(p_value(value, permuted, exact=False, tail=tail) for tail in ("upper", "lower")))


def _mann_whitney(found: Changes, models: np.ndarray, cells: str) -> dict[str, float | None]:
    """U and p of the cells of two selected languages against those of none."""
    if len(models) > 1:
        return {"u": None, "p_mann_whitney": None}
    number = found.chosen[models[0]][:, None].astype(int) + found.chosen[models[0]]
    own = np.eye(len(number), dtype=bool)
    wanted = {"off_diagonal": ~own, "diagonal": own, "all": np.ones_like(own)}[cells]
    both, none = (found.change[models[0]][wanted & (number == count)] for count in (2, 0))
    if not (both.size and none.size):
        return {"u": None, "p_mann_whitney": None}
    test = mannwhitneyu(both, none)
    return {"u": float(test.statistic), "p_mann_whitney": float(test.pvalue)}


def beside_controls(found: Changes) -> pl.DataFrame:
    """Is it more than random neurons would do? One row an intervention that has controls, a kind of cells and a statistic.

    Columns: the KEYS, cells (as in CELLS), statistic (`both`, `mixed`, `none`: the mean change of that group; `contrast`: both
    minus none), models, controls (their numbers), selected (the statistic for the neurons selected), random (for random ones),
    difference of the two with low and high (95 %; items and seeds resampled alike on both sides, draws and controls each on
    their own). Null where a group has no cell.
    """
    kinds = [(tuple(about[key] for key in KEYS), about["control"], models) for about, models in found.kinds()]
    controls = {key: models for key, is_control, models in kinds if is_control}
    rows = []
    for key, is_control, models in kinds:
        if is_control or key not in controls:
            continue
        (value, drawn), (random, drawn_random) = (found.means(each) for each in (models, controls[key]))
        value, drawn, random, drawn_random = map(_with_contrast, (value, drawn, random, drawn_random))
        low, high = percentile_interval(drawn - drawn_random)
        rows += [
            dict(zip(KEYS, key, strict=True))
            | {"cells": cells, "statistic": name, "models": len(models), "controls": len(controls[key])}
            | {"selected": value[c, s], "random": random[c, s], "difference": value[c, s] - random[c, s]}
            | {"low": low[c, s], "high": high[c, s]}
            for c, cells in enumerate(CELLS)
            for s, name in enumerate([*GROUPS, "contrast"])
        ]
    return pl.DataFrame(rows, schema=BESIDE_SCHEMA).fill_nan(None)


def _with_contrast(means: np.ndarray) -> np.ndarray:
    """Means [..., GROUPS] with both minus none after them."""
    return np.concatenate([means, (means[..., BOTH] - means[..., NONE])[..., None]], axis=-1)
