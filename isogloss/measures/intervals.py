"""Bootstrap intervals. Resamples are shared by every number of a table, so comparisons within it are paired."""

import numpy as np

LEVEL = 0.95


def resampling_weights(size: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `size` units is drawn in each resample, as weights that sum to 1: [resamples, size]."""
    return rng.multinomial(size, np.full(size, 1 / size), size=resamples) / size


def percentile_interval(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the central 95 % of `samples` [resamples, ...], resamples without a value left out."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.nanpercentile(samples, [tail, 100 - tail], axis=0)
    return low, high
