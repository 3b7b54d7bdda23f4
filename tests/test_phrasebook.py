"""The phrasebook and CLDR names in every language."""

import re
import unicodedata
from pathlib import Path

import pytest
import yaml
from babel import Locale

from isogloss.knowledge.cldr import Names, names
from isogloss.knowledge.invented import SCRIPT_COLUMNS
from isogloss.knowledge.phrasebook import QUESTIONS, SLOTS, read_phrasebook, slots
from isogloss.languages import read_languages

CODES = list(read_languages("data/languages.csv"))
SCRIPTS = {
    "Latin": {"LATIN"},
    "Japanese": {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK", "IDEOGRAPHIC"},
    "Han": {"CJK"},
    "Hangul": {"HANGUL"},
    "Thai": {"THAI"},
    "Devanagari": {"DEVANAGARI"},
    "Tamil": {"TAMIL"},
    "Cyrillic": {"CYRILLIC"},
}


def letters(text: str) -> set[str]:
    """Scripts of the letters in a text, by the first word of their Unicode names."""
    return {unicodedata.name(c).split()[0] for c in text if unicodedata.category(c)[0] == "L"}


def phrases(book):
    yield from (phrase for forms in book.relations.values() for phrase in forms.values())
    yield from book.instructions.values()
    yield from book.words.values()


def test_nineteen_languages_in_three_tiers(languages):
    assert len(languages) == 19
    assert [sum(x.tier == t for x in languages.values()) for t in ("high", "medium", "low")] == [7, 5, 7]


@pytest.mark.parametrize("code", CODES)
def test_every_phrase_is_there_with_its_placeholders(code, books, world):
    book, english = books[code], books["eng"]
    assert set(book.relations) == set(world.relations)
    assert set(book.instructions) == {"translate", "choose"}
    assert set(book.words) == set(english.words)
    for forms in book.relations.values():
        assert set(forms) == {*QUESTIONS, "answer"}
        for key, phrase in forms.items():
            assert slots(phrase) == SLOTS[key]
        assert forms["answer"].endswith("{answer}")


@pytest.mark.parametrize("code", CODES)
def test_phrasings_differ(code, books):
    questions = [book[key] for book in books[code].relations.values() for key in QUESTIONS]
    assert len(set(questions)) == len(questions)
    for forms in books[code].relations.values():
        words = [frozenset(re.findall(r"\w+", forms[key].casefold().replace("{place}", ""))) for key in QUESTIONS]
        assert len(set(words)) == len(QUESTIONS), "phrasings must differ in words, not in punctuation"


@pytest.mark.parametrize("code", CODES)
def test_phrases_are_written_in_the_script_of_the_language(code, books, languages):
    expected = SCRIPTS[languages[code].script]
    for phrase in phrases(books[code]):
        assert letters(re.sub(r"\{\w+\}", "", phrase)) <= expected, phrase
        assert unicodedata.is_normalized("NFC", phrase), phrase
        assert phrase == phrase.strip(), phrase
        assert "  " not in phrase, phrase


@pytest.mark.parametrize("code", [code for code in CODES if code != "eng"])
def test_no_phrase_falls_back_to_english(code, books):
    english = set(phrases(books["eng"]))
    relations = [phrase for forms in books[code].relations.values() for phrase in forms.values()]
    assert not english & set(relations)


@pytest.mark.parametrize("code", [code for code in CODES if code not in ("zho", "jpn", "tha", "kor")])
def test_a_name_stands_free(code, books):
    """Written without spaces, or with particles that never change, a name touches other letters in the four left out."""
    for forms in books[code].relations.values():
        for phrase in forms.values():
            assert not re.search(r"\w\{(place|answer)\}|\{(place|answer)\}\w", phrase), phrase


@pytest.mark.parametrize("code", CODES)
def test_answers_equal_cldr(code, languages, world):
    """Against babel's public interface, one locale a time, where it is safe to use (format forms and names)."""
    cldr, ours = Locale.parse(languages[code].cldr), names(languages[code].cldr)
    for relation in world.relations.values():
        values = relation.values or sorted({f.value for f in world.facts if f.relation is relation})
        written = [ours.name(relation.answers, value) for value in values]
        assert len(set(written)) == len(written), "two answers of a class are spelled alike"
        match relation.answers:
            case "currency":
                assert written == [cldr.currencies[v] for v in values]
            case "language":
                assert written == [cldr.languages[v] for v in values]
            case "country" | "continent":
                assert written == [cldr.territories[v] for v in values]
            case "month":
                assert all(cldr.months["format"]["wide"][v] in ours.aliases("month", v) for v in values)
            case "weekday":
                assert all(cldr.days["format"]["wide"][v] in ours.aliases("weekday", v) for v in values)


def test_names_do_not_depend_on_the_order_of_locales():
    """babel's shared alias tables once answered Zulu months with another language's."""
    first = Names("zu").name("month", 3)
    Names("ja"), Names("en")
    assert Names("zu").name("month", 3) == first == "Mashi"


@pytest.mark.parametrize("code", [code for code in CODES if code != "eng"])
def test_no_class_of_names_is_english(code, languages, world):
    english, ours = names("en"), names(languages[code].cldr)
    for relation in world.invented_relations:
        kind = relation.answers
        assert [ours.name(kind, v) for v in relation.values] != [english.name(kind, v) for v in relation.values]


@pytest.mark.parametrize("script", SCRIPT_COLUMNS)
def test_syllables_tell_names_apart_in_every_script(script, world):
    column = [row[SCRIPT_COLUMNS[script]] for row in world.syllables.rows]
    assert len(set(column)) == len(column)
    for syllable in column:
        assert letters(syllable) <= SCRIPTS[script]


def test_wrong_placeholders_are_all_reported(tmp_path):
    book = yaml.safe_load(Path("data/phrasebook/eng.yaml").read_text(encoding="utf-8"))
    book["relations"]["market"]["ask"] = "Which day?"
    book["relations"]["rains"]["answer"] = "{answer} {answer} {place}"
    path = tmp_path / "eng.yaml"
    path.write_text(yaml.safe_dump(book), encoding="utf-8")
    with pytest.raises(ValueError, match=r"market\.ask") as error:
        read_phrasebook(path)
    assert "rains.answer" in str(error.value)
