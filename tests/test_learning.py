"""Learning curves and how soon a language is learned."""

import numpy as np
import polars as pl
import pytest

from isogloss.measures.learning import curve, epochs_until, speed, speed_by_tier


def scores(rights: dict[str, list[list[int]]], first_epoch: int) -> pl.DataFrame:
    """A table of answers from [epoch][item] verdicts by language."""
    rows = [
        {
            "asked_in": code,
            "epoch": first_epoch + e,
            "item": f"q{i}",
            "seed": 1,
            "correct": bool(right),
            "chance": 0.25,
            "state": "answered",
        }
        for code, epochs in rights.items()
        for e, items in enumerate(epochs)
        for i, right in enumerate(items)
    ]
    return pl.DataFrame(rows)


UNTAUGHT = scores({"eng": [[0, 0, 0, 0]], "zul": [[0, 0, 0, 0]]}, 0)
TAUGHT = scores({"eng": [[1, 1, 1, 0], [1, 1, 1, 1]], "zul": [[0, 0, 0, 0], [0, 1, 0, 0]]}, 1)


def test_a_curve_begins_untaught():
    table = curve(TAUGHT, UNTAUGHT, ["eng", "zul"], resamples=500)
    assert table["accuracy"].to_list() == [0, 0.75, 1, 0, 0, 0.25]
    assert table["epoch"].to_list() == [0, 1, 2] * 2
    assert set(table["chance"]) == {0.25}
    assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()
    assert table.row(1, named=True)["low"] < 0.75 < table.row(1, named=True)["high"]


def test_seeds_share_the_untaught_model():
    both = pl.concat([TAUGHT, TAUGHT.with_columns(pl.lit(2, dtype=pl.Int64).alias("seed"), correct=~pl.col("correct"))])
    table = curve(both, UNTAUGHT.with_columns(seed=0), ["eng", "zul"], resamples=500)
    assert table["accuracy"].to_list() == [0, 0.5, 0.5, 0, 0.5, 0.5]


def test_epochs_are_interpolated():
    accuracy = np.array([[0.0, 0.4, 0.0], [0.4, 0.4, 0.0], [0.8, 0.4, 0.0]])
    assert epochs_until(accuracy, [0, 1, 2], 0.5)[:2] == pytest.approx([1.0, 0.0])
    assert epochs_until(accuracy, [0, 1, 2], 0.75)[0] == pytest.approx(1.5)
    assert np.isnan(epochs_until(accuracy, [0, 1, 2], 0.5)[2]), "what is never learned has no speed"


def test_a_gap_between_epochs_is_not_guessed():
    """A model behind an interface may have its last epoch alone."""
    table = speed(TAUGHT.with_columns(epoch=pl.col("epoch") + 3), UNTAUGHT, ["eng", "zul"], resamples=50)
    assert table["accuracy"].to_list() == [1, 0.25]
    assert table["epochs_to_half"].null_count() == 2


def test_speed_of_a_language():
    table = speed(TAUGHT, UNTAUGHT, ["eng", "zul"], resamples=500)
    assert table["accuracy"].to_list() == [1, 0.25]
    assert table["epochs_to_half"].to_list() == pytest.approx([2 / 3, 1.5])
    assert table["epochs_to_80_percent"].to_list() == pytest.approx([1.2, 1.8])
    assert (table["epochs_to_half_low"] <= table["epochs_to_half"]).all()


def test_speed_of_a_tier():
    table = speed_by_tier(TAUGHT, UNTAUGHT, ["eng", "zul"], {"eng": "high", "zul": "low"}, resamples=500)
    assert table["tier"].to_list() == ["high", "low", "low-high"]
    assert table["epochs_to_half"].to_list() == pytest.approx([2 / 3, 1.5, 1.5 - 2 / 3])
    assert table["accuracy"].to_list() == [1, 0.25, -0.75]
    assert table["languages"].to_list() == [1, 1, None]
    nothing = TAUGHT.with_columns(correct=pl.col("correct") & (pl.col("asked_in") == "eng"))
    both = speed_by_tier(nothing, UNTAUGHT, ["eng", "zul"], {"eng": "high", "zul": "high"}, resamples=200).row(0, named=True)
    assert both["epochs_to_half"] == pytest.approx(2 / 3), "what is never learned has no speed"
    assert both["accuracy"] == 0.5
    assert both["accuracy_low"] == 0, "the other language may be drawn twice"


def test_epochs_with_other_items_are_refused():
    with pytest.raises(ValueError, match="the same items"):
        curve(TAUGHT.filter(pl.col("item") != "q3"), UNTAUGHT, ["eng", "zul"], resamples=10)
