"""Transfer matrices and their intervals."""

import numpy as np
import polars as pl
import pytest

from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means, resampling_weights
from isogloss.measures.transfer import accuracy_by_language, cells, correctness, margins, matrix

CODES = ["eng", "spa", "zul"]


def scored(values: np.ndarray, taught: bool = True) -> pl.DataFrame:
    """A score table from right answers [taught, asked, item] (or [asked, item])."""
    values = values if taught else values[None]
    rows = [
        {
            "taught_in": CODES[a] if taught else None,
            "asked_in": CODES[b],
            "item": f"q{i:03}",
            "seed": 1,
            "state": "answered",
            "correct": bool(values[a, b, i]),
            "chance": 0.1,
            "alike": a == b,
        }
        for a, b, i in np.ndindex(values.shape)
    ]
    return pl.DataFrame(rows)


@pytest.fixture
def truth():
    return np.random.default_rng(1).random((3, 3, 200)) < np.array([[0.9, 0.5, 0.1], [0.5, 0.9, 0.1], [0.2, 0.2, 0.6]])[..., None]


def test_cells_and_matrix(truth):
    untaught = np.zeros((3, 200), dtype=bool)
    untaught[:, :20] = True
    table = cells(scored(truth), scored(untaught, taught=False), CODES, 500)
    assert table["accuracy"].to_numpy().reshape(3, 3) == pytest.approx(truth.mean(axis=-1))
    assert table["untaught"].to_list() == pytest.approx([0.1] * 9)
    assert table["n"].to_list() == [200] * 9
    square = matrix(table)
    assert square.columns == ["taught_in", *CODES]
    assert square.drop("taught_in").to_numpy() == pytest.approx(truth.mean(axis=-1))
    # a bootstrap of a mean is close to the normal approximation
    p = truth.mean(axis=-1).flatten()
    half = 1.96 * np.sqrt(p * (1 - p) / 200)
    assert table["low"].to_numpy() == pytest.approx(p - half, abs=0.02)
    assert table["high"].to_numpy() == pytest.approx(p + half, abs=0.02)


def test_cells_are_split_by_answers_spelled_alike(truth):
    alike = pl.col("item").str.slice(1).str.to_integer() < 50
    untaught = np.zeros((3, 200), dtype=bool)
    table = cells(scored(truth).with_columns(alike=alike), scored(untaught, taught=False), CODES, 100)
    assert table["alike"].to_list() == pytest.approx([0.25] * 9)
    assert table["accuracy_alike"].to_numpy().reshape(3, 3) == pytest.approx(truth[..., :50].mean(axis=-1))
    assert table["accuracy_unlike"].to_numpy().reshape(3, 3) == pytest.approx(truth[..., 50:].mean(axis=-1))
    same = cells(scored(truth), scored(untaught, taught=False), CODES, 100)
    assert same.filter(taught_in="eng", asked_in="eng")["accuracy_unlike"].to_list() == [None]


def test_the_order_of_rows_does_not_matter(truth):
    shuffled = scored(truth).sample(fraction=1, shuffle=True, seed=3)
    assert np.array_equal(correctness(shuffled, CODES, "taught_in")[0][..., 0], truth.astype(float))


def test_seeds_are_averaged_and_widen_the_interval(truth):
    """Seeds that agree say nothing new; between seeds that contradict each other every mean from 0 to 1 is drawn."""
    untaught = scored(np.zeros((3, 200), dtype=bool), taught=False)
    second = pl.lit(2, dtype=pl.Int64).alias("seed")
    one, agreeing, contradicting = (
        cells(pl.concat([scored(truth), *(scored(other).with_columns(second) for other in others)]), untaught, CODES, 500)
        for others in ([], [truth], [~truth])
    )
    ends = ["accuracy", "low", "high"]
    assert agreeing.select(ends).to_numpy() == pytest.approx(one.select(ends).to_numpy())
    assert contradicting["accuracy"].to_list() == pytest.approx([0.5] * 9)
    own = contradicting.row(0, named=True)
    assert own["low"] < 0.15
    assert own["high"] > 0.85


def test_margins_leave_the_diagonal_out(truth):
    table = margins(scored(truth), CODES, 500)
    means = truth.mean(axis=-1)
    expected = [(means[i].sum() - means[i, i]) / 2 for i in range(3)]
    expected += [(means[:, i].sum() - means[i, i]) / 2 for i in range(3)]
    assert table["accuracy"].to_list() == pytest.approx(expected)
    assert table["direction"].to_list() == ["taught"] * 3 + ["asked"] * 3
    assert (table["low"] <= table["accuracy"]).all()
    assert (table["high"] >= table["accuracy"]).all()


def test_a_missing_answer_is_named(truth):
    table = scored(truth).filter(~((pl.col("taught_in") == "spa") & (pl.col("asked_in") == "zul") & (pl.col("item") == "q007")))
    with pytest.raises(ValueError, match=r"spa / zul / q007 \(seed 1\)"):
        correctness(table, CODES, "taught_in")


def test_other_items_for_the_untaught_model_are_refused(truth):
    with pytest.raises(ValueError, match="other items"):
        cells(scored(truth), scored(truth[0, :, :100], taught=False), CODES, 10)


def test_accuracy_by_language(truth):
    table = accuracy_by_language(scored(truth[0], taught=False), CODES, 500)
    assert table["language"].to_list() == CODES
    assert table["accuracy"].to_numpy() == pytest.approx(truth[0].mean(axis=-1))


def test_resampling_weights_are_resamples():
    weights = resampling_weights(50, 400, np.random.default_rng(0))
    assert weights.shape == (400, 50)
    assert weights.sum(axis=1) == pytest.approx(np.ones(400))
    assert weights.mean(axis=0) == pytest.approx(np.full(50, 0.02), abs=0.005)


def test_crossed_weights_are_products():
    weights = crossed_weights((4, 1, 3), 50, np.random.default_rng(0))
    assert weights.shape == (50, 4, 1, 3)
    assert weights.sum(axis=(1, 2, 3)) == pytest.approx(np.ones(50))
    items, seeds = weights.sum(axis=(2, 3)), weights.sum(axis=(1, 2))
    assert weights[:, :, 0] == pytest.approx(items[:, :, None] * seeds[:, None])
    values = np.random.default_rng(1).random((5, 4, 1, 3))
    assert resampled_means(values, weights) == pytest.approx(np.einsum("vijk,rijk->rv", values, weights))


def test_an_interval_ignores_resamples_without_a_value():
    low, high = percentile_interval(np.array([[np.nan], *[[v] for v in range(101)]]))
    assert (low[0], high[0]) == pytest.approx((2.5, 97.5))
