"""The rows of `regression.csv` for languages left out, and the predictions they are made from."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl

from isogloss.statistics import estimators
from isogloss.statistics.heldout import ONE, TWO, baseline, folds, predict_left_out, split
from isogloss.statistics.pairs import Dyads, Study
from isogloss.statistics.specifications import AVERAGE, DIRECTED, SPECIFICATIONS, Specification
from isogloss.statistics.subsets import adjusted, r_squared

CELLS = "directed_ols_cells"  # its predictions of single cells, not averaged
MOST_CELLS = 500  # pairs of languages left out for them


def regression_row(
    estimator: str,
    protocol: str,
    features: tuple[str, ...],
    truth: np.ndarray,
    predicted: np.ndarray,
    least: np.ndarray,
    note: str = "",
) -> dict:
    """A row of `regression.csv`; `least` is what is predicted without any factor. The columns are those of `score_left_out`."""
    r2 = r_squared(truth, predicted)
    return {
        "estimator": estimator,
        "protocol": protocol,
        "features": " ".join(features),
        "n": len(truth),
        "r2": r2,
        "adjusted_r2": adjusted(r2, len(truth), len(features)) if features else None,
        "mae": float(np.abs(truth - predicted).mean()),
        "baseline_r2": r_squared(truth, least),
        "baseline_mae": float(np.abs(truth - least).mean()),
        "note": note,
    }


def score_left_out(
    study: Study, specifications: tuple[Specification, ...] = SPECIFICATIONS, jobs: int = 1
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows of `regression.csv`, predictions) of every specification under both protocols, of their plain average, and of
    directed least squares on single cells.

    Rows: estimator, protocol, features (names with blanks between; none for the average), n (predictions), r2, adjusted_r2
    (charged for the number of features), mae, baseline_r2 and baseline_mae (of predictions that know no factor, for the same
    pairs), note (why a specification could not be scored, in which case n is 0 and there is a warning, or on what part of the
    pairs it was). Predictions: protocol, estimator, left_out, one, other, accuracy, predicted, baseline.
    """
    symmetric = study.symmetric
    rows, tables = [], []
    for protocol in (TWO, ONE):
        everything = folds(symmetric, protocol, max(listed.folds for listed in specifications))
        least = dict(zip(everything, (baseline(symmetric, protocol, held) for held in everything), strict=True))
        possible = len(symmetric) if protocol == TWO else len(symmetric.languages)
        done = {}
        for listed in specifications:
            specification, absent = usable(study, listed)
            if specification is None:
                rows.append(_unscored(listed, protocol, absent))
                continue
            sets = folds(symmetric, protocol, specification.folds)
            found = dict(zip(sets, predict_left_out(study, specification, protocol, jobs), strict=True))
            done[specification.name] = found
            note = _note(symmetric, specification, sets, possible, absent)
            rows.append(
                regression_row(specification.name, protocol, specification.features, *_gather(found, least, symmetric), note)
            )
        common = [held for held in everything if all(held in found for found in done.values())]
        if len(done) > 1 and common:
            done[AVERAGE] = {held: np.mean([found[held] for found in done.values()], axis=0) for held in common}
            note = f"mean of the predictions of {len(done) - 1} estimators"
            note += "" if len(common) == possible else f"; {len(common)} of {possible} sets of languages"
            rows.append(regression_row(AVERAGE, protocol, (), *_gather(done[AVERAGE], least, symmetric), note))
        tables += [_table(symmetric, protocol, name, found, least) for name, found in done.items()]
    if set(DIRECTED) <= set(study.directed.names):
        rows.append(_cells(study))
    return pl.DataFrame(rows, infer_schema_length=None), pl.concat(tables)


def usable(study: Study, specification: Specification) -> tuple[Specification | None, str]:
    """(the specification with the features there are, which it has to do without and why); None if it cannot do without."""
    there = (study.directed if specification.directed else study.symmetric).names
    features = there if specification.features is None else specification.features
    absent = [name for name in features if name not in there]
    reasons = ", ".join(f"{name} ({study.left_out.get(name, 'not given')})" for name in absent)
    if specification.fit is estimators.related_effects and study.symmetric.kinship is None:
        return None, reasons or "no distance between languages"
    if len(absent) == len(features) or set(absent) & set(specification.needs):
        return None, reasons or "no factor at all"
    return replace(specification, features=tuple(name for name in features if name in there)), reasons


def _unscored(specification: Specification, protocol: str, absent: str) -> dict:
    warnings.warn(f"{specification.name} ({protocol}) is not scored for want of {absent}", stacklevel=3)
    numbers = dict.fromkeys(("r2", "adjusted_r2", "mae", "baseline_r2", "baseline_mae"))
    names = " ".join(specification.features or ())
    row = {"estimator": specification.name, "protocol": protocol, "features": names, "n": 0}
    return {**row, **numbers, "note": f"not scored for want of {absent}"}


def _note(symmetric: Dyads, specification: Specification, sets: list, possible: int, absent: str) -> str:
    notes = [f"without {absent}"] if absent else []
    if len(sets) < possible:
        notes.append(f"{len(sets)} of {possible} sets of languages, drawn at random")
    if int((~symmetric.touching(*sets[0])).sum()) * (1 + specification.directed) > specification.rows:
        notes.append(f"learned from {specification.rows} pairs, drawn at random")
    return "; ".join(notes)


def _gather(found: dict, least: dict, symmetric: Dyads) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, predictions and baselines of what was predicted, fold by fold."""
    predicted = np.stack(list(found.values()))
    fold, pair = np.nonzero(np.isfinite(predicted))
    return symmetric.outcome[pair], predicted[fold, pair], np.stack([least[held] for held in found])[fold, pair]


def _table(symmetric: Dyads, protocol: str, name: str, found: dict, least: dict) -> pl.DataFrame:
    codes = np.array(symmetric.languages)
    predicted = np.stack(list(found.values()))
    fold, pair = np.nonzero(np.isfinite(predicted))
    truth, values, base = _gather(found, least, symmetric)
    labels = np.array(["+".join(codes[list(held)]) for held in found])
    return pl.DataFrame(
        {
            "protocol": [protocol] * len(pair),
            "estimator": [name] * len(pair),
            "left_out": labels[fold],
            "one": codes[symmetric.first[pair]],
            "other": codes[symmetric.second[pair]],
            "accuracy": truth,
            "predicted": values,
            "baseline": base,
        }
    )


def _cells(study: Study) -> dict:
    data = study.directed.only(DIRECTED)
    predicted, least = np.full(len(data), np.nan), np.full(len(data), np.nan)
    for held in folds(study.symmetric, TWO, MOST_CELLS):
        train, test = split(data, held)
        predicted[test] = estimators.ols(data.rows(train))(data.rows(test))
        least[test] = data.outcome[train].mean()
    done = np.isfinite(predicted)
    note = "single cells, both directions"
    note += "" if done.all() else f"; {done.sum() // 2} of {len(study.symmetric)} sets of languages, drawn at random"
    return regression_row(CELLS, TWO, DIRECTED, data.outcome[done], predicted[done], least[done], note)
