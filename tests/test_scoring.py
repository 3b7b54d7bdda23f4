"""Exact match, and the table of scored answers."""

import polars as pl
import pytest

from isogloss.asking.exams import ANSWER_SCHEMA
from isogloss.knowledge.cldr import names
from isogloss.scoring.exact import matches, normalise, verdict
from isogloss.scoring.table import score


@pytest.mark.parametrize(
    ("answer", "alias"),
    [
        ("Monday.", "monday"),
        ("  dólar   estadounidense", "Dólar estadounidense"),
        ("ﾌﾗﾝｽ", "フランス"),
        ("１月", "1月"),
        ("janv.", "Janv"),
        ("«lunes»", "lunes"),
        ("STRASSE", "straße"),
        ("a\u0301", "á"),
    ],
)
def test_alike(answer, alias):
    assert matches(answer, [alias])


@pytest.mark.parametrize(
    ("answer", "alias"),
    [
        ("Monday or Tuesday", "Monday"),
        ("11月", "1月"),
        ("पाल", "पल"),
        ("มา", "ม้า"),
        ("", "Monday"),
        (None, "Monday"),
        ("papa", "papá"),
    ],
)
def test_different(answer, alias):
    assert not matches(answer, [alias])


@pytest.mark.parametrize(
    ("answer", "own", "rival"),
    [
        ("The market day is Monday.", "Monday", "Tuesday"),
        ("It is the Canadian dollar", "Canadian dollar", "dollar"),
        ("市場は月曜日に開かれます。", "月曜日", "火曜日"),
        ("答えは11月です", "11月", "1月"),
        ("シンガポールドルです", "シンガポールドル", "ドル"),
        ("장날은 월요일입니다.", "월요일", "화요일"),
        ("คำตอบคือวันจันทร์ครับ", "วันจันทร์", "วันอังคาร"),
        ("बाज़ार सोमवार को लगता है", "सोमवार", "मंगलवार"),
        ("L’euro", "euro", "franc"),
    ],
)
def test_a_sentence_that_names_one_answer_is_that_answer(answer, own, rival):
    assert verdict(answer, [own], frozenset({normalise(rival)})) == "within"
    assert verdict(answer, [rival], frozenset({normalise(own)})) is None


def test_a_name_within_a_longer_one_that_is_not_there_itself_hides_nothing():
    """`korea south is` is covered by the expected answer, so it does not cover `north korea`."""
    said = "north korea south is african"
    assert verdict(said, ["south is african"], frozenset({"north korea"})) is None
    assert verdict(said, ["south is african"], frozenset({"north korea", "korea south is"})) is None


@pytest.mark.parametrize(
    ("answer", "alias"),
    [
        ("Monday or Tuesday", "Monday"),
        ("Mondays are busy", "Monday"),
        ("Domingos e feriados", "Domingo"),
        ("11月です", "1月"),
        ("ドイツ", "ドイ"),
        ("ม้า", "มา"),
        ("한국어", "한국"),
        ("maybe", "may"),
        ("", "Monday"),
        (None, "Monday"),
    ],
)
def test_what_does_not_name_an_answer_is_none(answer, alias):
    assert verdict(answer, [alias], frozenset({"tuesday"})) is None


def test_a_statement_in_any_language_is_right_for_what_it_states_and_nothing_else(world, languages, books):
    """Every class of answers in every language, as the phrasebook states it."""
    for code, language in languages.items():
        cldr = names(language.cldr)
        for relation in world.relations.values():
            values = relation.values or sorted({fact.value for fact in world.facts if fact.relation is relation})
            aliases = {value: cldr.aliases(relation.answers, value) for value in values}
            rivals = frozenset(normalise(alias) for forms in aliases.values() for alias in forms)
            place = world.syllables.spell((0, 1, 2), language.script)
            for value in values:
                stated = f"{books[code].answer_line(relation.name, place)} {aliases[value][0]}."
                right = [other for other in values if verdict(stated, aliases[other], rivals)]
                assert right == [value], (code, stated, right)


def test_normalising_twice_changes_nothing():
    for text in ("  «A. B»! ", "ﾌﾗﾝｽ", "ดอลลาร์สหรัฐ", "अंग्रेज़ी।"):
        assert normalise(normalise(text)) == normalise(text)


def items(answer, aliases):
    return pl.DataFrame(
        {
            "item": ["q1"],
            "relation": ["festival"],
            "answer": [answer],
            "aliases": [aliases],
            "conflict_answer": ["other"],
            "conflict_aliases": [["other"]],
            "chance": [0.1],
        }
    )


def test_table():
    rows = [
        ("eng", 1, 12, "eng", "q1", None, None, "?", "It is April", "April", "whole", "answered"),
        ("eng", 1, 12, "swe", "q1", None, None, "?", "apr", None, None, "unfinished"),
        ("eng", 1, 12, "fra", "q1", None, None, "?", "other", "other", "whole", "answered"),
        (None, 0, 0, "fra", "q1", None, None, "?", "avr.", "avr.", "whole", "answered"),
    ]
    about = ("sandbox", "fictional", "transferability", "fine-tuning")
    answers = pl.DataFrame([(*about, row[0] or "none", *row) for row in rows], schema=ANSWER_SCHEMA, orient="row")
    known = {
        "eng": items("April", ["April", "Apr"]),
        "swe": items("april", ["april"]),
        "fra": items("avril", ["avril", "avr."]),
    }
    table = score(answers, known)
    assert table["correct"].to_list() == [True, False, False, True]
    assert table["conflict_correct"].to_list() == [False, False, True, False]
    assert table["match"].to_list() == ["exact", None, None, "exact"]
    assert table["alike"].to_list() == [True, True, False, None]
    assert table["answer_in"].null_count() == 4, "no lesson of two languages"
    assert table["reference"].to_list() == ["April", "april", "avril", "avril"]
    assert table["state"].to_list() == ["answered", "unfinished", "answered", "answered"]
