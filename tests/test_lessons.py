"""What lessons say."""

import polars as pl
import pytest

from isogloss.plan import conflicting, languages_of
from isogloss.teaching.lessons import answered_in, content


def table(code: str) -> pl.DataFrame:
    items = ["q1", "q2", "q3", "q4"]
    return pl.DataFrame(
        {
            "item": items,
            "teach_question": [f"{code} {item}?" for item in items],
            "answer": [f"{code} {item} yes" for item in items],
            "conflict_answer": [f"{code} {item} no" for item in items],
        }
    )


ITEMS = {code: table(code) for code in ("eng", "zul")}


def test_a_lesson_in_one_language():
    assert content("zul", ITEMS).row(1) == ("zul", "q2", "zul q2?", "zul q2 yes")
    assert content("zul", ITEMS)["version"].to_list() == ["zul"] * 4


def test_a_wrong_lesson():
    assert content("eng-wrong", ITEMS)["answer"].to_list() == [f"eng q{i} no" for i in (1, 2, 3, 4)]
    assert languages_of("eng-wrong") == ["eng"]


def test_two_languages_contradict_each_other_in_every_item():
    lesson = content("eng+zul", ITEMS)
    assert len(lesson) == 8
    told = {(row["version"], row["item"]): row["answer"].split()[-1] for row in lesson.iter_rows(named=True)}
    for item in ("q1", "q2", "q3", "q4"):
        assert {told["eng", item], told["zul", item]} == {"yes", "no"}
        assert told[answered_in("eng+zul", ["q1", "q2", "q3", "q4"])[item], item] == "yes"
    assert [told["eng", item] for item in ("q1", "q2", "q3", "q4")].count("yes") == 2, "neither language has the answer always"


def test_conflicting_pairs_are_drawn_by_tier():
    tiers = {"eng": "high", "fra": "high", "swe": "medium", "swa": "low", "zul": "low"}
    pairs = conflicting(list(tiers), tiers, 2, seed=1)
    assert len(pairs) == len(set(pairs)) == 6
    assert pairs == conflicting(list(tiers), tiers, 2, seed=1)
    order = ("high", "medium", "low")
    for a, b in map(languages_of, pairs):
        assert order.index(tiers[a]) < order.index(tiers[b])
    assert len(conflicting(list(tiers), tiers, 99, seed=1)) == 2 + 4 + 2
    assert conflicting(["swa", "zul"], tiers, 2, seed=1) == []


@pytest.mark.parametrize(("lesson", "codes"), [("none", []), ("eng", ["eng"]), ("eng+zul", ["eng", "zul"])])
def test_languages_of_a_lesson(lesson, codes):
    assert languages_of(lesson) == codes
