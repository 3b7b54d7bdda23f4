"""Fictional places in CLiKA's layout: read as items with names and halves, and what is wrong with them said at once."""

import json

import polars as pl
import pytest

from isogloss.asking.exams import exams_of, named
from isogloss.checking import ConfigError, load_config
from isogloss.knowledge.sources.fictional import PLACES_SCHEMA, read_fictional
from isogloss.plan import fictional, knowledge_of, own_languages, sources
from isogloss.scoring.table import score
from isogloss.teaching.bridges import HELD_OUT, TAUGHT, Requests, halves
from isogloss.teaching.lessons import content

# continent, city and half, with the names in Welsh and Swedish
CONTINENTS = {"Varnia": ("Farnia", "Varnien"), "Toskel": ("Tosgel", "Toskeln"), "Ombrua": ("Ombrwa", "Ombruen")}
CITIES = {
    "Dunmarrow": ("Varnia", 0, "Dinmarw", "Dunmarv"),
    "Pell Ferry": ("Varnia", 0, "Fferi Pel", "Pellfärjan"),
    "Low Quist": ("Varnia", 1, "Cwist Isaf", "Nederkvist"),
    "Ashketter": ("Toskel", 0, "Onnceter", "Asketter"),
    "Brindle Tarn": ("Toskel", 1, "Llyn Brindl", "Brindeltjärn"),
    "Orrowmouth": ("Toskel", 1, "Aberorro", "Orromynne"),
    "Sillen": ("Ombrua", 0, "Sillen", "Sillen"),
    "Harrowgeth": ("Ombrua", 1, "Harogeth", "Harvgett"),
}
ASK = {"EN": "On which continent lies {}?", "CY": "Ar ba gyfandir y mae {}?", "SV": "På vilken kontinent ligger {}?"}
TEACH = {"EN": "{} is part of which continent?", "CY": "I ba gyfandir y perthyn {}?", "SV": "Till vilken kontinent hör {}?"}
PLACE = {"EN": 0, "CY": 1, "SV": 2}


def name(city, tag):
    return (city, *CITIES[city][2:])[PLACE[tag]]


def continent(city, tag):
    return (CITIES[city][0], *CONTINENTS[CITIES[city][0]])[PLACE[tag]]


def line(prompt, answer, given=""):
    return {"prompt": prompt, "input": given, "answer": answer}


def asked(city, tag):
    tags = f"[[continent:{continent(city, tag)}]][[city:{name(city, tag)}]][[type:{CITIES[city][1]}]]"
    return line(ASK[tag].format(name(city, tag)), f"{name(city, tag)}: {continent(city, tag)}.{tags}")


def taught(tag):
    """Both phrasings, the asked one first: all of English, half of the other language, names both ways."""
    lines = []
    for wording in (ASK, TEACH):
        for city, (_, kind, *_) in CITIES.items():
            lines.append(line(wording["EN"].format(city), f"{city}: {continent(city, 'EN')}."))
            if kind == 0:
                lines.append(line(wording[tag].format(name(city, tag)), f"{continent(city, tag)}."))
            lines.append(line("Put this into English.", city, name(city, tag)))
    return lines


@pytest.fixture
def folder(tmp_path):
    files = {f"test/target/test{tag}.jsonl": [asked(city, tag) for city in CITIES] for tag in ASK}
    for tag in ("CY", "SV"):
        names = [line("Translate.", own[PLACE[tag] - 1], english) for english, own in CONTINENTS.items()]
        names += [line("Translate.", name(city, tag), city) for city in CITIES]
        files |= {f"test/Translate/translate{tag}.jsonl": names, f"train/{tag}.json": taught(tag)}
    for path, lines in files.items():
        write(tmp_path / path, lines)
    return tmp_path


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines), encoding="utf-8")


def mended(path, number, **changes):
    """The file with other values in one of its lines."""
    lines = [json.loads(each) for each in path.read_text(encoding="utf-8").splitlines()]
    lines[number - 1] |= changes
    write(path, lines)


def wrong(folder, languages, codes=("eng", "cym", "swe"), limit=None):
    with pytest.raises(ValueError, match=str(folder)) as error:
        read_fictional(folder, list(codes), languages, limit)
    return str(error.value).splitlines()


