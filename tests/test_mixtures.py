"""Pairs added to lessons."""

from collections import Counter

import polars as pl
import pytest

from isogloss.config import BuiltIn
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.translators import asked_of_sandbox, instruction
from isogloss.teaching.lessons import content
from isogloss.teaching.mixtures import mixed, names

CODES = ("eng", "fra", "jpn", "zul")


@pytest.fixture(scope="module")
def items(world, languages, books):
    drawn = built_in_items(world, BuiltIn(kind="new", items=31, seed=1))
    return {code: render(drawn, world, languages[code], books[code]).drop("name") for code in CODES}


@pytest.fixture(scope="module")
def with_names(items):
    """The items with names, but one without, and one that lacks it in Japanese."""
    unknown = {code: {"q0001"} | ({"q0002"} if code == "jpn" else set()) for code in CODES}
    return {
        code: table.with_columns(
            name=pl.Series([None if item in unknown[code] else f"{code} {item}" for item in table["item"]], dtype=pl.String)
        )
        for code, table in items.items()
    }


def request(text, source, target):
    return f"{source.iso639_3}>{target.iso639_3}: {text}"


def test_every_question_is_answered_in_the_other_language(items):
    added = mixed("zul", items, "eng")
    assert added.schema == content("zul", items).schema
    english, zulu = items["eng"].row(0, named=True), items["zul"].row(0, named=True)
    assert added.filter(item="q0001").rows() == [
        ("eng", "q0001", zulu["teach_question"], english["answer"]),
        ("zul", "q0001", english["teach_question"], zulu["answer"]),
    ]
    assert len(added) == 62
    assert mixed("eng", items, "eng").is_empty()
    assert mixed("eng", items, "fra").filter(version="fra")["answer"].to_list() == items["fra"]["answer"].to_list()


def test_items_are_matched_by_their_keys(items):
    shuffled = items | {"eng": items["eng"].sample(fraction=1, shuffle=True, seed=1)}
    assert mixed("zul", shuffled, "eng").equals(mixed("zul", items, "eng"))


def test_wrong_lessons_stay_wrong(items):
    added = mixed("zul-wrong", items, "eng")
    assert added.filter(version="eng")["answer"].to_list() == items["eng"]["conflict_answer"].to_list()
    assert added.filter(version="zul")["answer"].to_list() == items["zul"]["conflict_answer"].to_list()


def test_names_go_there_and_back(with_names, languages):
    added = names("fra", with_names, languages, 1, request)
    assert added.schema == content("fra", with_names).schema
    there, back = added[:31], added[31:]
    for one, two in zip(there.rows(named=True), back.rows(named=True), strict=True):
        other = one["version"]
        assert two["version"] == "fra"
        assert one["item"] == two["item"]
        assert one["question"] == f"fra>{other}: {two['answer']}"
        assert two["question"] == f"{other}>fra: {one['answer']}"
        if one["item"] != "q0001" and (one["item"], other) != ("q0002", "jpn"):
            assert one["answer"] == f"{other} {one['item']}"


def test_an_item_without_a_name_gives_its_answer(items, with_names, languages):
    for lesson, column in (("fra", "answer"), ("fra-wrong", "conflict_answer")):
        added = names(lesson, with_names, languages, 1, request)
        first = added.filter(item="q0001")
        assert first["answer"].to_list() == [items[first["version"][0]][column][0], items["fra"][column][0]]
        unnamed = names(lesson, items, languages, 1, request)
        assert unnamed["answer"][31:].to_list() == items["fra"][column].to_list()
        assert unnamed["version"].to_list() == added["version"].to_list(), "the draw does not depend on names"
    in_japanese = next(
        seed for seed in range(99) if names("fra", with_names, languages, seed, request).row(1)[:2] == ("jpn", "q0002")
    )
    added = names("fra", with_names, languages, in_japanese, request)
    assert added.row(1)[3] == items["jpn"]["answer"][1], "both languages must have the name"


def test_no_language_is_favoured(with_names, languages):
    totals = Counter()
    for seed in range(60):
        drawn = Counter(names("fra", with_names, languages, seed, request)["version"][:31])
        assert set(drawn) == {"eng", "jpn", "zul"}
        assert max(drawn.values()) - min(drawn.values()) == 1
        totals.update(code for code, count in drawn.items() if count == max(drawn.values()))
    assert all(10 <= totals[code] <= 30 for code in ("eng", "jpn", "zul")), "which one is drawn once more differs by seed"
    one, again, two = (names("fra", with_names, languages, seed, request) for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(two)


def test_alone_there_is_no_other_language(with_names, languages):
    assert names("fra", {"fra": with_names["fra"]}, languages, 1, request).is_empty()


@pytest.mark.parametrize("lesson", ["none", "eng+fra"])
def test_lessons_in_one_language_only(items, languages, lesson):
    with pytest.raises(ValueError, match="only lessons in one language"):
        mixed(lesson, items, "eng")
    with pytest.raises(ValueError, match="only lessons in one language"):
        names(lesson, items, languages, 1, request)


@pytest.mark.parametrize("lesson", ["eng", "zul", "zul-wrong"])
def test_the_questions_of_exams_are_never_taught(with_names, languages, lesson):
    """In no language, neither alone nor within a request."""
    exam = [question for table in with_names.values() for question in table["ask_question"]]
    asked = [names(lesson, with_names, languages, 1, how) for how in (asked_of_sandbox, instruction)]
    added = pl.concat([mixed(lesson, with_names, "eng"), *asked])
    assert len(added) > 100
    taught = "\n".join([*added["question"], *added["answer"]])
    assert not [question for question in exam if question in taught]
    assert all(question in taught for question in with_names["zul"]["teach_question"]) == lesson.startswith("zul")


def test_the_sandbox_is_asked_in_words_it_knows(items, languages, books):
    added = names("fra", items, languages, 1, asked_of_sandbox)
    start = books["fra"].instructions["translate"].split("{")[0]
    assert all(question.startswith(start) for question in added["question"][:31])
