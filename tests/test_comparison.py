"""Paired tests between languages."""

import polars as pl
import pytest

from isogloss.measures.comparison import comparisons


def answers(rights: dict[str, list[int]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"asked_in": code, "item": f"q{i:02}", "seed": 1, "correct": bool(right)}
            for code, items in rights.items()
            for i, right in enumerate(items)
        ]
    )


def test_mcnemars_exact_test_and_holms_correction():
    table = comparisons(
        answers({"eng": [1] * 10 + [0] * 2, "fra": [0] * 9 + [1] + [1, 0], "zul": [0] * 12}), ["eng", "fra", "zul"], 200
    )
    rows = {(row["one"], row["other"]): row for row in table.iter_rows(named=True)}
    first = rows["eng", "fra"]
    assert (first["better"], first["worse"]) == (9, 1)
    assert first["p"] == pytest.approx(2 * (1 + 10) / 2**10)
    assert rows["eng", "zul"]["p"] == pytest.approx(2 / 2**10)
    assert rows["eng", "zul"]["p_holm"] == pytest.approx(3 * 2 / 2**10)
    assert first["p_holm"] == pytest.approx(2 * first["p"])
    assert rows["fra", "zul"]["p_holm"] == pytest.approx(0.5)
    assert first["difference"] == pytest.approx(8 / 12)
    assert first["low"] < 8 / 12 < first["high"]


def test_a_seed_alone_decides_nothing():
    """What one seed answers better and the other worse is as if neither did."""
    one = answers({"eng": [1, 1, 1, 0], "fra": [0, 1, 1, 0]})
    other = answers({"eng": [0, 1, 1, 1], "fra": [1, 0, 1, 0]}).with_columns(pl.lit(2, dtype=pl.Int64).alias("seed"))
    row = comparisons(pl.concat([one, other]), ["eng", "fra"], 50).row(0, named=True)
    assert row["difference"] == pytest.approx(2 / 8)
    assert (row["better"], row["worse"]) == (2, 0)


def test_alike_languages_do_not_differ():
    table = comparisons(answers({"eng": [1, 0, 1], "fra": [1, 0, 1]}), ["eng", "fra"], 50)
    assert table["p_holm"].to_list() == [1]
    assert table["difference"].to_list() == [0]
