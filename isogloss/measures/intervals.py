"""Bootstrap intervals. Resamples are shared by every number of a table, so comparisons within it are paired."""

import warnings
from collections.abc import Iterable

import numpy as np

LEVEL = 0.95


def resampling_weights(size: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `size` units is drawn in each resample, as weights that sum to 1: [resamples, size]."""
    return rng.multinomial(size, np.full(size, 1 / size), size=resamples) / size


def crossed_weights(sizes: Iterable[int], resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Weights [resamples, *sizes] of every combination of units of several kinds (items and seeds, say), each kind resampled
    on its own (the product-weight bootstrap of Owen & Eckles 2012). Those of a resample sum to 1; a kind with one unit adds
    nothing."""
    weights = np.ones(resamples)
    for size in sizes:
        drawn = resampling_weights(size, resamples, rng)
        weights = weights[..., None] * drawn.reshape(resamples, *[1] * (weights.ndim - 1), size)
    return weights


def resampled_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Means of `values` [..., *units] under `weights` [resamples, *units]: [resamples, ...]."""
    units = weights.ndim - 1
    return np.tensordot(weights, values, axes=(range(1, units + 1), range(values.ndim - units, values.ndim)))


def percentile_interval(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the central 95 % of `samples` [resamples, ...], NaN left out (and NaN where all of them are)."""
    tail = 100 * (1 - LEVEL) / 2
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # numpy warns of what is NaN throughout
        low, high = np.nanpercentile(samples, [tail, 100 - tail], axis=0)
    return low, high
