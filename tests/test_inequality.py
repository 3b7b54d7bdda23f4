"""Indices of inequality against published values, and means by tier."""

import numpy as np
import polars as pl
import pytest

from isogloss.measures.inequality import atkinson, by_language, corrected, gini, indices, inequality, theil, tier_means

X = np.array([0.9, 0.8, 0.7, 0.5, 0.2])
CODES, TIER = ["eng", "fra", "swa", "zul"], {"eng": "high", "fra": "high", "swa": "low", "zul": "low"}


def test_indices_have_their_published_values():
    assert gini(X) == pytest.approx(0.219355, abs=1e-6)
    assert theil(X) == pytest.approx(0.093690, abs=1e-6)
    assert atkinson(X, 0.5) == pytest.approx(0.051597, abs=1e-6)
    assert atkinson(X, 1) == pytest.approx(0.112651, abs=1e-6)
    assert atkinson(np.array([0.9, 0.0]), 1) == 1
    assert theil(np.array([0.5, 0.0])) == pytest.approx(np.log(2))


def test_equal_languages_are_equal():
    found = indices(np.full(4, 0.3), ["high", "high", "low", "low"])
    assert [found[name] for name in ("gini", "theil", "atkinson_0.5", "atkinson_1", "range")] == pytest.approx([0] * 5, abs=1e-12)
    assert found["worst"] == pytest.approx(0.3)
    assert found["low_to_high"] == pytest.approx(1)
    assert "low_to_high" not in indices(np.full(2, 0.3), ["high", "medium"])


def test_many_samples_at_once_are_as_one_by_one():
    samples = np.random.default_rng(0).random((5, 4))
    together = indices(samples, list(TIER.values()))
    for i, sample in enumerate(samples):
        for name, value in indices(sample, list(TIER.values())).items():
            assert together[name][i] == pytest.approx(value)


def test_correction_for_what_was_known():
    assert corrected(np.array([0.6, 0.1, 1.0]), np.array([0.2, 0.2, 1.0])) == pytest.approx([0.5, 0, 0])


def test_scores_by_language():
    found = by_language(np.array([[0.9, 0.1, 0.3], [0.5, 0.8, 0.7], [0.0, 0.2, 0.6]]))
    assert found["learned"] == pytest.approx([0.9, 0.8, 0.6])
    assert found["given"] == pytest.approx([0.2, 0.6, 0.1])
    assert found["received"] == pytest.approx([0.25, 0.15, 0.5])


def table(accuracy: np.ndarray, items: int = 40) -> pl.DataFrame:
    """Answers with about these accuracies [taught, asked]."""
    rng = np.random.default_rng(1)
    return pl.DataFrame(
        [
            {"taught_in": a, "asked_in": b, "item": f"q{k:02}", "seed": 1, "correct": bool(rng.random() < accuracy[i, j])}
            for i, a in enumerate(CODES)
            for j, b in enumerate(CODES)
            for k in range(items)
        ]
    )


UNTAUGHT = table(np.full((4, 4), 0.1)).filter(taught_in="eng").drop("taught_in")


def test_inequality_between_languages():
    accuracy = np.array([[1, 0.9, 0.2, 0.1], [0.9, 1, 0.2, 0.1], [0.3, 0.3, 0.6, 0.2], [0.3, 0.3, 0.2, 0.4]])
    found = inequality(table(accuracy), UNTAUGHT, CODES, TIER, resamples=300)
    assert len(found) == 2 * 3 * 7
    value = {(r["score"], r["corrected"], r["index"]): r for r in found.iter_rows(named=True)}
    assert value["learned", False, "low_to_high"]["value"] == pytest.approx(0.5, abs=0.15)
    assert value["learned", True, "gini"]["value"] > value["learned", False, "gini"]["value"], "guessing hides inequality"
    assert (found["low"] <= found["high"]).all()
    nothing = inequality(table(np.zeros((4, 4))), UNTAUGHT, CODES, TIER, resamples=20)
    assert nothing.filter(index="gini")["value"].to_list() == [None] * 6, "of nothing there is no inequality"


def two_seeds(one: pl.DataFrame) -> pl.DataFrame:
    """Another seed, in which everything is wrong."""
    return pl.concat([one, one.with_columns(pl.lit(2, dtype=pl.Int64).alias("seed"), correct=pl.lit(False))])


def test_seeds_are_averaged():
    """Of scores half as high inequality is the same, and means are half as high."""
    scores = table(np.full((4, 4), 0.8))
    untaught = UNTAUGHT.with_columns(seed=0)
    one, both = (inequality(each, untaught, CODES, TIER, resamples=200) for each in (scores, two_seeds(scores)))
    is_share = pl.col("index").is_in(["gini", "theil", "low_to_high"]) & ~pl.col("corrected")
    assert both.filter(is_share)["value"].to_list() == pytest.approx(one.filter(is_share)["value"].to_list())
    worst = both.filter(pl.col("index") == "worst", ~pl.col("corrected")).row(0, named=True)
    assert worst["value"] == pytest.approx(one.filter(pl.col("index") == "worst")["value"][0] / 2)
    assert worst["low"] == 0, "the seed that is wrong may be drawn twice"
    means, halves = (tier_means(each, CODES, TIER, resamples=200) for each in (scores, two_seeds(scores)))
    assert halves["accuracy"].to_list() == pytest.approx((means["accuracy"] / 2).to_list())
    assert halves["low"].to_list() == [0] * 4


def test_means_by_tier():
    accuracy = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0.0, 0, 0, 0], [0, 0, 0, 1]])
    found = tier_means(table(accuracy), CODES, TIER, resamples=300)
    rows = {(r["taught_tier"], r["asked_tier"]): (r["accuracy"], r["pairs"]) for r in found.iter_rows(named=True)}
    assert rows == {("high", "high"): (1, 2), ("high", "low"): (0, 4), ("low", "high"): (0, 4), ("low", "low"): (0, 2)}
    alone = tier_means(
        table(accuracy).filter(pl.col("asked_in") != "fra", pl.col("taught_in") != "fra"), ["eng", "swa", "zul"], TIER, 50
    )
    assert ("high", "high") not in alone.select("taught_tier", "asked_tier").rows()
