"""Multiple regression on matrices with permuted languages: double semi-partialling (Dekker, Krackhardt & Snijders 2007)."""

import numpy as np

from isogloss.statistics.mantel import chunks, node_permutations, p_value
from isogloss.statistics.pairs import Dyads


def mrqap(dyads: Dyads, permutations: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(t [k], p [k], two-sided) of each feature of symmetrised or directed pairs, of which none is missing.

    Each feature's residuals on the others are permuted by language, and the t statistic of their coefficient is compared with the
    one measured; exact where L! is at most `permutations`.
    """
    size, rows = len(dyads.languages), len(dyads)
    orders, exact = node_permutations(size, permutations, seed)
    count = dyads.features.shape[1]
    observed, p = np.empty(count), np.empty(count)
    for j in range(count):
        others = np.column_stack([np.ones(rows), np.delete(dyads.features, j, axis=1)])
        basis = np.linalg.qr(others)[0]
        outcome = dyads.outcome - basis @ (basis.T @ dyads.outcome)
        residual = dyads.features[:, j] - basis @ (basis.T @ dyads.features[:, j])
        square = dyads.square(residual)

        def statistic(columns: np.ndarray, basis=basis, outcome=outcome) -> np.ndarray:
            columns = columns - basis @ (basis.T @ columns)  # what permuted residuals share with the other features again
            norm = np.sum(columns**2, axis=0)
            product = outcome @ columns
            left = outcome @ outcome - product**2 / norm
            return product / np.sqrt(norm * left / (rows - basis.shape[1] - 1))

        observed[j] = statistic(residual[:, None])[0]
        drawn = [statistic(square[part[:, dyads.first], part[:, dyads.second]].T) for part in chunks(orders, rows)]
        p[j] = p_value(observed[j], np.concatenate(drawn), exact, "two-sided")
    return observed, p