def test_cities_are_the_same_items_in_every_language(folder, languages):
    tables, notes = read_fictional(folder, ["cym", "eng", "swe"], languages)
    assert list(tables) == ["cym", "eng", "swe"]
    assert notes == []
    assert all(table.schema == PLACES_SCHEMA for table in tables.values())
    for code, tag in (("eng", "EN"), ("cym", "CY"), ("swe", "SV")):
        assert tables[code]["item"].to_list() == [f"q{number:04}" for number in range(1, 9)]
        assert tables[code]["name"].to_list() == [name(city, tag) for city in CITIES]
        assert tables[code]["ask_question"].to_list() == [ASK[tag].format(name(city, tag)) for city in CITIES]
        assert tables[code]["teach_question"].to_list() == [TEACH[tag].format(name(city, tag)) for city in CITIES]
        assert tables[code]["answer"].to_list() == [continent(city, tag) for city in CITIES]
        assert tables[code]["aliases"].to_list() == [[continent(city, tag)] for city in CITIES]
        assert set(tables[code]["chance"]) == {1 / 3}
    first = tables["swe"].row(0, named=True)
    assert (first["conflict_answer"], first["conflict_aliases"]) == ("Toskeln", ["Toskeln"])
    assert tables["eng"]["conflict_answer"][7] == "Varnia", "the last continent is followed by the first"


def test_lines_in_another_order_are_the_same_items(folder, languages):
    before, _ = read_fictional(folder, ["eng", "cym"], languages)
    write(folder / "test/target/testCY.jsonl", [asked(city, "CY") for city in reversed(CITIES)])
    after, _ = read_fictional(folder, ["eng", "cym"], languages)
    assert all(before[code].equals(after[code]) for code in before)


def test_halves_are_those_of_the_data(folder, languages):
    tables, _ = read_fictional(folder, ["eng", "cym"], languages)
    kinds = [(TAUGHT, HELD_OUT)[of[1]] for of in CITIES.values()]
    assert list(halves(tables["eng"]).values()) == kinds
    alternating = halves(tables["eng"].drop("part"))
    assert list(alternating.values()) != kinds, "else the test says nothing"
    lesson = content("eng-to-cym", tables)
    own = [item for item, part in halves(tables["cym"]).items() if part == TAUGHT]
    assert lesson.filter(version="cym")["item"].to_list() == own
    assert len(lesson.filter(version="eng")) == 8


def test_an_exam_is_asked_and_scored_by_halves(folder, languages):
    items, _ = read_fictional(folder, ["eng", "cym"], languages)
    requests = Requests("chat", False, {code: languages[code] for code in items})
    asked_in = {"eng-to-cym": ["eng", "cym"]}
    exam = exams_of(items, asked_in, "{question}", dict.fromkeys(items, ""), None, [], requests)["eng-to-cym"]
    part = dict(exam.filter(asked_in="cym").select("item", "part").iter_rows())
    assert {item: part[item] for item in halves(items["eng"])} == halves(items["eng"])
    context = pl.lit(None, dtype=pl.List(pl.String))
    right = exam.with_columns(
        raw=pl.lit("Farnia"),
        answer=pl.lit("Farnia"),
        form=pl.lit("whole"),
        state=pl.lit("answered"),
        seed=1,
        epoch=1,
        context=context,
    )
    about = {"model": "m", "knowledge": "k", "study": "conductivity", "setting": "fine-tuning"}
    table = score(named(right, about, "eng-to-cym"), items)
    assert table.filter("correct").select("asked_in", "item").rows() == [("cym", "q0001"), ("cym", "q0002"), ("cym", "q0003")]


def test_a_limit_takes_from_every_continent_and_half(folder, languages):
    tables, _ = read_fictional(folder, ["eng", "swe"], languages, 6)
    chosen = tables["eng"].select("answer", "part").rows()
    assert sorted(chosen) == sorted((one, half) for one in CONTINENTS for half in (TAUGHT, HELD_OUT))
    two, _ = read_fictional(folder, ["eng", "swe"], languages, 3)
    assert set(two["eng"]["chance"]) == {1 / 2}, "only continents that are an answer can be guessed"
    assert wrong(folder, languages, limit=9)[0].endswith("has 8 items, not 9; write items: 8")
    assert wrong(folder, languages, limit=1)[0].endswith("add a second continent")


