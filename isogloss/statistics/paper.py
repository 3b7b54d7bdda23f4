"""Paper A's protocol, as it is: pairs that share a language may be in training and test alike, so its scores are too good.

Symmetrised pairs in the order of the matrix; KFold(5, shuffle, seed 42); predictions of the folds are pooled before scoring, and
adjusted R2 charges the pooled R2 for the number of features over all n pairs. Scaling is within the fold, which changes nothing
for least squares.
"""

import numpy as np
import polars as pl

from isogloss.statistics.estimators import random_forest
from isogloss.statistics.heldout import at_most
from isogloss.statistics.pairs import Dyads
from isogloss.statistics.scores import regression_row
from isogloss.statistics.subsets import (
    FOLDS,
    SEED,
    adjusted,
    candidates,
    cross_predictions,
    fold_numbers,
    inflation,
    r_squared,
    subset_scores,
)

PROTOCOL = "paper"
MOST_EXPLAINED = 500
MOST_GROWN = 4000  # pairs a fold's forest learns from; 100 languages have fewer


def paper_scores(symmetric: Dyads, features: tuple[str, ...]) -> tuple[list[dict], pl.DataFrame]:
    """(rows of `regression.csv`, predictions): least squares and forest on `features`, least squares on the best subset of all.

    Predictions: protocol, estimator, left_out (the fold), one, other, accuracy, predicted, baseline (the mean of the other
    folds).
    """
    chosen = subset_scores(candidates(symmetric))[0][0]
    least, folds = _fold_means(symmetric), fold_numbers(len(symmetric))
    found = {
        "ols": (features, _ols(symmetric.only(features))),
        "ols_selected": (chosen, _ols(symmetric.only(chosen))),
        "forest": (features, _forest(symmetric.only(features))),
    }
    truth = symmetric.outcome
    rows = [regression_row(name, PROTOCOL, names, truth, values, least) for name, (names, values) in found.items()]
    if len(symmetric) * (FOLDS - 1) // FOLDS > MOST_GROWN:
        rows[-1]["note"] = f"learned from {MOST_GROWN} pairs, drawn at random"
    codes = np.array(symmetric.languages)
    columns = {
        "left_out": [f"fold {fold + 1}" for fold in folds],
        "one": codes[symmetric.first],
        "other": codes[symmetric.second],
        "accuracy": truth,
    }
    tables = [
        pl.DataFrame(
            {
                "protocol": [PROTOCOL] * len(truth),
                "estimator": [name] * len(truth),
                **columns,
                "predicted": values,
                "baseline": least,
            }
        )
        for name, (_, values) in found.items()
    ]
    return rows, pl.concat(tables)


def least_squares_score(symmetric: Dyads, features: tuple[str, ...]) -> dict:
    """The first of the rows of `paper_scores` alone: least squares on `features`."""
    values = _ols(symmetric.only(features))
    return regression_row("ols", PROTOCOL, features, symmetric.outcome, values, _fold_means(symmetric))


def _ols(symmetric: Dyads) -> np.ndarray:
    return cross_predictions(symmetric, [tuple(range(len(symmetric.names)))])[0]


def _forest(symmetric: Dyads) -> np.ndarray:
    folds, predicted = fold_numbers(len(symmetric)), np.empty(len(symmetric))
    for fold in range(FOLDS):
        test = folds == fold
        train = at_most(np.flatnonzero(~test), MOST_GROWN)
        predicted[test] = random_forest(symmetric.features[train], symmetric.outcome[train]).predict(symmetric.features[test])
    return predicted


def _fold_means(symmetric: Dyads) -> np.ndarray:
    folds = fold_numbers(len(symmetric))
    return np.array([symmetric.outcome[folds != fold].mean() for fold in range(FOLDS)])[folds]


def subsets(symmetric: Dyads) -> pl.DataFrame:
    """Every subset of the factors that may be selected (`candidates`), best first: features, count, r2, adjusted_r2, mae."""
    scored = subset_scores(candidates(symmetric))
    return pl.DataFrame(
        [
            {"features": " ".join(names), "count": len(names), "r2": r2, "adjusted_r2": charged, "mae": mae}
            for names, r2, charged, mae in scored
        ]
    )


def importance(symmetric: Dyads, features: tuple[str, ...], shap: pl.DataFrame) -> pl.DataFrame:
    """What each feature is worth, one row each, of those in `features`; `shap` is what `shap_values` made of them.

    Columns: feature, vif (variance inflation), adjusted_r2_drop and mae_rise (least squares without the feature, on the same
    folds), shap (mean absolute TreeSHAP value, in accuracy, of a forest fitted to the pairs; Lundberg et al. 2020).
    """
    data = symmetric.only(features)
    whole = tuple(range(len(features)))
    without = [tuple(place for place in whole if place != left) for left in whole]
    # a model without any feature predicts the mean
    without_one = [cross_predictions(data, [kept])[0] if kept else _fold_means(data) for kept in without]
    r2 = adjusted(r_squared(data.outcome, _ols(data)), len(data), len(features))
    less = [adjusted(r_squared(data.outcome, values), len(data), len(features) - 1) for values in without_one]
    mae = np.abs(data.outcome - _ols(data)).mean()
    more = [np.abs(data.outcome - values).mean() for values in without_one]
    return pl.DataFrame(
        {
            "feature": features,
            "vif": inflation(data.features),
            "adjusted_r2_drop": [r2 - value for value in less],
            "mae_rise": [value - mae for value in more],
            "shap": [shap.filter(feature=name)["shap"].abs().mean() for name in features],
        }
    )


def shap_values(symmetric: Dyads, features: tuple[str, ...]) -> pl.DataFrame:
    """One row a pair and feature, for a summary plot: one, other, feature, value (of the feature), shap (in accuracy).

    Of more than 500 pairs, 500 drawn at random are learned from and explained: time grows faster than their square.
    """
    from shap import TreeExplainer

    data = symmetric.only(features)
    if len(data) > MOST_EXPLAINED:
        data = data.rows(np.sort(np.random.default_rng(SEED).permutation(len(data))[:MOST_EXPLAINED]))
    values = TreeExplainer(random_forest(data.features, data.outcome)).shap_values(data.features)
    codes = np.array(data.languages)
    count = len(features)
    return pl.DataFrame(
        {
            "one": np.repeat(codes[data.first], count),
            "other": np.repeat(codes[data.second], count),
            "feature": list(features) * len(data),
            "value": data.features.flatten(),
            "shap": values.flatten(),
        }
    )
