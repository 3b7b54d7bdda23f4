"""Outcomes per language, and models of single answers."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.special import expit, logsumexp

from isogloss.statistics import mixed
from isogloss.statistics.coefficients import standardised
from isogloss.statistics.disparity import disparity, outcomes
from isogloss.statistics.mixed import Answers, count_answers, item_model
from isogloss.statistics.pairs import Dyads


def test_outcomes_of_each_measure():
    curve = pl.DataFrame({"language": ["a", "a", "b", "b"], "epoch": [0, 3, 0, 3], "accuracy": [0.1, 0.9, 0.0, 0.5]})
    tuned = pl.DataFrame({"language": ["a"] * 3, "epoch": [0, 1, 2], "accuracy": [1.0, 0.6, 0.4]})
    context = pl.DataFrame({"language": ["b", "c"], "epoch": [0, 0], "kept": [0.8, None]})
    assert outcomes(curve, tuned, context).sort("language").rows() == [
        ("a", 0.9, 0.5, None),
        ("b", 0.5, None, 0.8),
        ("c", None, None, None),
    ]
    assert outcomes(in_context=context).columns == ["language", "robustness_in_context"]
    with pytest.raises(ValueError, match="no measure"):
        outcomes()


def test_disparity():
    table = pl.DataFrame(
        {
            "language": list("abcdefgh"),
            "effectiveness": [0.9, 0.8, 0.7, 0.75, 0.4, 0.5, 0.2, 0.1],
            "robustness_in_context": [0.1, 0.9, None, None, None, None, None, 0.3],
            "log_share": [8.0, 7, 6, 5, 4, 3, 2, 1],
            "optimised": [True] * 8,
        }
    )
    by_pair = {(row["outcome"], row["factor"]): row for row in disparity(table, ["log_share", "optimised"]).iter_rows(named=True)}
    share = by_pair["effectiveness", "log_share"]
    # two neighbours are swapped twice: rho = 1 - 6 * 4 / (8 * 63)
    assert share["rho"] == pytest.approx(1 - 6 * 4 / (8 * 63))
    assert share["low"] < share["rho"] < share["high"] <= 1
    assert share["p_holm"] == share["p"]  # the only test of the table: the others cannot be made
    assert by_pair["effectiveness", "optimised"]["note"] == "the same for all languages"
    assert by_pair["robustness_in_context", "log_share"]["note"] == "fewer than 4 languages"
    assert by_pair["robustness_in_context", "log_share"]["n"] == 3


TRUTH = np.array([0.5, 0.5, -0.5])


def simulated(size: int, items: int, seed: int, sizes=(1.0, 0.6, 0.8, 0.3)) -> tuple[Answers, Dyads]:
    """Answers with known coefficients of a source's, a target's and a pair's feature, and effects of known sizes."""
    rng = np.random.default_rng(seed)
    first, second = np.nonzero(~np.eye(size, dtype=bool))
    own = rng.normal(size=(size, 2))
    features = np.column_stack([own[first, 0], own[second, 0], np.abs(own[first, 1] - own[second, 1])])
    data = Dyads(
        tuple(f"l{i}" for i in range(size)), first, second, np.zeros(len(first)), features, ("source", "target", "distance")
    )
    item, source, target, pair = (scale * rng.normal(size=(size, max(size, items))) for scale in sizes)
    pairs = np.triu(pair[:, :size], 1)
    odds = standardised(data)[:, 1:] @ TRUTH + source[0, first] + target[0, second] + (pairs + pairs.T)[first, second]
    right = (rng.random((len(first), items)) < expit(odds[:, None] + item[0, :items])).astype(float)
    return Answers(right, np.ones_like(right)), data


def test_item_model_finds_what_was_put_in():
    """Intervals hold the truth about as often as they promise, for features of languages too."""
    hits, sizes = [], []
    for seed in range(12):
        table, deviations = item_model(*simulated(8, 20, seed))
        hits.append((table["low"].to_numpy() < TRUTH) & (table["high"].to_numpy() > TRUTH))
        sizes.append(deviations["item"])
    assert np.mean(hits) >= 0.85
    assert np.mean(sizes) == pytest.approx(1, abs=0.25)


def test_without_effects_it_is_a_logistic_regression(monkeypatch):
    monkeypatch.setattr(mixed, "BOUNDS", (-9.0, -9.0))
    answers, data = simulated(6, 10, 1, (0, 0, 0, 0))
    table, _ = item_model(answers, data)
    counts = np.column_stack([answers.right.sum(axis=1), (answers.asked - answers.right).sum(axis=1)])
    plain = sm.GLM(counts, standardised(data), family=sm.families.Binomial()).fit()
    assert table["estimate"].to_list() == pytest.approx(plain.params[1:], abs=1e-4)
    assert table["se"].to_list() == pytest.approx(plain.bse[1:], rel=1e-3)


def test_likelihood_by_quadrature():
    """With effects of items only, the integral over each item's effect can be taken by Gauss-Hermite quadrature."""
    answers, data = simulated(5, 12, 2, (0.8, 0, 0, 0))
    cells = standardised(data)
    start = np.zeros(cells.shape[1] + 12)
    deviance, point, _ = mixed._laplace(np.array([0.8, 1, 1, 1]), answers, cells, np.array([], dtype=int), 4, start)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    odds = (cells @ point[:4])[:, None, None] + 0.8 * nodes
    each = (answers.right[..., None] * odds - answers.asked[..., None] * np.logaddexp(0, odds)).sum(axis=0)
    exact = -2 * logsumexp(each + np.log(weights / np.sqrt(2 * np.pi)), axis=1).sum()
    assert deviance == pytest.approx(exact, rel=0.002)


def test_answers_are_counted_by_pair_and_item():
    _, data = simulated(3, 2, 0)
    rows = [("l0", "l1", "q1", True), ("l0", "l1", "q1", False), ("l0", "l1", "q2", True), ("l0", "l0", "q2", True)]
    rest = [(data.languages[a], data.languages[b], "q1", False) for a, b in zip(data.first[1:], data.second[1:], strict=True)]
    schema = ["taught_in", "asked_in", "item", "correct"]
    counted = count_answers(pl.DataFrame(rows + rest, schema=schema, orient="row"), data)
    assert counted.right[0].tolist() == [1, 1]
    assert counted.asked[0].tolist() == [2, 1]
    assert counted.asked[1].tolist() == [1, 0]
    with pytest.raises(ValueError, match="no answers for l2 -> l0, l2 -> l1"):
        count_answers(pl.DataFrame(rows + rest[:3], schema=schema, orient="row"), data)


def test_many_languages_are_drawn_from(monkeypatch):
    monkeypatch.setattr(mixed, "MOST_LANGUAGES", 4)
    table, _ = item_model(*simulated(6, 5, 0))
    assert "4 of 6 languages, drawn at random" in table["note"][0]
