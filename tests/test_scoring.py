"""Exact match, and the table of scored answers."""

from collections import defaultdict

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
    assert verdict(answer, [own], frozenset({normalise(rival)})) in ("within", "inflected")
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
        ("eng", 1, 12, "swe", "q1", None, None, "?", "avr", None, None, "unfinished"),
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
    assert table["true_in"].null_count() == 4, "no lesson of two languages"
    assert table["correct_any"].to_list() == [True, False, False, True]
    assert table["answer_in"].to_list() == ["eng", None, None, "fra"]
    assert table["unfinished_correct"].to_list() == [None, False, None, None], "avr is a form of French alone"
    assert table["reference"].to_list() == ["April", "april", "avril", "avril"]
    assert table["state"].to_list() == ["answered", "unfinished", "answered", "answered"]


ABOUT = {"model": "a-model", "knowledge": "days", "study": "transferability", "setting": "fine-tuning"}


def set_of(**languages):
    """Items of one relation: of each language, the names of every answer (`Monday/Mon Tuesday`), q1 being the first; the
    conflicting answer is the next."""
    tables = {}
    for code, said in languages.items():
        forms = [names.split("/") for names in said.split()]
        following = forms[1:] + forms[:1]
        tables[code] = pl.DataFrame(
            {
                "item": [f"q{i + 1}" for i in range(len(forms))],
                "relation": ["market"] * len(forms),
                "answer": [own[0] for own in forms],
                "aliases": forms,
                "conflict_answer": [other[0] for other in following],
                "conflict_aliases": following,
                "chance": [1 / len(forms)] * len(forms),
            }
        )
    return tables


def asked(items, *rows, **columns):
    """The scores of answers (taught in, asked in, item, answer); None is without an end."""
    schema = {name: kind for name, kind in ANSWER_SCHEMA.items() if name != "raw"}
    table = pl.DataFrame(rows, schema=["taught_in", "asked_in", "item", "answer"], orient="row").with_columns(
        *(pl.lit(value).alias(name) for name, value in ABOUT.items()),
        lesson=pl.col("taught_in").fill_null("none"),
        seed=1,
        epoch=1,
        part=None,
        context=None,
        question=pl.lit("?"),
        state=pl.when(pl.col("answer").is_null()).then(pl.lit("unfinished")).otherwise(pl.lit("answered")),
        form=pl.when(pl.col("answer").is_not_null()).then(pl.lit("whole")),
    )
    return score(table.select(list(schema)).cast(schema).with_columns(**columns), items)


WEEK = {"eng": "Monday/Mon Tuesday/Tue Sunday/Sun", "fra": "lundi mardi dimanche/dim", "gla": "Diluain DiM/Dimairt Didomhnaich"}
WEEK |= {"swe": "måndag tisdag söndag", "zul": "uMsombuluko uLwesibili iSonto"}


def test_an_answer_may_be_right_in_another_language():
    table = asked(
        set_of(**WEEK),
        ("eng", "fra", "q1", "Monday."),
        ("eng", "fra", "q1", "The day is Monday"),
        ("eng", "fra", "q1", "lundi"),
        ("eng", "fra", "q1", "Tuesday"),
        ("eng", "fra", "q1", "Monday or Tuesday"),
        ("eng", "fra", "q1", "not Monday but mardi"),
        ("swe", "fra", "q1", "Monday"),
        ("eng", "fra", "q1", None),
        ("eng", "fra", "q1", "no idea"),
    )
    assert table["correct"].to_list() == [False, False, True, False, False, False, False, False, False]
    assert table["correct_any"].to_list() == [True, True, True, False, False, False, True, False, False]
    assert table["answer_in"].to_list() == ["eng", "eng", "fra", None, None, None, "eng", None, None]
    assert table["conflict_correct"].to_list() == [False, False, False, False, False, True, False, False, False]
    assert table["conflict_correct_any"].to_list() == [False, False, False, True, False, True, False, False, False]


def test_of_several_languages_that_of_the_lesson_is_meant():
    words = {"eng": "April May", "swe": "april maj", "dan": "april maj", "fra": "avril mai"}
    table = asked(
        set_of(**words),
        ("dan", "fra", "q1", "april"),
        ("fra", "fra", "q1", "april"),
        ("swe+dan", "fra", "q1", "april"),
        ("eng", "swe", "q1", "april"),
    )
    assert table["answer_in"].to_list() == ["dan", "eng+swe+dan", "swe+dan", "swe"]
    assert table["true_in"].to_list() == [None, None, "swe", None]


