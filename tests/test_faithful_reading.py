"""Sources as spreadsheets, programs and translators leave them: read as what they are, or refused with what mends them."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import TypeAdapter

from isogloss.config import Source
from isogloss.knowledge.sources import as_items, from_jsonl, read_source, to_jsonl
from isogloss.knowledge.sources.fictional import read_fictional
from isogloss.knowledge.sources.language_tags import language_code

HEADER = ("item", "language", "question_1", "question_2", "answer", "conflict_answer")
TEXTS = {
    "eng": ("On which day is the market?", "When is the market held?", "Tuesday", "Friday"),
    "zho": ("集市在星期几？", "集市何时举行？", "星期二", "星期五"),
    "tam": ("சந்தை எந்த நாளில்?", "சந்தை எப்போது நடக்கும்?", "செவ்வாய்", "வெள்ளி"),
}


def rows(items=("q1", "q2", "q3"), codes=tuple(TEXTS)):
    return [dict(zip(HEADER, (item, code, *TEXTS[code]), strict=True)) for item in items for code in codes]


def lines(found):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in found)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def read(path, languages, codes=("eng",), **options):
    tables, notes = read_source(path, list(codes), languages, **options)
    return tables, [note.replace(str(path), path.name) for note in notes]


# --- what programs write for nothing ---


@pytest.mark.parametrize(
    "nothing", ["NaN", "nan", "None", "null", "N/A", "#N/A", "NA", "<NA>", "", None, float("nan"), [], [None]]
)
@pytest.mark.parametrize("code", TEXTS)
def test_nothing_is_no_answer(tmp_path, languages, code, nothing):
    found = rows()
    next(row for row in found if row["item"] == "q2" and row["language"] == code)["answer"] = nothing
    tables, notes = read(write(tmp_path / "x.jsonl", lines(found)), languages, TEXTS)
    assert {name: table["item"].to_list() for name, table in tables.items()} == {name: ["q1", "q3"] for name in TEXTS}
    number = 4 + list(TEXTS).index(code)
    assert notes[0].startswith(f"x.jsonl, line {number}: answer is missing or empty")
    assert notes[0].endswith("left out in all languages")
    assert notes[1] == "to be asked for no more: without: [q2]"


@pytest.mark.parametrize("answer", ["Nancy", "none of them", "Nullarbor", "Nan Goldin", "Null Island", "North Africa", "Na"])
def test_words_that_only_begin_like_it_are_answers(tmp_path, languages, answer):
    found = rows(codes=["eng"])
    found[1]["answer"] = answer
    assert read(write(tmp_path / "x.jsonl", lines(found)), languages)[0]["eng"]["answer"][1] == answer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\u200b", "is only what cannot be seen ('\\u200b')"),
        ("\u2060\ufeff\u00ad", "is only what cannot be seen"),
        ("\u3164", "is only"),
        ("\u2800", "is only"),
        ("\ufe0f", "is only"),
        ("a\x00b", "has a control character ('a\\x00b'); take it out"),
        ("a\x1bb", "has a control character"),
        ("M\ufffdnchen", "has a character that was lost"),
        ("['Tuesday', 'Tue']", "looks like a list (['Tuesday', 'Tue']); write one text"),
        ('["星期二", "周二"]', "looks like a list"),
        ("['Tuesday' 'Tue']", "looks like a list"),
        ("[Tuesday, Tue]", "looks like a list"),
        ("('Tuesday', 'Tue')", "looks like a list"),
        ("{'en': 'Tuesday'}", "looks like a list"),
        (["Tuesday", 2], "is no text (['Tuesday', 2]); write it in quotation marks (or a list of texts)"),
    ],
)
@pytest.mark.parametrize("column", ["answer", "conflict_answer"])
def test_what_is_no_text_to_teach_is_refused(tmp_path, languages, column, text, reason):
    found = rows(codes=["eng"])
    found[1][column] = text
    path = write(tmp_path / "x.jsonl", lines(found))
    with pytest.raises(ValueError, match=r"x.jsonl, line 2") as error:
        read(path, languages)
    assert f"x.jsonl, line 2: {column} {reason}" in str(error.value)
    assert str(error.value).endswith("to leave out what cannot be put right: without: [q2]")
    assert read(path, languages, without=["q2"])[0]["eng"]["item"].to_list() == ["q1", "q3"]


# --- other forms of an answer ---


@pytest.mark.parametrize(
    "given",
    [
        {"answer": ["Tuesday", "Tue", "Tues."]},
        {"answer_aliases": ["Tue", "Tues."]},
        {"answer_aliases": "Tue | Tues."},
        {"answer": ["Tuesday", "Tue"], "answer_aliases": "Tues."},
    ],
)
@pytest.mark.parametrize("kind", ["jsonl", "parquet", "json", "csv"])
def test_other_forms_of_an_answer(tmp_path, languages, kind, given):
    if kind == "csv" and any(isinstance(value, list) for value in given.values()):
        pytest.skip("CSV has no lists")
    row = rows(["q1"], ["eng"])[0] | given
    path = tmp_path / f"x.{kind}"
    if kind == "jsonl":
        write(path, lines([row]))
    elif kind == "json":
        own = {name: value for name, value in row.items() if name not in ("item", "language")}
        write(path, json.dumps([{"id": "q1", "data": {"English": own}}]))
    else:
        table = pl.DataFrame([row])
        table.write_parquet(path) if kind == "parquet" else table.write_csv(path)
    tables, notes = read(path, languages)
    assert notes == []
    assert tables["eng"]["answer"].to_list() == ["Tuesday"]
    to_jsonl(tables["eng"], tmp_path / "kept.jsonl")
    assert_frame_equal(from_jsonl(tmp_path / "kept.jsonl"), tables["eng"])
    item = as_items(tables["eng"]).row(0, named=True)
    assert item["aliases"] == ["Tuesday", "Tue", "Tues."]
    assert item["conflict_aliases"] == ["Friday"]


def test_a_form_is_of_one_answer_only(tmp_path, languages):
    row = rows(["q1"], ["eng"])[0] | {"answer_aliases": "Tue|Fri", "conflict_answer_aliases": ["fri"]}
    with pytest.raises(ValueError, match=r"x.jsonl, line 1: a form of the answer is one of the conflicting answer, too: fri"):
        read(write(tmp_path / "x.jsonl", lines([row])), languages)


# --- items that lack something ---


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "json"])
def test_an_incomplete_item_costs_only_itself(tmp_path, languages, kind):
    found = [row for row in rows() if (row["item"], row["language"]) != ("q2", "tam")]
    path = tmp_path / f"x.{kind}"
    if kind == "json":
        data = {}
        for row in found:
            data.setdefault(row["item"], {})[row["language"]] = {name: row[name] for name in HEADER[2:]}
        write(path, json.dumps([{"id": item, "data": of} for item, of in data.items()]))
    elif kind == "jsonl":
        write(path, lines(found))
    else:
        pl.DataFrame(found).write_csv(path) if kind == "csv" else pl.DataFrame(found).write_parquet(path)
    tables, notes = read(path, languages, TEXTS)
    assert [table["item"].to_list() for table in tables.values()] == [["q1", "q3"]] * 3
    assert "item q2 is not there in tam; left out in all languages" in notes[0]
    assert notes[-1] == "to be asked for no more: without: [q2]"
    tables, notes = read(path, languages, TEXTS, without=["q2"])
    assert notes == []
    tables, notes = read(path, languages, ["eng", "zho"])
    assert tables["eng"]["item"].to_list() == ["q1", "q2", "q3"], "what is asked for is there"


def test_without_is_counted_but_not_checked(tmp_path, languages):
    found = rows(["1", "2", "3", "4"], ["eng"])
    found[1]["answer"] = 7
    path = write(tmp_path / "x.jsonl", lines(found))
    assert read(path, languages, limit=3, without=["2"])[0]["eng"]["item"].to_list() == ["1", "3"]
    with pytest.raises(ValueError, match="no item is called 5; mend without: in the config"):
        read(path, languages, without=["2", "5"])


def test_numbers_name_items_in_the_config():
    own = TypeAdapter(Source).validate_python({"kind": "new", "source": "x.csv", "without": [4482, "q2"]})
    assert own.without == ["4482", "q2"]
    for wrong in (True, 1.5, None):
        with pytest.raises(ValueError, match="without"):
            TypeAdapter(Source).validate_python({"kind": "new", "source": "x.csv", "without": [wrong]})


# --- languages ---


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("eng", ["en", "eng", "EN", "en-US", "en_GB", "eng_Latn", "English", "english", "American English"]),
        ("zho", ["zh", "zho", "chi", "cmn", "zh-CN", "zh_Hans", "zh-Hans-CN", "zho_Hans", "Chinese", "Simplified Chinese"]),
        ("zho", ["Chinese (Simplified)", "Mandarin"]),
        ("fra", ["fr", "fra", "fre", "fr-CA", "fra_Latn", "French", "Canadian French"]),
        ("cym", ["cy", "cym", "wel", "cym_Latn", "Welsh"]),
        ("mon", ["mn", "mon", "khk", "khk_Cyrl", "mn-Cyrl", "Mongolian"]),
        ("swa", ["sw", "swa", "swh", "swh_Latn", "sw-KE", "Swahili"]),
        ("jpn", ["ja", "jpn", "ja-JP", "jpn_Jpan", "Japanese"]),
        ("kor", ["ko", "kor", "ko-KR", "kor_Hang", "ko-Kore", "Korean"]),
        ("gla", ["gd", "gla", "gla_Latn", "Scottish Gaelic"]),
        (None, ["de", "deu", "German", "zh-TW", "zho_Hant", "Traditional Chinese", "mn-Mong", "Klingon", "x", "", "nan", "engl"]),
    ],
)
def test_languages_go_by_the_codes_of_all_standards(tmp_path, languages, code, names):
    assert {name: language_code(name, languages) for name in names} == dict.fromkeys(names, code)
    for name in names if code else ():
        found = rows(["q1"], ["eng"])
        found[0]["language"] = name
        assert read(write(tmp_path / "x.jsonl", lines(found)), languages, [code])[1] == []


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_a_language_that_is_not_asked_for_refuses_nothing(tmp_path, languages, kind):
    found = rows()
    for row in found:
        if row["language"] == "zho":
            row |= {"language": "deu", "answer": "?", "question_1": None}
        if row["language"] == "tam":
            row |= {"conflict_answer": row["answer"]}
    path = tmp_path / f"x.{kind}"
    if kind == "csv":
        pl.DataFrame(found).write_csv(path)
    elif kind == "jsonl":
        write(path, lines(found))
    else:
        data = {}
        for row in found:
            data.setdefault(row["item"], {})[row["language"]] = {name: row[name] for name in HEADER[2:]}
        write(path, json.dumps([{"id": item, "data": of} for item, of in data.items()]))
    tables, notes = read(path, languages)
    assert len(tables["eng"]) == 3
    assert len(notes) == 2
    assert notes[0].startswith(f"{path.name}: not read in deu: data/languages.csv has no such language")
    assert notes[0].endswith("add a row for each to data/languages.csv")
    assert notes[1] == f"{path.name}: not read in tam; to use all: languages: [eng, tam]"
    with pytest.raises(ValueError, match=r"not in fra; it has eng, tam: write languages: .*\n.*not read in deu: .*add a row"):
        read(path, languages, ["eng", "fra"])


# --- tables as spreadsheets and programs write them ---

PLAIN = [HEADER, ("q1", "eng", *TEXTS["eng"]), ("q1", "zho", *TEXTS["zho"])]


def table(delimiter, rows_of=PLAIN):
    return "\n".join(delimiter.join(row) for row in rows_of)


@pytest.mark.parametrize(
    "text",
    [
        table(";"),
        table("\t"),
        table("|"),
        "sep=;\n" + table(";"),
        "sep=,\r\n" + table(",").replace("\n", "\r\n"),
        "\ufeff" + table(";"),
        table(", "),
        table(",", [tuple(name.title() for name in HEADER), *PLAIN[1:]]),
        table(",", [tuple(name.upper().replace("_", " ") for name in HEADER), *PLAIN[1:]]),
        table(",", [tuple(f" {name.replace('_', '-')} " for name in HEADER), *PLAIN[1:]]),
        table(",", [(*row, "", "") for row in PLAIN]),
        table(";", [*PLAIN[:1], *((*row, "", "") for row in PLAIN[1:])]),
        table(",", [PLAIN[0], ("",) * 6, PLAIN[1], (" ",) * 6, PLAIN[2], ("",)]),
        "\n\n" + table(","),
    ],
)
def test_dialects_of_csv(tmp_path, languages, text):
    tables, notes = read(write(tmp_path / "x.csv", text), languages, ["eng", "zho"])
    assert notes == []
    for code, found in tables.items():
        assert list(found.iter_rows()) == [("q1", *TEXTS[code])]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("x.csv", "", "x.csv: the file is empty"),
        ("x.csv", "\n \n", "x.csv: the file is empty"),
        ("x.csv", table(",", PLAIN[:1]), "x.csv: no items in it"),
        ("x.json", "", "x.json: the file is empty"),
        ("x.json", "[]", "x.json: no items in it"),
        ("x.jsonl", "", "x.jsonl: no items in it"),
        ("x.jsonl", json.dumps(rows(), indent=1), "x.jsonl: a JSON array; write one JSON object a line"),
        ("x.jsonl", json.dumps(rows()), "x.jsonl: a JSON array; write one JSON object a line"),
        ("x.jsonl", json.dumps(rows()[0], indent=1), "x.jsonl: one JSON object over several lines; write one JSON object a line"),
    ],
)
def test_files_without_rows_are_refused_in_one_line(tmp_path, languages, name, text, reason):
    with pytest.raises(ValueError, match="x") as error:
        read(write(tmp_path / name, text), languages)
    assert str(error.value).replace(str(tmp_path) + "/", "") == reason


def test_a_column_without_a_name_is_noted(tmp_path, languages):
    text = table(",", [("", *PLAIN[0]), ("0", *PLAIN[1]), ("1", *PLAIN[2])])
    assert read(write(tmp_path / "x.csv", text), languages)[1][0] == "x.csv: columns not read: (a column without a name)"


# --- the same words, and folders of another layout ---


def test_a_note_by_language_where_the_exam_has_the_words_of_the_lesson(tmp_path, languages):
    found = rows()
    for row in found:
        if row["language"] == "zho" or (row["language"], row["item"]) == ("tam", "q2"):
            row["question_2"] = row["question_1"].upper().replace("？", "?")
    notes = read(write(tmp_path / "x.jsonl", lines(found)), languages, TEXTS)[1]
    assert notes == [
        "x.jsonl: 3 of 3 items are asked in the very words in which they are taught in zho",
        "x.jsonl: 1 of 3 items are asked in the very words in which they are taught in tam",
    ]


def test_a_folder_of_another_layout_is_named_with_its_provider(tmp_path, languages):
    for name in (
        "places/test/target/testEN.jsonl",
        "places/train/FR.json",
        "chat/train/train_en.jsonl",
        "chat/eval/eval_en.jsonl",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / name, "")
    (tmp_path / "quiz/x_geo/fr").mkdir(parents=True)
    write(tmp_path / "quiz/x_geo/fr/generate_input.jsonl", "")
    (tmp_path / "table").mkdir()
    write(tmp_path / "table/own.csv", "")
    for folder, said in (
        ("places", f"write provider: clika-fictional, source: {tmp_path}/places"),
        ("places/train", f"write provider: clika-fictional, source: {tmp_path}/places"),
        ("quiz", "write it under choices:"),
        ("table", f"name the file, for example source: {tmp_path}/table/own.csv"),
    ):
        with pytest.raises(ValueError, match="no folder ") as error:
            read_source(tmp_path / folder, ["eng"], languages)
        assert said in str(error.value)
    with pytest.raises(ValueError, match=f"write provider: source, source: {tmp_path}/chat"):
        read_fictional(tmp_path / "chat", ["eng", "fra"], languages)
