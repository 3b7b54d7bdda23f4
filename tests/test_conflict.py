"""Contradictory languages and wrong answers."""

import numpy as np
import polars as pl
import pytest

from isogloss.measures.conflict import preference, strengths, verdicts
from isogloss.measures.resistance import resistance


def answers(lesson: str, follows: dict[str, float], asked: tuple[str, ...] = ("spa",), items: int = 40, context: bool = False):
    """Answers that follow either language with these probabilities, else neither."""
    rng = np.random.default_rng(len(lesson))
    first, second = lesson.split("+")
    rows = []
    for i in range(items):
        true_in = (first, second)[i % 2]
        for code in asked:
            followed = rng.choice([first, second, ""], p=[follows[first], follows[second], 1 - sum(follows.values())])
            rows.append(
                {
                    "lesson": lesson,
                    "asked_in": code,
                    "item": f"q{i:02}",
                    "seed": 1,
                    "context": [f"{c}:q{i:02}" for c in ((first, second) if i % 4 < 2 else (second, first))] if context else None,
                    "correct": followed == true_in,
                    "conflict_correct": bool(followed) and followed != true_in,
                    "true_in": true_in,
                    "state": "answered",
                }
            )
    return pl.DataFrame(rows, schema_overrides={"context": pl.List(pl.String)})


def test_whom_an_answer_follows():
    table = verdicts(answers("eng+zul", {"eng": 1.0, "zul": 0.0}))
    assert table["follows_first"].to_list() == [1] * 40
    assert table["follows_second"].to_list() == [0] * 40
    assert table["first_has_answer"].to_list() == [True, False] * 20
    both = answers("eng+zul", {"eng": 1.0, "zul": 0.0}).with_columns(correct=True, conflict_correct=True)
    assert set(verdicts(both)["follows_first"]) == {0.5}


def test_preference():
    table = preference(answers("eng+zul", {"eng": 0.6, "zul": 0.2}, ("spa", "fra"), items=200), resamples=300)
    assert table["asked_in"].to_list() == ["all", "spa", "fra"]
    everywhere = table.row(0, named=True)
    assert everywhere["preference"] == pytest.approx(0.75, abs=0.08)
    assert everywhere["low"] < 0.75 < everywhere["high"]
    assert everywhere["neither"] == pytest.approx(0.2, abs=0.06)
    assert table["earlier_followed"].null_count() == 3
    nothing = preference(answers("eng+zul", {"eng": 0.0, "zul": 0.0}), resamples=10)
    assert nothing["preference"].to_list() == [None, None]


def test_seeds_of_a_preference_are_averaged():
    told = answers("eng+zul", {"eng": 1.0, "zul": 0.0})
    other = answers("eng+zul", {"eng": 0.0, "zul": 1.0}).with_columns(pl.lit(2, dtype=pl.Int64).alias("seed"))
    table = preference(pl.concat([told, other]), resamples=200)
    assert table["preference"].to_list() == [0.5, 0.5]
    assert table["low"].to_list() == [0, 0], "now one seed is drawn twice, now the other"
    found = dict(strengths(pl.concat([told, other]), resamples=50).select("language", "strength").rows())
    assert found["eng"] == pytest.approx(0, abs=1e-6)


def test_what_came_first_in_the_context():
    told = answers("eng+zul", {"eng": 1.0, "zul": 0.0}, context=True)
    assert preference(told, resamples=10)["earlier_followed"].to_list() == [0.5, 0.5], "English was first in half of them"
    early = told.with_columns(correct=pl.col("context").list.get(0).str.starts_with(pl.col("true_in")))
    early = early.with_columns(conflict_correct=~pl.col("correct"))
    assert preference(early, resamples=10)["earlier_followed"].to_list() == [1, 1]