def test_what_the_language_asked_calls_another_answer_is_that_one():
    """`Mars` is March here, and the fourth planet there; of the language asked, what it means decides."""
    planets = set_of(eng="Mercury/Quicksilver Mars", xxx="Mars Quicksilver", zul="uMercury iMars")
    table = asked(
        planets,
        ("xxx", "eng", "q1", "Mars"),
        ("xxx", "eng", "q1", "It is Mars, I think"),
        ("xxx", "zul", "q1", "Mars"),
        ("eng", "xxx", "q2", "Mars"),
        ("eng", "zul", "q2", "Quicksilver"),
        ("xxx", "zul", "q2", "Quicksilver"),
    )
    assert table["correct_any"].to_list() == [False, False, True, False, False, True]
    assert table["answer_in"].to_list() == [None, None, "xxx", None, None, "xxx"]
    assert table["conflict_correct"].to_list()[:2] == [True, True]


def test_a_word_within_an_answer_that_means_another_one_where_asked_is_a_rival():
    words = set_of(eng="gift poison", deu="Geschenk Gift", zul="isipho ushevu")
    found = asked(words, ("deu", "eng", "q2", "Gift"), ("deu", "eng", "q2", "das Gift"), ("deu", "zul", "q2", "das Gift, poison"))
    assert found["correct_any"].to_list() == [False, False, True], "English calls it something else; Zulu does not know it"


def test_a_word_of_two_other_languages_that_mean_different_answers_counts_where_it_was_taught():
    table = asked(
        set_of(**WEEK),
        ("fra", "zul", "q3", "dim"),  # Sunday, as taught
        ("gla", "zul", "q2", "DiM"),  # Tuesday, as taught
        ("gla", "zul", "q3", "dim"),  # Sunday in French alone, and Tuesday in the language taught
        ("eng", "zul", "q3", "dim"),  # either
        ("eng", "fra", "q2", "dim"),  # Sunday, where asked
        ("eng", "gla", "q3", "dim"),
        ("eng", "fra", "q3", "dim"),
    )
    assert table["answer_in"].to_list() == ["fra", "gla", None, None, None, None, "fra"]
    assert table["correct"].to_list() == [False, False, False, False, False, False, True]


def test_words_that_the_built_in_languages_use_for_different_answers(world, languages):
    """There is one, `dim`. Untaught it is the answer that the language asked calls so, and in every other language none."""
    shared = {}
    for relation in world.relations.values():
        values = sorted({*relation.values, *(fact.value for fact in world.facts if fact.relation is relation)})
        meant = defaultdict(lambda: defaultdict(set))  # by word and answer: languages
        for code, language in languages.items():
            for value in values:
                for alias in names(language.cldr).aliases(relation.answers, value):
                    meant[normalise(alias)][value].add(code)
        shared |= {(relation.name, word): dict(answers) for word, answers in meant.items() if len(answers) > 1}
    assert shared == {("market", "dim"): {6: {"fra"}, 1: {"gla"}}}, "a new one is no mistake, but should be known"
    days = {code: [names(own.cldr).aliases("weekday", day) for day in range(7)] for code, own in languages.items()}
    items = set_of(**{code: " ".join("/".join(own).replace(" ", "") for own in forms) for code, forms in days.items()})
    table = asked(items, *((None, code, f"q{day + 1}", "dim") for code in languages for day in range(7)))
    found = table.filter("correct_any").select("asked_in", "item", "answer_in").rows()
    assert sorted(found) == [("fra", "q7", "fra"), ("gla", "q2", "gla")]


def test_names_are_right_in_the_language_asked_alone():
    own = {"eng": "Karumo", "zul": "iKarumo", "hin": "करुमो"}
    tables = {
        code: table.with_columns(name=pl.lit(own[code])).head(1)
        for code, table in set_of(eng="Monday Tuesday", zul="uMsombuluko uLwesibili", hin="सोमवार मंगलवार").items()
    }
    rows = [("eng+zul", "zul", "name:q1", said) for said in ("iKarumo", "Karumo", "करुमो")]
    table = asked(tables, *rows, part=pl.lit("names"))
    assert table["correct"].to_list() == table["correct_any"].to_list() == [True, False, False]
    assert table["answer_in"].to_list() == ["zul", None, None]


def test_what_was_not_finished_may_have_been_right():
    said = ["Monday and then", "Tuesday and", None, "Monday"]
    answers = [None, None, None, "Monday"]
    rows = [("eng", "eng", "q1", answer) for answer in answers]
    table = asked(set_of(**WEEK), *rows, raw=pl.Series(said))
    assert table["unfinished_correct"].to_list() == [True, False, False, None]
    assert table["correct"].to_list() == table["correct_any"].to_list() == [False, False, False, True]
    assert table["raw"].to_list() == said


def test_items_that_lack_what_was_asked_are_refused():
    with pytest.raises(ValueError, match=r"no eng / q9 \(1 lacking"):
        asked(set_of(**WEEK), ("eng", "eng", "q9", "Monday"))


def test_thoughts_are_no_part_of_an_answer():
    rivals = frozenset({"monday", "friday"})
    assert verdict("<think>Friday? No.</think>Monday", ["Monday"], rivals) == "exact"
    assert verdict("analysisIt might be Monday.assistantfinalFriday", ["Monday"], rivals) is None
    assert verdict("<think>It is Monday", ["Monday"], rivals) is None
