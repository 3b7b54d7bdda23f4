"""The phrasebook and CLDR names in every language."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from babel import Locale

from isogloss.knowledge.cldr import Names, names
from isogloss.knowledge.invented import SCRIPT_COLUMNS
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.proofreading import name_faults, phrasebook_faults, syllable_faults
from isogloss.knowledge.world import World
from isogloss.languages import read_languages

CODES = list(read_languages("data/languages.csv"))


def parsed(code):
    return yaml.safe_load(Path(f"data/phrasebook/{code}.yaml").read_text(encoding="utf-8"))


def test_nineteen_languages_in_three_tiers(languages):
    assert len(languages) == 19
    assert [sum(x.tier == t for x in languages.values()) for t in ("high", "medium", "low")] == [7, 5, 7]


@pytest.mark.parametrize("code", CODES)
def test_a_phrasebook_has_no_faults(code, languages, world):
    assert phrasebook_faults(parsed(code), parsed("eng"), languages[code], world) == []


FAULTS = {
    "teach": ("Pwy?", "wrong", "relations.market.teach: has the placeholders none; write {place}: Pwy?"),
    "ask": ("Pa ddydd yw {place", "wrong", "its braces cannot be read"),
    "pretrain": ("Какой день {place}?", "wrong", "has CYRILLIC letters; write it in Latin letters"),
    "answer": ("{answer}: {place}", "wrong", "does not end with {answer}"),
}


@pytest.mark.parametrize(("form", "fault"), FAULTS.items(), ids=FAULTS)
def test_a_fault_of_a_phrase_is_found_alone(form, fault, languages, world):
    book, (phrase, state, text) = parsed("cym"), fault
    book["relations"]["market"][form] = phrase
    (found,) = phrasebook_faults(book, parsed("eng"), languages["cym"], world)
    assert (found.state, text in found.text) == (state, True), found


def test_other_faults_of_a_phrasebook_are_all_found(languages, world):
    book, english = parsed("cym"), parsed("eng")
    market, rains, partner = (book["relations"][name] for name in ("market", "rains", "partner"))
    market["ask"] = market["teach"].upper().replace("{PLACE}", "{place}").replace("?", "!")
    market["pretrain"] = english["relations"]["market"]["pretrain"]
    rains["ask"] = rains["ask"].replace("{place}", "x{place}")
    rains["teach"] += "  "
    rains["pretrain"] += "e\u0301"
    partner["teach"] = False
    partner["more"] = "{place}?"
    del partner["answer"], book["instructions"]["choose"]
    book["words"]["place"] = ""
    found = phrasebook_faults(book, english, languages["cym"], world)
    said = {(fault.state, fault.text.split(":")[0]) for fault in found}
    missing = {("missing", where) for where in ("relations.partner.answer", "instructions.choose", "words.place")}
    assert said == missing | {
        ("wrong", "relations.market.ask has the words of relations.market.teach; word it otherwise"),
        ("wrong", "relations.market.pretrain is English; translate"),
        *(
            ("wrong", f"relations.{where}")
            for where in ("rains.ask", "rains.teach", "rains.pretrain", "partner.teach", "partner.more")
        ),
    }
    assert len(found) == len(said)


@pytest.mark.parametrize("code", CODES)
def test_answers_equal_cldr(code, languages, world):
    """Against babel's public interface, one locale a time, where it is safe to use (format forms and names)."""
    cldr, ours = Locale.parse(languages[code].cldr), names(languages[code].cldr)
    for relation in world.relations.values():
        values = relation.values or sorted({f.value for f in world.facts if f.relation is relation})
        written = [ours.name(relation.answers, value) for value in values]
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


@pytest.mark.parametrize("code", CODES)
def test_names_have_no_faults(code, languages, world):
    assert name_faults(languages[code], world, languages.values()) == []


def test_a_locale_that_lacks_names_is_found_out(languages, world):
    """CLDR has few names in Toki Pona; those in British English are English, and not every locale has a name for it."""
    toki = replace(languages["cym"], iso639_3="tok", cldr="tok")
    lacking = [fault.text.split()[4] for fault in name_faults(toki, world, languages.values()) if fault.state == "missing"]
    assert {"country", "language", "currency"} <= set(lacking), "each CLDR knows a little more of it"
    british = replace(languages["cym"], iso639_3="bri", cldr="en_GB")
    (missing,) = (fault.text for fault in name_faults(british, world, languages.values()) if fault.state == "missing")
    assert "cannot name the language en_GB" in missing
    wrong = {fault.text.split(":")[0] for fault in name_faults(british, world, languages.values()) if fault.state == "wrong"}
    assert wrong == {relation.name for relation in world.invented_relations}


@pytest.mark.parametrize("script", SCRIPT_COLUMNS)
def test_syllables_tell_names_apart_in_every_script(script, world):
    assert syllable_faults(script, world) == []


def test_faults_of_syllables_are_found(tmp_path):
    shutil.copytree("data/world", tmp_path / "world")
    table = tmp_path / "world/syllables.csv"
    table.write_text(
        table.read_text(encoding="utf-8").replace("ka,カ,카", "ka,カ,ka").replace("ki,キ,키,", "ki,キ,,"), encoding="utf-8"
    )
    world = World(tmp_path / "world")
    assert [fault.state for fault in syllable_faults("Hangul", world)] == ["wrong", "missing"]
    world.syllables.rows[0]["hangul"] = "쿠"
    assert "ku is that of ka, too" in syllable_faults("Hangul", world)[1].text
    assert [fault.text.split(":")[0] for fault in syllable_faults("Arabic", world)] == [
        "letters of Arabic",
        "column of Arabic",
        "data/world/syllables.csv",
    ]


def test_wrong_placeholders_are_all_reported(tmp_path):
    book = yaml.safe_load(Path("data/phrasebook/eng.yaml").read_text(encoding="utf-8"))
    book["relations"]["market"]["ask"] = "Which day?"
    book["relations"]["rains"]["answer"] = "{answer} {answer} {place}"
    path = tmp_path / "eng.yaml"
    path.write_text(yaml.safe_dump(book), encoding="utf-8")
    with pytest.raises(ValueError, match=r"market\.ask") as error:
        read_phrasebook(path)
    assert "rains.answer" in str(error.value)
