"""A linear mixed model of directed pairs: what a language adds as a source and as a target is random.

y = X b + u[source] + v[target] + e, with u ~ N(0, s2 gu K), v ~ N(0, s2 gv K), e ~ N(0, s2), where K is the identity, or the
kinship of the languages, by which the effect of a language never seen is predicted from its relatives (kriging). Restricted
maximum likelihood (Patterson & Thompson 1971), with all products taken in the space of the languages, so that it stays quick.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from isogloss.statistics.pairs import Dyads

BOUNDS = (-8.0, 6.0)  # of the logarithm of a variance of effects over that of the residual


@dataclass(frozen=True)
class Effects:
    """A fitted model."""

    mean: np.ndarray  # of the features, and their scale
    scale: np.ndarray
    coefficients: np.ndarray
    fixed_covariance: np.ndarray  # of the coefficients
    effects: np.ndarray  # [2 L], those of sources first
    posterior: np.ndarray  # [2 L, 2 L] covariance of the effects, the coefficients given
    pulled: np.ndarray  # [2 L, k + 1]: how effects answer to coefficients
    variance: float  # of the residual

    def predict(self, dyads: Dyads) -> tuple[np.ndarray, np.ndarray]:
        """Means and standard deviations [n] of new measurements, of languages seen or not."""
        design, members = _design(dyads, self.mean, self.scale), _members(dyads).toarray()
        mean = design @ self.coefficients + members @ self.effects
        gap = design - members @ self.pulled
        spread = _quadratic(members, self.posterior) + _quadratic(gap, self.fixed_covariance) + self.variance
        return mean, np.sqrt(spread)


def _design(dyads: Dyads, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(dyads)), (dyads.features - mean) / scale])


def _members(dyads: Dyads) -> csr_array:
    size, rows = len(dyads.languages), np.arange(len(dyads))
    places = np.concatenate([rows, rows]), np.concatenate([dyads.first, size + dyads.second])
    return csr_array((np.ones(2 * len(dyads)), places), shape=(len(dyads), 2 * size))


def _quadratic(rows: np.ndarray, square: np.ndarray) -> np.ndarray:
    return np.einsum("ni,ij,nj->n", rows, square, rows, optimize=True)


def fit_effects(dyads: Dyads, related: bool) -> Effects:
    """Fit to directed pairs; `related` takes effects as correlated by kinship, else as independent."""
    size, rows = len(dyads.languages), len(dyads)
    if related and dyads.kinship is None:
        raise ValueError("effects correlated by kinship need one of the distances between languages")
    root = np.eye(size)
    if related:
        values, vectors = np.linalg.eigh(dyads.kinship)
        root = vectors * np.sqrt(np.maximum(values, 0))
    mean, scale = dyads.features.mean(axis=0), dyads.features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design, members = _design(dyads, mean, scale), _members(dyads)
    spread = np.kron(np.eye(2), root)
    zz = spread.T @ (members.T @ members).toarray() @ spread
    zw = spread.T @ (members.T @ np.column_stack([design, dyads.outcome]))
    ww = np.column_stack([design, dyads.outcome])
    ww = ww.T @ ww
    k = design.shape[1]

    def solve(logs: np.ndarray) -> tuple:
        weights = np.repeat(np.exp(logs / 2), size)
        inner = np.linalg.cholesky(np.eye(2 * size) + weights[:, None] * zz * weights)
        half = np.linalg.solve(inner, weights[:, None] * zw)
        products = ww - half.T @ half  # of (X, y) under the inverse of the covariance over s2
        outer = np.linalg.cholesky(products[:k, :k])
        coefficients = np.linalg.solve(products[:k, :k], products[:k, k])
        variance = (products[k, k] - products[:k, k] @ coefficients) / (rows - k)
        deviance = (rows - k) * np.log(variance) + 2 * np.log(np.diag(inner)).sum() + 2 * np.log(np.diag(outer)).sum()
        return deviance, weights, inner, coefficients, products[:k, :k], variance

    best = minimize(lambda logs: solve(logs)[0], np.zeros(2), method="L-BFGS-B", bounds=[BOUNDS] * 2)
    _, weights, inner, coefficients, information, variance = solve(best.x)
    basis = spread * weights
    inverse = np.linalg.inv(inner @ inner.T)
    pulled = basis @ inverse @ (weights[:, None] * zw)
    return Effects(
        mean,
        scale,
        coefficients,
        variance * np.linalg.inv(information),
        pulled[:, k] - pulled[:, :k] @ coefficients,
        variance * basis @ inverse @ basis.T,
        pulled[:, :k],
        variance,
    )
