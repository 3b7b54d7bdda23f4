"""Lessons in the prompt."""

import polars as pl
import pytest

from isogloss.asking.exams import in_context
from isogloss.teaching.context import drawn, interleaved, written

ITEMS = [f"q{i}" for i in range(12)]
LESSON = pl.DataFrame(
    {"version": ["eng"] * 12, "item": ITEMS, "question": [f"{i}?" for i in ITEMS], "answer": [f"{i}!" for i in ITEMS]}
)


def test_a_context_has_the_item_somewhere_among_others():
    contexts = drawn(ITEMS, 5, seed=1)
    assert all(item in chosen and len(set(chosen)) == 5 for item, chosen in contexts.items())
    places = {chosen.index(item) for item, chosen in contexts.items()}
    assert len(places) > 2, "not always in the same place"
    assert contexts == drawn(ITEMS, 5, seed=1)
    assert contexts != drawn(ITEMS, 5, seed=2)
    assert drawn(ITEMS, 12, seed=1).keys() == set(ITEMS)


def test_too_few_items_are_refused():
    with pytest.raises(ValueError, match=r"write context: \{pairs: 12\}"):
        drawn(ITEMS, 13, seed=1)


def test_a_context_is_written_pair_by_pair():
    lines = interleaved({"q1": ["q3", "q1"]}, ["eng"], seed=1)
    assert written(LESSON, lines) == {"q1": "q3?\nq3!\nq1?\nq1!"}


def test_two_languages_stand_side_by_side():
    contexts = drawn(ITEMS, 4, seed=1)
    lines = interleaved(contexts, ["eng", "zul"], seed=1)
    for item, chosen in contexts.items():
        assert sorted(lines[item]) == sorted((version, other) for other in chosen for version in ("eng", "zul"))
    first = [next(version for version, other in lines[item] if other == item) for item in ITEMS]
    assert 2 < first.count("eng") < 10, "now one comes first, now the other"


def test_every_language_asked_has_the_same_contexts():
    exam = pl.DataFrame(
        {"asked_in": ["eng"] * 12 + ["spa"] * 12, "item": ITEMS * 2, "question": [f"{i} again?" for i in ITEMS] * 2}
    )
    table = in_context(exam, LESSON, 3, seeds=[1, 2])
    assert len(table) == 48
    assert table.select("seed", "item", "context").n_unique() == 24
    row = table.row(5, named=True)
    stated = [line.removeprefix("eng:") for line in row["context"]]
    assert row["question"] == "\n".join([*(f"{i}?\n{i}!" for i in stated), "q5 again?"])
    both = pl.concat([LESSON, LESSON.with_columns(version=pl.lit("zul"))])
    assert set(in_context(exam, both, 6, seeds=[1])["context"].list.len()) == {6}, "half as many items, each in both"