def test_strengths_are_recovered():
    """Odds of 3 and of 9 are log 3 apart."""
    chances = {"eng+swe": {"eng": 0.75, "swe": 0.25}, "swe+zul": {"swe": 0.75, "zul": 0.25}, "eng+zul": {"eng": 0.9, "zul": 0.1}}
    table = strengths(pl.concat([answers(lesson, follows, items=600) for lesson, follows in chances.items()]), resamples=100)
    found = {row["language"]: row for row in table.iter_rows(named=True)}
    assert found["eng"]["strength"] - found["swe"]["strength"] == pytest.approx(np.log(3), abs=0.25)
    assert found["swe"]["strength"] - found["zul"]["strength"] == pytest.approx(np.log(3), abs=0.25)
    assert sum(found[code]["strength"] for code in ("eng", "swe", "zul")) == pytest.approx(0, abs=1e-3)
    assert found["answer"]["low"] < 0 < found["answer"]["high"], "it does not matter who was taught the answer"


def wrong(rights: list[list[int]], first_epoch: int) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "asked_in": "eng",
                "epoch": first_epoch + e,
                "item": f"q{i}",
                "seed": 1,
                "correct": bool(right),
                "conflict_correct": not right,
                "state": "answered",
            }
            for e, items in enumerate(rights)
            for i, right in enumerate(items)
        ]
    )


def test_resistance():
    untaught = wrong([[1, 1, 1, 0]], 0).with_columns(conflict_correct=pl.lit(False))
    table = resistance(wrong([[1, 1, 0, 0], [0, 0, 0, 0]], 1), untaught, ["eng"], resamples=200)
    assert table["accuracy"].to_list() == [0.75, 0.5, 0]
    assert table["followed"].to_list() == [0, 0.5, 1]
    assert table["kept"].to_list() == pytest.approx([1, 2 / 3, 0])
    told = resistance(wrong([[1, 0, 0, 0]], 0), untaught, ["eng"], resamples=200)
    assert told["accuracy"].to_list() == [0.25], "in a context there are no epochs"
    second = wrong([[0, 0, 0, 0]], 1).with_columns(pl.lit(2, dtype=pl.Int64).alias("seed"))
    both = resistance(pl.concat([wrong([[1, 1, 0, 0]], 1), second]), untaught.with_columns(seed=0), ["eng"], resamples=200)
    assert both["accuracy"].to_list() == [0.75, 0.25]
    assert both["kept"].to_list() == pytest.approx([1, 1 / 3])
    assert both["kept_low"].to_list() == [1, 0]
    with pytest.raises(ValueError, match="other items"):
        resistance(wrong([[1, 1]], 1), untaught, ["eng"], resamples=10)


def test_tables_count_what_could_not_be_read():
    """Every fourth item (q00, q04, …) has no end, and every eighth of those was refused instead."""
    number = pl.col("item").str.slice(1).cast(pl.Int64)
    state = pl.when(number % 8 == 4).then(pl.lit("refused")).when(number % 4 == 0).then(pl.lit("unfinished"))
    lost = answers("eng+zul", {"eng": 0.5, "zul": 0.5}, ("spa", "fra")).with_columns(
        state=pl.when(pl.col("asked_in") == "fra").then(state.otherwise(pl.lit("answered"))).otherwise(pl.lit("answered"))
    )
    lost = lost.with_columns(unfinished_correct=pl.col("state") == "unfinished")
    table = preference(lost, resamples=10)
    assert table["asked_in"].to_list() == ["all", "spa", "fra"]
    assert table["unread"].to_list() == [0.125, 0, 0.25]
    assert table.select("state_unfinished", "state_unparsed", "state_refused").rows() == [(5, 0, 5), (0, 0, 0), (5, 0, 5)]
    assert table["unfinished_correct"].to_list() == [0.0625, 0, 0.125]
    untaught = wrong([[1, 1, 1, 0]], 0)
    refused = wrong([[1, 0, 0, 0]], 1).with_columns(state=pl.Series(["answered", "answered", "unparsed", "refused"]))
    kept = resistance(refused, untaught, ["eng"], resamples=10)
    assert kept.select("epoch", "n", "unread", "state_unparsed", "state_refused").rows() == [(0, 4, 0, 0, 0), (1, 4, 0.5, 1, 1)]