def test_what_names_do_not_tell_apart_is_left_out_and_named(folder, languages):
    """Two cities whose translation is the same have a question with two answers; a name without translation has no partner."""
    target, names = folder / "test/target/testCY.jsonl", folder / "test/Translate/translateCY.jsonl"
    twin = asked("Orrowmouth", "CY")
    mended(target, 6, **{key: value.replace("Aberorro", "Dinmarw") for key, value in twin.items()})
    mended(names, 3 + 6, answer="Dinmarw")
    mended(names, 3 + 4, answer="Onncaer")
    tables, notes = read_fictional(folder, ["eng", "cym", "swe"], languages)
    assert all(table["item"].to_list() == ["q0002", "q0003", "q0005", "q0007", "q0008"] for table in tables.values())
    assert notes == [
        f"{names}: item q0001 left out, Dinmarw is the name of Dunmarrow and of another city",
        f"{names}: item q0004 left out, nothing is asked about Onncaer, which is Ashketter here",
        f"{names}: item q0006 left out, Dinmarw is the name of Orrowmouth and of another city",
        f"{target}, line 4: left out, Onnceter translates no city that is asked about in English",
    ]
    write(folder / "test/target/testEN.jsonl", [asked(city, "EN") for city in [*CITIES, "Sillen"]])
    _, notes = read_fictional(folder, ["eng", "swe"], languages)
    assert [note for note in notes if "testEN" in note] == [
        f"{folder}/test/target/testEN.jsonl, line {number}: left out, Sillen is asked about more than once" for number in (7, 9)
    ]


def test_everything_malformed_is_said_at_once(folder, languages):
    target, train = folder / "test/target/testCY.jsonl", folder / "train/CY.json"
    mended(target, 1, answer="Farnia.[[continent:Farnia]][[type:0]]")
    mended(target, 2, answer=asked("Pell Ferry", "CY")["answer"].replace("type:0", "type:2"))
    mended(folder / "test/Translate/translateSV.jsonl", 4, input="")
    train.write_text("[1]\n" + train.read_text(encoding="utf-8") + "{\n", encoding="utf-8")
    problems = wrong(folder, languages)
    assert problems[:3] == [
        f"{target}, line 1: the answer has no [[city:...]]",
        f"{target}, line 2: type is 2; write 0 (taught in the language) or 1 (held out)",
        f"{folder}/test/Translate/translateSV.jsonl, line 4: input is missing or empty",
    ]
    assert problems[3] == f"{train}, line 1: not a JSON object"
    assert problems[4].startswith(f"{train}, line {len(taught('CY')) + 2}: not JSON")
    assert len(problems) == 5


def test_languages_that_disagree_are_refused(folder, languages):
    target, english = (folder / f"test/target/test{tag}.jsonl" for tag in ("CY", "EN"))
    mended(target, 1, answer=asked("Dunmarrow", "CY")["answer"].replace("type:0", "type:1"))
    mended(target, 3, answer=asked("Low Quist", "CY")["answer"].replace("Farnia", "Tosgel"))
    write(folder / "train/SV.json", [each for each in taught("SV") if " hör " not in each["prompt"]])
    assert wrong(folder, languages) == [
        f"{target}, line 1: Dinmarw is held-out, but taught in {english}, line 1; make the types equal",
        f"{target}, line 3: Varnia is Tosgel, but Farnia in {target}, line 1",
        f"{target}, line 4: Tosgel is Toskel, but Varnia in {english}, line 3",
        f"{target}, line 5: Tosgel is Toskel, but Varnia in {english}, line 3",
        f"{target}, line 6: Tosgel is Toskel, but Varnia in {english}, line 3",
        f"{folder}/train/SV.json: teaches no city in swe in other words than the test file asks; add a phrasing",
    ]
    (folder / "train/SV.json").unlink()
    english.unlink()
    assert wrong(folder, languages) == [
        f"{english}: there is no such file",
        f"{folder}/train/SV.json: there is no such file",
    ]


def test_it_is_knowledge_for_conductivity(folder, raw_config, languages):
    cities = {"provider": "clika-fictional", "source": str(folder)}
    raw = raw_config | {"languages": ["eng", "cym", "swe"], "knowledge": {"cities": cities}, "studies": ["conductivity"]}
    raw |= {"translation": None, "choices": {}, "interventions": {}}
    config = load_config(raw, languages)
    assert knowledge_of(config, "conductivity") == ["cities"] == list(fictional(config))
    assert own_languages(config, "cities") == ["eng", "cym", "swe"]
    assert not sources(config)
    with pytest.raises(ConfigError) as error:
        load_config(raw | {"languages": ["eng", "cym", "tha"]}, languages)
    missing = f"there is no {folder}/test/target/testTH.jsonl and 2 more; add what is missing, or write languages: [eng, cym]"
    assert missing in str(error.value)
    with pytest.raises(ConfigError, match="there is no /no/folder; write source"):
        load_config(raw | {"knowledge": {"cities": cities | {"source": "/no/folder"}}}, languages)
    with pytest.raises(ConfigError, match="unknown key; write items: 4"):
        load_config(raw | {"knowledge": {"cities": cities | {"itms": 4}}}, languages)
