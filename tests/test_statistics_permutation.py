"""Tests that permute languages."""

import itertools

import numpy as np
import pytest
import statsmodels.api as sm

from isogloss.statistics.coefficients import standardised
from isogloss.statistics.mantel import mantel, node_permutations, p_value
from isogloss.statistics.mrqap import mrqap
from isogloss.statistics.pairs import Dyads


def square(lower: list[float]) -> np.ndarray:
    """A symmetric matrix from its upper triangle, row by row."""
    size = int((1 + np.sqrt(1 + 8 * len(lower))) / 2)
    matrix = np.zeros((size, size))
    matrix[np.triu_indices(size, 1)] = lower
    return matrix + matrix.T


def test_mantel_of_known_matrices():
    one, other = square([0.2, 0.4, 0.3, 0.6, 0.9, 0.4]), square([0.3, 0.3, 0.2, 0.7, 0.8, 0.3])
    r, p = mantel(one, other, tail="upper")
    assert r == pytest.approx(0.9148936, abs=1e-7)
    assert p == pytest.approx(1 / 24)
    r, _ = mantel(np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]]), np.array([[0, 2, 7], [2, 0, 6], [7, 6, 0]]))
    assert r == pytest.approx(0.7559289, abs=1e-7)


def test_drawn_permutations_agree_with_all():
    rng = np.random.default_rng(3)
    place = rng.random(7)
    one = np.abs(place[:, None] - place)
    other = one + square(list(0.6 * rng.random(21)))
    r, exact = mantel(one, other, permutations=5040)
    again, drawn = mantel(one, other, permutations=4000)
    assert r == again
    assert drawn == pytest.approx(exact, abs=0.01)


def test_asymmetric_matrices_keep_their_direction():
    rng = np.random.default_rng(0)
    matrix = rng.random((5, 5))
    assert mantel(matrix, matrix)[0] == pytest.approx(1)
    assert mantel(matrix, matrix.T)[0] < 0.9


def test_mantel_of_nothing_is_refused():
    with pytest.raises(ValueError, match="without differences"):
        mantel(np.ones((4, 4)), square([1, 2, 3, 4, 5, 6]))
    with pytest.raises(ValueError, match="no tail 'both'"):
        mantel(square([1, 2, 3]), square([1, 2, 3]), tail="both")


def test_permutations_and_p():
    orders, exact = node_permutations(4, 24)
    assert exact
    assert len({tuple(order) for order in orders}) == 24
    drawn, exact = node_permutations(5, 100)
    assert not exact
    assert (np.sort(drawn, axis=1) == np.arange(5)).all()
    assert p_value(2.0, np.array([1.0, 2.0, -3.0, 0.0]), True, "two-sided") == 0.5
    assert p_value(2.0, np.array([1.0, 2.0, -3.0, 0.0]), False, "upper") == pytest.approx(2 / 5)


def made_up(rng: np.random.Generator, size: int) -> Dyads:
    """Symmetrised pairs without any true effect: outcome and first feature have language effects of their own."""
    first, second = np.triu_indices(size, 1)
    own, other, place = rng.normal(size=(3, size))
    features = np.column_stack([other[first] + other[second], np.abs(place[first] - place[second])])
    outcome = own[first] + own[second] + rng.normal(size=len(first))
    return Dyads(tuple(f"l{i}" for i in range(size)), first, second, outcome, features, ("shares", "distance"))


def test_mrqap_by_refitting_every_permutation():
    data = made_up(np.random.default_rng(0), 5)
    t, p = mrqap(data, permutations=120)
    assert t == pytest.approx(sm.OLS(data.outcome, sm.add_constant(data.features)).fit().tvalues[1:])
    others = sm.add_constant(data.features[:, 1])
    residual = data.square(sm.OLS(data.features[:, 0], others).fit().resid)
    refitted = [
        sm.OLS(data.outcome, np.column_stack([others, residual[np.ix_(order, order)][data.first, data.second]])).fit().tvalues[-1]
        for order in map(list, itertools.permutations(range(5)))
    ]
    assert p[0] == pytest.approx(np.mean(np.abs(refitted) >= abs(t[0]) - 1e-10))


def test_mrqap_wants_all_pairs():
    data = made_up(np.random.default_rng(0), 6)
    with pytest.raises(ValueError, match="14 rows are not all pairs of 6 languages"):
        mrqap(data.rows(np.arange(14)))


def test_false_positives():
    """No true effect, strong effects of languages: whoever takes pairs as independent finds something half of the time."""
    rng = np.random.default_rng(0)
    naive, permuted, draws = 0, 0, 300
    for _ in range(draws):
        data = made_up(rng, 17)
        naive += sm.OLS(data.outcome, standardised(data)).fit(cov_type="HC0").pvalues[1] < 0.05
        permuted += mrqap(data, 199)[1][0] < 0.05
    assert naive / draws > 0.35
    assert permuted / draws == pytest.approx(0.05, abs=0.035)  # 2.8 standard errors
