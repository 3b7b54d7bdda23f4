"""Coefficients of a regression on pairs, with every kind of interval that is in use, the optimistic ones labelled."""

import numpy as np
import polars as pl
from scipy import stats

from isogloss.measures.intervals import LEVEL
from isogloss.statistics.mantel import mantel
from isogloss.statistics.mrqap import mrqap
from isogloss.statistics.pairs import Dyads
from isogloss.statistics.subsets import inflation

NOTES = {
    "hc0": "takes pairs as independent: too narrow",
    "hc3": "takes pairs as independent: too narrow",
    "dyadic": "allows for shared languages, but too narrow with some twenty of them",
    "jackknife": "one language left out at a time",
    "mrqap": "languages permuted, double semi-partialling",
    "mantel": "this factor alone, languages permuted; the estimate is a correlation",
}


def standardised(dyads: Dyads) -> np.ndarray:
    """[n, 1 + k]: a column of ones, and features with mean 0 and variance 1."""
    features = dyads.features - dyads.features.mean(axis=0)
    return np.column_stack([np.ones(len(dyads)), features / features.std(axis=0)])


def dyadic_covariance(design: np.ndarray, residual: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Covariance [k, k] of least squares coefficients that allows for any two pairs which share a language (Aronow, Samii &
    Assenova 2015): B [sum_n s_n s_n' - sum_d s_d s_d'] B with B = (X'X)^-1, s_n the summed scores of rows touching language n,
    s_d those of the rows of pair d. Need not be positive where languages are few."""
    scores = design * residual[:, None]
    size = int(max(first.max(), second.max())) + 1
    nodes = np.zeros((size, design.shape[1]))
    np.add.at(nodes, first, scores)
    np.add.at(nodes, second, scores)
    pair = np.minimum(first, second) * size + np.maximum(first, second)
    numbers = np.unique(pair, return_inverse=True)[1]
    dyads = np.zeros((numbers.max() + 1, design.shape[1]))
    np.add.at(dyads, numbers, scores)
    bread = np.linalg.inv(design.T @ design)
    return bread @ (nodes.T @ nodes - dyads.T @ dyads) @ bread


def jackknife(dyads: Dyads) -> np.ndarray:
    """Standard errors [1 + k] from leaving out a language at a time, features scaled as in the whole (it counts noise of single
    pairs twice, so it errs on the wide side)."""
    design, size = standardised(dyads), len(dyads.languages)
    found = []
    for language in range(size):
        keep = ~dyads.touching(language)
        found.append(np.linalg.lstsq(design[keep], dyads.outcome[keep], rcond=None)[0])
    return np.sqrt((size - 1) / size * np.sum((np.array(found) - np.mean(found, axis=0)) ** 2, axis=0))


def coefficients(dyads: Dyads, permutations: int = 2000, seed: int = 0) -> pl.DataFrame:
    """Least squares on all features of the pairs; one row a feature and method.

    Columns: feature, method (hc0, hc3, dyadic, jackknife, mrqap, mantel), estimate (accuracy for one standard deviation of the
    feature; for mantel a correlation), se, low, high (95 %; blank for permutation tests, and where a dyadic variance is not
    positive), p (two-sided), vif, note. Normal quantiles for hc0, Student's t with n - k - 1 degrees of freedom for hc3, with L -
    1 for dyadic and jackknife. Raises ValueError where a feature is a combination of others.
    """
    import statsmodels.api as sm

    factors = inflation(dyads.features)
    if not np.all(np.isfinite(factors)):
        doubled = ", ".join(name for name, value in zip(dyads.names, factors, strict=True) if not np.isfinite(value))
        raise ValueError(f"these features say the same thing: {doubled}; leave one of them out")
    design, size = standardised(dyads), len(dyads.languages)
    fitted = sm.OLS(dyads.outcome, design).fit()
    covariance = dyadic_covariance(design, fitted.resid, dyads.first, dyads.second)
    variance = np.diag(covariance)
    errors = {
        "hc0": (fitted.HC0_se, np.inf),
        "hc3": (fitted.HC3_se, fitted.df_resid),
        "dyadic": (np.sqrt(np.where(variance > 0, variance, np.nan)), size - 1),
        "jackknife": (jackknife(dyads), size - 1),
    }
    _, p = mrqap(dyads, permutations, seed)
    rows = []
    for j, name in enumerate(dyads.names):
        estimate = fitted.params[j + 1]
        shared = {"feature": name, "estimate": estimate, "vif": factors[j]}
        for method, (se, degrees) in errors.items():
            half = stats.t.ppf((1 + LEVEL) / 2, degrees) * se[j + 1]
            chance = 2 * stats.t.sf(abs(estimate) / se[j + 1], degrees)
            ends = {"low": estimate - half, "high": estimate + half}
            rows.append({**shared, "method": method, "se": se[j + 1], **ends, "p": chance})
        rows.append({**shared, "method": "mrqap", "p": p[j]})
        r, chance = mantel(*(dyads.square(values) for values in (dyads.features[:, j], dyads.outcome)), permutations, seed=seed)
        rows.append({**shared, "method": "mantel", "estimate": r, "p": chance})
    table = pl.DataFrame(rows, infer_schema_length=None).with_columns(note=pl.col("method").replace_strict(NOTES))
    return table.select("feature", "method", "estimate", "se", "low", "high", "p", "vif", "note").fill_nan(None)
