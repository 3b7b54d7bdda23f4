"""Several matrices of the same setting at once: what factors say of all of them, each with a level of its own.

Every matrix is cut to the pairs that all have. Where factors are the same for all matrices, as distances and shares are, least
squares with an effect of each matrix then has exactly the coefficients of least squares on the mean of the matrices (Frisch &
Waugh 1933), and tests that permute or leave out languages in all matrices together are those of that mean. So the mean is what is
analysed; taking the rows of several models as independent would only make intervals too narrow.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from isogloss.statistics.analysis import analyse
from isogloss.statistics.heldout import TWO, folds, split
from isogloss.statistics.pairs import KEYS, Dyads, pool, study
from isogloss.statistics.specifications import PAPER
from isogloss.statistics.subsets import r_squared

MOST_SETS = 500  # pairs of languages left out
SLOPES = ("pooled", "own", "others")


def analyse_pooled(
    tables: Sequence[pl.DataFrame],
    names: Sequence[dict[str, str]],
    factors: list[str],
    permutations: int = 2000,
    jobs: int = 1,
    others: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """Tables by name: those that `analyse` makes of the mean of all matrices (but `effects`, which is about single answers), and
    `models` (`slope_scores`).

    `tables` are pairs as `study` takes them, one a matrix; `names` says what each is (model, knowledge). Factors are means over
    the matrices, blank where one lacks them; `others` are pairs to predict, as in `analyse`. Raises ValueError as `analyse` does.
    """
    mean = pool(list(tables), factors)
    found = analyse(mean, factors, None, permutations, jobs, mean if others is None else others)
    del found["effects"]
    usable = study(mean, factors).symmetric.names
    found["models"] = slope_scores(tables, names, tuple(name for name in PAPER if name in usable))
    return found


def slope_scores(tables: Sequence[pl.DataFrame], names: Sequence[dict[str, str]], features: tuple[str, ...]) -> pl.DataFrame:
    """How well a matrix is predicted with the slopes of all matrices, with its own, and with those of the others alone.

    Least squares on symmetrised pairs with an effect of each matrix; both languages of a pair are left out of all matrices when
    it is predicted (of more than 500 pairs, 500 drawn at random). The level is always that of the matrix itself. Columns: those
    of `names`, slopes (pooled, own, others), n, r2 (of the differences within the matrix), mae, baseline_r2, baseline_mae (the
    mean of the matrix's other pairs).
    """
    common = pool(list(tables), []).select(KEYS)
    matrices = [
        study(common.join(table, on=KEYS, maintain_order="left"), list(features)).symmetric.only(features) for table in tables
    ]
    parts = [split(matrices[0], held) for held in folds(matrices[0], TWO, MOST_SETS)]
    predicted = np.array([_predict(matrices, train, test[0]) for train, test in parts])
    rows = []
    for i, (name, matrix) in enumerate(zip(names, matrices, strict=True)):
        truth, least = matrix.outcome[[test[0] for _, test in parts]], predicted[:, i, 0]
        base = {"baseline_r2": r_squared(truth, least), "baseline_mae": float(np.abs(truth - least).mean())}
        for slopes, values in zip(SLOPES, predicted[:, i, 1:].T, strict=True):
            scores = {"n": len(truth), "r2": r_squared(truth, values), "mae": float(np.abs(truth - values).mean())}
            rows.append({**name, "slopes": slopes, **scores, **base})
    return pl.DataFrame(rows)


def _predict(matrices: list[Dyads], train: np.ndarray, row: int) -> np.ndarray:
    """For each matrix its level, and a row predicted with pooled, own and others' slopes: [matrices, 4]."""
    found = np.empty((len(matrices), 1 + len(SLOPES)))
    squares, products, unseen = [], [], []
    for i, matrix in enumerate(matrices):
        features, outcome = matrix.features[train], matrix.outcome[train]
        centre, found[i, 0] = features.mean(axis=0), outcome.mean()
        # differences from the matrix's own means: an effect of each matrix
        squares.append((features - centre).T @ (features - centre))
        products.append((features - centre).T @ (outcome - found[i, 0]))
        unseen.append(matrix.features[row] - centre)
    whole = sum(squares), sum(products)
    for i, (square, product) in enumerate(zip(squares, products, strict=True)):
        for j, (left, right) in enumerate((whole, (square, product), (whole[0] - square, whole[1] - product)), start=1):
            found[i, j] = found[i, 0] + unseen[i] @ np.linalg.lstsq(left, right, rcond=1e-10)[0]
    return found
