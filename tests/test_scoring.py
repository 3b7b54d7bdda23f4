"""Exact match, and the table of scored answers."""

import polars as pl
import pytest

from isogloss.asking.exam import ANSWER_SCHEMA
from isogloss.scoring.exact import matches, normalise
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


def test_normalising_twice_changes_nothing():
    for text in ("  «A. B»! ", "ﾌﾗﾝｽ", "ดอลลาร์สหรัฐ", "अंग्रेज़ी।"):
        assert normalise(normalise(text)) == normalise(text)


def items(answer, aliases):
    return pl.DataFrame(
        {
            "item": ["q1"],
            "answer": [answer],
            "aliases": [aliases],
            "conflict_answer": ["other"],
            "conflict_aliases": [["other"]],
            "chance": [0.1],
        }
    )


def test_table():
    rows = [
        ("eng", 1, 12, "eng", "q1", None, "?", "April", "answered"),
        ("eng", 1, 12, "swe", "q1", None, "?", None, "unfinished"),
        ("eng", 1, 12, "fra", "q1", None, "?", "other", "answered"),
        (None, 0, 0, "fra", "q1", None, "?", "avr.", "answered"),
    ]
    answers = pl.DataFrame(rows, schema=ANSWER_SCHEMA, orient="row").with_columns(lesson=pl.col("taught_in").fill_null("none"))
    known = {
        "eng": items("April", ["April", "Apr"]),
        "swe": items("april", ["april"]),
        "fra": items("avril", ["avril", "avr."]),
    }
    table = score(answers, known)
    assert table["correct"].to_list() == [True, False, False, True]
    assert table["conflict_correct"].to_list() == [False, False, True, False]
    assert table["alike"].to_list() == [True, True, False, None]
    assert table["answer_in"].null_count() == 4, "no lesson of two languages"
    assert table["reference"].to_list() == ["April", "april", "avril", "avril"]
    assert table["state"].to_list() == ["answered", "unfinished", "answered", "answered"]
