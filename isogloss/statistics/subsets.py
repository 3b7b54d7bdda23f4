"""Which factors: variance inflation, and every subset by cross-validation, as paper A selects them."""

import itertools

import numpy as np

from isogloss.statistics.pairs import Dyads

MAX_VIF = 10.0
FOLDS = 5
SEED = 42
MOST = 10  # factors of which every subset is tried: 1,023 subsets
JITTER = 1e-9  # of a variance of 1: settles factors that are constant in a fold, or repeat others


def inflation(features: np.ndarray) -> np.ndarray:
    """Variance inflation factor of each column of [n, k]: 1 / (1 - R2) of its regression on the others; inf if they give it."""
    standard = features - features.mean(axis=0)
    standard /= np.linalg.norm(standard, axis=0)
    correlation = standard.T @ standard
    if np.linalg.cond(correlation) < 1e10:
        return np.diag(np.linalg.inv(correlation))
    left = [np.delete(standard, i, axis=1) for i in range(standard.shape[1])]
    rest = [
        np.sum((column - others @ np.linalg.lstsq(others, column, rcond=1e-10)[0]) ** 2)
        for column, others in zip(standard.T, left, strict=True)
    ]
    return np.array([1 / value if value > 1e-10 else np.inf for value in rest])


def keep_by_vif(dyads: Dyads) -> tuple[str, ...]:
    """The factors that are left when the one of highest inflation is dropped until none is above 10 (of equals, the last)."""
    names = [name for name, spread in zip(dyads.names, np.ptp(dyads.features, axis=0), strict=True) if spread > 0]
    while len(names) > 1:
        factors = inflation(dyads.only(tuple(names)).features)
        if factors.max() <= MAX_VIF:
            break
        names.pop(len(names) - 1 - int(np.argmax(factors[::-1])))
    return tuple(names)


def fold_numbers(rows: int) -> np.ndarray:
    """The fold of each row under scikit-learn's KFold(5, shuffle, seed 42): [rows]."""
    from sklearn.model_selection import KFold

    numbers = np.empty(rows, dtype=int)
    for fold, (_, test) in enumerate(KFold(FOLDS, shuffle=True, random_state=SEED).split(np.empty(rows))):
        numbers[test] = fold
    return numbers


def r_squared(outcome: np.ndarray, predicted: np.ndarray) -> float:
    """1 - squared errors over squared deviations from the mean of these outcomes."""
    return float(1 - np.sum((outcome - predicted) ** 2) / np.sum((outcome - outcome.mean()) ** 2))


def adjusted(r2: float, rows: int, factors: int) -> float:
    """R2 with a charge for the number of factors (Ezekiel 1930); NaN where there are too few rows for it."""
    return 1 - (1 - r2) * (rows - 1) / (rows - factors - 1) if rows > factors + 1 else float("nan")


def cross_predictions(dyads: Dyads, subsets: list[tuple[int, ...]]) -> np.ndarray:
    """Predictions [subset, n] of least squares on each subset of columns, each row predicted from the other four folds."""
    folds = fold_numbers(len(dyads))
    predicted = np.empty((len(subsets), len(dyads)))
    by_size = {
        size: [i for i, subset in enumerate(subsets) if len(subset) == size] for size in {len(subset) for subset in subsets}
    }
    for fold in range(FOLDS):
        test = folds == fold
        train = dyads.features[~test]
        centre, scale = train.mean(axis=0), train.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        mean = dyads.outcome[~test].mean()
        standard, unseen = (train - centre) / scale, (dyads.features[test] - centre) / scale
        gram = standard.T @ standard + JITTER * len(standard) * np.eye(standard.shape[1])
        moments = standard.T @ (dyads.outcome[~test] - mean)
        for places in by_size.values():
            chosen = np.array([subsets[place] for place in places])
            found = np.linalg.solve(gram[chosen[:, :, None], chosen[:, None, :]], moments[chosen][..., None])[..., 0]
            predicted[np.ix_(places, np.flatnonzero(test))] = mean + np.einsum("nsi,si->sn", unseen[:, chosen], found)
    return predicted


def subset_scores(dyads: Dyads) -> list[tuple[tuple[str, ...], float, float, float]]:
    """(factors, R2, adjusted R2, MAE) of every subset of the factors by 5-fold least squares, the best adjusted R2 first.

    Predictions of all folds are pooled before they are scored.
    """
    count = len(dyads.names)
    subsets = [subset for size in range(1, count + 1) for subset in itertools.combinations(range(count), size)]
    total = np.sum((dyads.outcome - dyads.outcome.mean()) ** 2)
    error = dyads.outcome - cross_predictions(dyads, subsets)
    r2 = 1 - np.sum(error**2, axis=1) / total
    rows = [
        (tuple(dyads.names[i] for i in subset), float(value), adjusted(float(value), len(dyads), len(subset)), float(mae))
        for subset, value, mae in zip(subsets, r2, np.abs(error).mean(axis=1), strict=True)
    ]
    return sorted(rows, key=lambda row: (-row[2], len(row[0]), row[0]))


def candidates(dyads: Dyads) -> Dyads:
    """The factors that may be selected: those that pass the VIF filter; of more than 10, the most correlated with accuracy."""
    dyads = dyads.only(keep_by_vif(dyads))
    if len(dyads.names) <= MOST:
        return dyads
    strength = np.abs(np.corrcoef(dyads.features.T, dyads.outcome)[-1, :-1])
    return dyads.only(tuple(dyads.names[i] for i in sorted(np.argsort(-strength)[:MOST])))
