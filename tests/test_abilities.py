"""What a sandbox is asked beside facts: fair questions, the same in every language, about names it never saw."""

from collections import Counter

import polars as pl
import pytest

from isogloss.config import Asking
from isogloss.knowledge.invented import PURPOSES, quarter
from isogloss.measures.abilities import choice, lookup, lookup_across, translation
from isogloss.models.sandbox.abilities import CHOICES, LOOKUPS, PAIRS, SCHEMA, SEEDS, TEXTS, exam, hold
from isogloss.models.sandbox.corpus import OPTIONS, Tongue

CODES = ["eng", "spa", "zul"]


@pytest.fixture(scope="module")
def tongues(world, languages, books):
    return {code: Tongue(languages[code], books[code], world) for code in CODES}


@pytest.fixture(scope="module")
def questions(world, tongues):
    return exam(world, tongues, ["eng", "spa"])


def own_lookups(questions):
    return questions.filter((pl.col("ability") == "lookup") & (pl.col("context_in") == pl.col("asked_in")))


def test_every_language_is_asked_the_same(questions, world, tongues):
    assert questions.schema == pl.Schema(SCHEMA)
    assert questions.equals(exam(world, tongues, ["eng", "spa"])), "fixed by its seeds"
    own = own_lookups(questions)
    counts = own.group_by("asked_in", "kind", "pairs").len()
    assert len(counts) == len(CODES) * (2 * len(PAIRS) - 1)
    assert set(counts["len"]) == {LOOKUPS * len(SEEDS)}
    across = questions.filter((pl.col("ability") == "lookup") & (pl.col("context_in") != pl.col("asked_in")))
    assert set(across.select("context_in", "asked_in").rows()) == {("eng", "spa"), ("spa", "eng")}
    assert set(questions.filter(ability="translation")["context_in"].value_counts()["count"]) == {TEXTS * len(SEEDS)}
    assert set(questions.filter(ability="choice")["asked_in"].value_counts()["count"]) == {CHOICES * len(SEEDS)}
    # chance is a matter of the item, not of the language
    assert set(own.group_by("kind", "pairs", "seed", "item").agg(pl.col("chance").n_unique())["chance"]) == {1}


def test_the_answer_stands_in_the_context_after_its_question(questions):
    for row in own_lookups(questions).iter_rows(named=True):
        lines = row["question"].split("\n")
        assert len(lines) == 2 * row["pairs"] + 1
        assert row["reference"] in lines[1::2]
        assert lines[-1] not in lines[:-1], "asked in other words"


def test_chance_is_that_of_picking_within_the_relation(questions):
    single = own_lookups(questions).filter(kind="single")
    for row in single.iter_rows(named=True):
        answers = row["question"].split("\n")[1::2]
        assert row["chance"] == pytest.approx(answers.count(row["reference"]) / len(answers))
    assert single.filter(pairs=8)["chance"].mean() < 0.35


def test_names_are_those_kept_for_lessons(questions):
    names = questions.filter((pl.col("ability") == "translation") & (pl.col("kind") == "name"))["reference"]
    assert {quarter(name) for name in names} == set(PURPOSES["taught"])


def test_choices_have_four_different_options_and_one_right_one(questions, tongues):
    for row in questions.filter(ability="choice").iter_rows(named=True):
        assert row["question"].split("\n")[2:] == [f"- {option}" for option in row["options"]]
        assert len(set(row["options"])) == OPTIONS
        assert row["reference"] in row["options"]
    english = questions.filter((pl.col("ability") == "choice") & (pl.col("asked_in") == "eng")).rows(named=True)
    places = Counter(row["options"].index(row["reference"]) for row in english)
    assert min(places[i] for i in range(OPTIONS)) > 15, "no place in the order is right much more often than another"


def test_an_untrained_model_knows_nothing_of_it(questions, tiny):
    few = questions.sample(60, seed=1)
    answers = hold(*tiny, few, Asking(max_new_tokens=4, batch=16))
    assert len(answers) == 60
    assert answers.filter(pl.col("ability") != "choice")["correct"].sum() == 0
    chosen = answers.filter(ability="choice")
    assert all(f"- {answer}" in question.split("\n") for answer, question in chosen.select("answer", "question").rows())
    assert set(answers["state"]) <= {"answered", "unfinished"}


def test_measures_of_answers_that_are_half_right(questions):
    right = (pl.col("item").str.to_integer() % 2 == 0).alias("correct")
    answers = questions.with_columns(right, pl.lit("answered").alias("state"), pl.col("reference").alias("answer"))
    table = lookup(answers, CODES, 200)
    assert table["accuracy"].to_list() == pytest.approx([0.5] * len(table))
    assert table.filter((pl.col("kind") == "mixed") & (pl.col("pairs") == 1))["chance"].to_list() == [1.0] * 3
    assert (table["low"] < 0.5).all()
    assert set(table["n"]) == {LOOKUPS * len(SEEDS)}
    assert lookup_across(answers)["accuracy"].to_list() == pytest.approx([0.5, 0.5])
    assert choice(answers, CODES, 200)["accuracy"].to_list() == pytest.approx([0.5] * 3)
    perfect = translation(answers)
    assert set(perfect["language"]) == {"spa", "zul"}
    assert perfect["chrf"].to_list() == pytest.approx([100.0] * len(perfect))
    silent = answers.with_columns(answer=pl.when(pl.col("seed") == 1).then(None).otherwise("answer"))
    assert translation(silent)["lowest"].to_list() == [0.0] * len(perfect), "an unfinished translation is an empty one"
    assert translation(answers.filter(pl.col("ability") != "translation")).is_empty()
