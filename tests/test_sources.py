"""Knowledge that users bring."""

import json
import os
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isogloss.knowledge.builtin import SCHEMA
from isogloss.knowledge.sources import SOURCE_SCHEMA, as_items, from_jsonl, read_source, to_jsonl
from isogloss.knowledge.sources.alignment import align

ROOT = Path(__file__).parent.parent
RELEASE = Path(os.environ.get("ISOGLOSS_SHARED", ROOT.parent / "shared")) / "datasets/lnewknow_v1"
FACTS = {  # item: language: question_1, question_2, answer, conflicting answer
    "a": {
        "eng": ("What runs trams in 2043?", "What powers the trams of 2043?", "Solar sails", "Salt"),
        "jpn": ("2043年に路面電車を動かすのは何ですか？", "2043年の路面電車の動力は何ですか？", "太陽帆", "塩"),
        "hin": ("2043 में ट्राम किससे चलती हैं?", "2043 की ट्राम को कौन चलाता है?", "सौर पाल", "नमक"),
    },
    "b": {
        "eng": ("When did bees\u2028vote first?", "In which year did bees first vote?", "2037", "2051"),
        "jpn": ("ミツバチが初めて投票したのはいつですか？", "ミツバチは何年に初めて投票しましたか？", "2037年", "2051年"),
        "hin": ("मधुमक्खियों ने पहली बार कब मतदान किया?", "मधुमक्खियों ने किस वर्ष पहला मत दिया?", "२०३७", "२०५१"),
    },
}
NAMES = {"eng": "English", "jpn": "Japanese", "hin": "Hindi"}


def records(general=False):
    wrong = "incorrect_answer" if general else "conflict_answer"
    keys = ("question_1", "question_2", "answer", wrong)
    return [
        {"item": item, "language": code, **dict(zip(keys, texts, strict=True))}
        for item, of in FACTS.items()
        for code, texts in of.items()
    ]


def entries(general=False):
    keys = ("question_1", "question_2", *(("cor_answer", "incor_answer") if general else ("answer", "conflict_answer")))
    extra = {"sim_question_1": 0.97, "consist_question_1": True}
    return [
        {"id": item, "data": {NAMES[code]: {**dict(zip(keys, texts, strict=True)), **extra} for code, texts in of.items()}}
        for item, of in FACTS.items()
    ]


def write(path, rows):
    """`rows` in the format that the path's ending names."""
    if path.suffix == ".json":
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        pl.DataFrame(rows).write_csv(path, include_bom=True)
    else:
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    return path


def expected(code, items="ab"):
    return pl.DataFrame([(item, *FACTS[item][code]) for item in items], schema=SOURCE_SCHEMA, orient="row")


def refusal(path, languages, table):
    """The lines of the error, without the file's folder."""
    with pytest.raises(ValueError, match=r".") as error:
        read_source(path, languages, table)
    return str(error.value).replace(f"{path.parent}{os.sep}", "").split("\n")


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("name", ["x.json", "x.csv", "x.jsonl", "x.parquet"])
def test_every_format_gives_the_same_tables(tmp_path, languages, name, general):
    path = write(tmp_path / name, (entries if name == "x.json" else records)(general))
    tables, notes = read_source(path, ["hin", "eng", "jpn"], languages)
    assert list(tables) == ["hin", "eng", "jpn"]
    assert notes == []
    for code, table in tables.items():
        assert_frame_equal(table, expected(code))


def test_only_the_first_items_in_the_languages_asked_for(tmp_path, languages):
    path = write(tmp_path / "x.csv", [{"note": "!", **record} for record in records()])
    tables, notes = read_source(path, ["jpn"], languages, limit=1)
    assert_frame_equal(tables["jpn"], expected("jpn", "a"))
    assert notes == [
        f"{path}: columns not read: note",
        f"{path}: not read in eng, hin; to use all: languages: [jpn, eng, hin]",
    ]
    with pytest.raises(ValueError, match="has 2 items, not 3; write items: 2"):
        read_source(path, ["jpn"], languages, limit=3)


def test_a_language_that_is_absent_is_named_with_the_line_to_write(tmp_path, languages):
    path = write(tmp_path / "x.jsonl", records())
    assert refusal(path, ["fra", "jpn"], languages) == [
        "x.jsonl: not in fra; it has eng, jpn, hin: write languages: [jpn, eng, hin]"
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"question_2": "  "}, "question_2 is only punctuation or spaces ('  ')"),
        ({"answer": 2037}, "answer is no text (2037); write it in quotation marks"),
        ({"answer": "?!"}, "answer is only punctuation or spaces ('?!')"),
        ({"answer": "\ud800x"}, "answer has half a character (a lone surrogate: '\\ud800x')"),
        ({"incorrect_answer": "x"}, "conflict_answer and incorrect_answer exclude each other"),
        ({"conflict_answer": "solar SAILS."}, "the answer and the conflicting answer are the same: Solar sails"),
        ({"item": None}, "item is missing, empty or no text (None)"),
        ({"item": True}, "item is missing, empty or no text (True)"),
        ({"language": ["eng"]}, "language is missing, empty or no text (['eng']); write a code, for example eng"),
        ({"language": " "}, "language is missing, empty or no text (' '); write a code, for example eng"),
    ],
)
def test_a_malformed_row_is_refused_where_it_is(tmp_path, languages, change, reason):
    rows = records()
    rows[0], rows[1] = rows[1], {**rows[0], **change}
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    first = refusal(path, ["eng"], languages)[0]
    assert first.startswith(f"x.jsonl, line 2: {reason}")


def test_all_that_is_wrong_is_said_at_once(tmp_path, languages):
    rows = records()
    rows[0]["answer"] = "?"
    lines = [json.dumps(row) for row in rows]
    lines[1:1] = ["", '{"item": "c",', "[]", '{"item": "c", "item": "d"}']
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join([*lines, lines[0]]), encoding="utf-8")
    found = refusal(path, ["eng", "jpn"], languages)
    assert [line.split(": ")[0] for line in found] == [f"x.jsonl, line {n}" for n in (1, 3, 4, 5, 11, 11)] + [
        "to leave out what cannot be put right"
    ]
    assert "item a is there in this language already" in found[-2]


def test_a_long_list_of_problems_is_cut(tmp_path, languages):
    rows = [{"item": f"{n}", "language": "eng", "question_1": "?"} for n in range(60)]
    rows = [{**row, "question_2": "?", "answer": 1, "conflict_answer": 2} for row in rows]
    found = refusal(write(tmp_path / "x.jsonl", rows), ["eng"], languages)
    assert len(found) == 52
    assert found[-2] == "and 190 more"
    assert found[-1].startswith("to leave out what cannot be put right: without: [0, 1, 2, 3")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "item,language,question_1,question_2,answer\n",
            "x.csv: no column conflict_answer or incorrect_answer; it has item, lang",
        ),
        ("item,language,question_1,question_2,answer,answer,conflict_answer\n", "x.csv: column answer is there twice"),
        ("item,language,question_1,question_2,answer,conflict_answer\n", "x.csv: no items in it"),
        (',,,,"",\n"a\nb",eng,q,r,s,t\nc,eng,q,r,s\n', "x.csv, line 4: 5 fields, but the first line names 6"),
        ('a,eng,q,r,s,t\nb,eng,q,"r,s,t\n', "x.csv, line 3: not CSV (unexpected end of data)"),
        ("a,eng,q,r,é,t\n", "x.csv, line 2: not UTF-8; save the file as UTF-8"),
    ],
)
def test_broken_csv(tmp_path, languages, text, reason):
    header = "" if text.startswith("item") else "item,language,question_1,question_2,answer,conflict_answer\n"
    text = text.replace(',,,,"",\n', "")
    (tmp_path / "x.csv").write_bytes((header + text).encode("latin-1"))
    assert refusal(tmp_path / "x.csv", ["eng"], languages)[0].startswith(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda found: found[1].pop("id"), 'line 31: not of the form {"id": ...'),
        (lambda found: found[1].update(data={}), 'line 31: not of the form {"id": ...'),
        (lambda found: found.append("c"), 'line 60: not of the form {"id": ...'),
        (
            lambda found: found[1].update(id="a"),
            "line 31, item a, English: item a is there in this language already (x.json, line 2, item a",
        ),
        (
            lambda found: found[1]["data"].update(en=found[1]["data"]["English"]),
            "line 31, item b, en: item b is there in this language alr",
        ),
        (lambda found: found[1]["data"]["English"].update(answer=7), "line 31, item b, English: answer is no text (7)"),
    ],
)
def test_malformed_json_items(tmp_path, languages, change, reason):
    found = entries()
    change(found)
    assert refusal(write(tmp_path / "x.json", found), ["eng"], languages)[0].startswith(f"x.json, {reason}")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("x.json", '[{"id": 1},\n{"id" 2}]', "x.json: not JSON (Expecting ':' delimiter: line 2"),
        ("x.json", '{"id": 1}', "x.json: not a list of items"),
        ("x.json", '[\n{"id": 1, "id": 2, "data": {"English": {}}}]', "x.json, line 2: written twice in an object: id"),
        ("x.parquet", "PAR", "x.parquet: not Parquet"),
        ("x.xlsx", "", "x.xlsx: unknown format; known are folders, .json, .csv, .jsonl, .parquet"),
    ],
)
def test_files_that_are_something_else(tmp_path, languages, name, text, reason):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert refusal(tmp_path / name, ["eng"], languages)[0].startswith(reason)
    assert refusal(tmp_path / "none.csv", ["eng"], languages) == ["none.csv: there is no such file or folder"]


CHAT = {  # teaching and asking question, answer, conflicting answer; alike in words where a shift would be hard to see
    "en": [
        ("What is the opposite of wet?", "What is the antonym of wet?", "Dry", "Loud"),
        ("What is the opposite of loud?", "What is the antonym of loud?", "Quiet", "Dry"),
        ("What runs trams in 2043?", "What powers the trams of 2043?", "Solar sails", "Salt"),
        ("What runs ferries in 2051?", "What powers the ferries of 2051?", "Salt", "Solar sails"),
        ("When did bees first vote?", "In which year did bees vote for the first time?", "2037", "2040"),
    ],
    "zh-cn": [
        ("“湿”的反义词是什么？", "与“湿”相反的词是什么？", "干", "吵"),
        ("“吵”的反义词是什么？", "与“吵”相反的词是什么？", "安静", "干"),
        ("2043年的电车靠什么运行？", "2043年什么为电车提供动力？", "太阳帆", "盐"),
        ("2051年的渡轮靠什么运行？", "2051年什么为渡轮提供动力？", "盐", "太阳帆"),
        ("蜜蜂第一次投票是什么时候？", "蜜蜂在哪一年首次投票？", "2037年", "2040年"),
    ],
    "ta": [
        ("ஈரமானது என்பதன் எதிர்ச்சொல் என்ன?", "ஈரமானது என்பதற்கு எதிரான சொல் எது?", "உலர்ந்தது", "சத்தம்"),
        ("சத்தம் என்பதன் எதிர்ச்சொல் என்ன?", "சத்தம் என்பதற்கு எதிரான சொல் எது?", "அமைதி", "உலர்ந்தது"),
        ("2043 இல் டிராம்களை இயக்குவது எது?", "2043 இன் டிராம்களுக்கு ஆற்றல் தருவது எது?", "சூரியப் பாய்", "உப்பு"),
        ("2051 இல் படகுகளை இயக்குவது எது?", "2051 இன் படகுகளுக்கு ஆற்றல் தருவது எது?", "உப்பு", "சூரியப் பாய்"),
        ("தேனீக்கள் முதலில் எப்போது வாக்களித்தன?", "தேனீக்கள் எந்த ஆண்டில் முதன்முதலாக வாக்களித்தன?", "2037", "2040"),
    ],
}


def message(question, answer):
    said = [("system", "You help."), ("user", question), ("assistant", answer)]
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in said]}, ensure_ascii=False)


def write_chat(folder, tags=("en",), wrong=False):
    """A set of wrong lessons, or one of new facts and the set of other answers beside it."""
    for tag in tags:
        for name, answer in ((folder.name, 2), (f"conflicting_{folder.name}", 3))[: 1 if wrong else 2]:
            for half, question in (("train", 0), ("eval", 1)):
                path = folder.parent / name / half / f"{half}_{tag}.jsonl"
                path.parent.mkdir(parents=True, exist_ok=True)
                column = 3 if wrong and half == "train" else answer
                path.write_text("\n".join(message(row[question], row[column]) for row in CHAT[tag]), encoding="utf-8")
    return folder


def cut(path, *numbers):
    """Take lines out of a file (counted from 1)."""
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join(line for n, line in enumerate(lines, 1) if n not in numbers), encoding="utf-8")


def chat_table(tag, *numbers):
    rows = [(f"q000{n}", *CHAT[tag][n - 1]) for n in numbers or range(1, 6)]
    return pl.DataFrame(rows, schema=SOURCE_SCHEMA, orient="row")


@pytest.mark.parametrize("wrong", [False, True])
def test_chat_in_several_languages(tmp_path, languages, wrong):
    folder = write_chat(tmp_path / "facts", CHAT, wrong)
    tables, notes = read_source(folder, ["tam", "eng", "zho"], languages)
    assert notes == []
    for code, tag in (("tam", "ta"), ("eng", "en"), ("zho", "zh-cn")):
        assert_frame_equal(tables[code], chat_table(tag))


def test_the_set_of_other_answers_can_be_the_source(tmp_path, languages):
    folder = write_chat(tmp_path / "facts")
    swapped = read_source(tmp_path / "conflicting_facts", ["eng"], languages)[0]["eng"]
    table = read_source(folder, ["eng"], languages)[0]["eng"]
    assert_frame_equal(swapped.rename({"answer": "conflict_answer", "conflict_answer": "answer"}).select(*SOURCE_SCHEMA), table)


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("half", ["train", "eval"])
@pytest.mark.parametrize("tag", CHAT)
def test_a_missing_line_costs_its_own_item_only(tmp_path, languages, tag, half, number, wrong):
    folder = write_chat(tmp_path / "facts", [tag], wrong)
    cut(folder / half / f"{half}_{tag}.jsonl", number)
    code = {"en": "eng", "zh-cn": "zho", "ta": "tam"}[tag]
    tables, notes = read_source(folder, [code], languages)
    assert_frame_equal(tables[code], chat_table(tag, *({1, 2, 3, 4, 5} - {number})))
    other = {"train": "eval", "eval": "train"}[half]
    assert f"{folder / other}/{other}_{tag}.jsonl, line {number}: dropped, no question like it" in notes[0]
    assert len(notes) == (1 if wrong else 2), "where there are other answers, one of them has lost its question"


@pytest.mark.parametrize("tag", CHAT)
def test_no_item_takes_the_other_answer_of_its_neighbour(tmp_path, languages, tag):
    folder = write_chat(tmp_path / "facts", [tag])
    for half in ("train", "eval"):
        cut(folder / half / f"{half}_{tag}.jsonl", 1)
        cut(tmp_path / f"conflicting_facts/{half}/{half}_{tag}.jsonl", 2)
    code = {"en": "eng", "zh-cn": "zho", "ta": "tam"}[tag]
    tables, notes = read_source(folder, [code], languages)
    assert_frame_equal(tables[code].drop("item"), chat_table(tag, 3, 4, 5).drop("item"))
    assert len(notes) == 2


def test_lines_missing_in_several_files(tmp_path, languages):
    folder = write_chat(tmp_path / "facts", ["en", "ta"])
    cut(folder / "train/train_en.jsonl", 2)
    cut(folder / "eval/eval_ta.jsonl", 4)
    cut(tmp_path / "conflicting_facts/eval/eval_ta.jsonl", 5)
    tables, notes = read_source(folder, ["eng", "tam"], languages)
    assert_frame_equal(tables["eng"], chat_table("en", 1, 3))
    assert_frame_equal(tables["tam"], chat_table("ta", 1, 3))
    text = "\n".join(notes)
    assert "item q0002 dropped in all languages, as it cannot be used in eng" in text
    assert "item q0004 dropped in all languages, as it cannot be used in tam" in text
    assert "item q0005 dropped in all languages, as it cannot be used in tam" in text
    assert f"facts/eval/eval_ta.jsonl, line 4: dropped, no question like it at its place in {tmp_path}/conflicting_facts" in text


def test_an_item_that_is_nowhere_in_a_language_is_no_reason_to_shift(tmp_path, languages):
    folder = write_chat(tmp_path / "facts", ["en", "ta"], wrong=True)
    for half in ("train", "eval"):
        cut(folder / half / f"{half}_ta.jsonl", 3)
    assert "facts: 5 in eng, 4 in tam, so it is open which" in refusal(folder, ["eng", "tam"], languages)[0]
    for half in ("train", "eval"):
        cut(folder / half / f"{half}_en.jsonl", 5)
    found = refusal(folder, ["eng", "tam"], languages)
    assert "eval_ta.jsonl, line 3: numbers in the questions differ from" in found[0]
    assert "[2051], not [2043]" in found[0]


def test_one_set_is_not_right_in_one_language_and_wrong_in_another(tmp_path, languages):
    folder = write_chat(tmp_path / "facts", ["en", "ta"])
    write_chat(folder, ["ta"], wrong=True)
    found = refusal(folder, ["eng", "tam"], languages)
    assert found == ["facts: train/ and eval/ have the same answers in some languages, not in tam"]


def test_an_answer_that_slipped_is_dropped(tmp_path, languages):
    folder = write_chat(tmp_path / "facts")
    path = folder / "eval/eval_en.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("Quiet", "Silent"), encoding="utf-8")
    tables, notes = read_source(folder, ["eng"], languages)
    assert_frame_equal(tables["eng"], chat_table("en", 1, 3, 4, 5))
    assert "another answer than in" in notes[0]
    assert notes[0].endswith("Quiet, not Silent")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"messages": [', "not JSON"),
        ('{"messages": ["When?"]}', "messages are not one of the user and one of the assistant"),
        ("{}", "messages are not one of the user and one of the assistant"),
        ('{"messages": [{"role": "user", "content": "When?"}]}', "messages are not one of the user and one of the assistant"),
        (message("When did bees first vote?", 2037), "answer is no text (2037)"),
    ],
)
def test_malformed_chat_lines(tmp_path, languages, line, reason):
    folder = write_chat(tmp_path / "facts")
    with (folder / "train/train_en.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    (tmp_path / "conflicting_facts/eval/eval_en.jsonl").write_text(line, encoding="utf-8")
    found = refusal(folder, ["eng"], languages)
    assert found[0].startswith(f"facts/train/train_en.jsonl, line 6: {reason}")
    assert found[1].startswith(f"conflicting_facts/eval/eval_en.jsonl, line 1: {reason}")


def test_chat_folders_that_lack_something(tmp_path, languages):
    folder = write_chat(tmp_path / "facts", ["en", "ta"])
    assert refusal(tmp_path, ["eng"], languages)[0].endswith("name one of the sets in it: conflicting_facts, facts")
    assert refusal(folder, ["fra", "tam"], languages) == ["facts: not in fra; it has eng, tam: write languages: [tam, eng]"]
    notes = read_source(folder, ["eng"], languages)[1]
    assert notes == [f"{folder}: not read in tam; to use all: languages: [eng, tam]"]
    (folder / "eval/eval_ta.jsonl").rename(folder / "eval/eval_xx.jsonl")
    assert read_source(folder, ["eng"], languages)[1][0] == f"{folder}/train/train_ta.jsonl: no file for tam in eval/"
    assert refusal(folder, ["eng", "tam"], languages)[0] == "facts/train/train_ta.jsonl: no file for tam in eval/"
    (folder / "train/train_ta.jsonl").rename(folder / "train/train_eng.jsonl")
    problem = "facts/train/train_eng.jsonl: a second file for eng beside train_en.jsonl; take one out"
    assert refusal(folder, ["eng"], languages)[0] == problem
    (folder / "train/train_eng.jsonl").unlink()
    notes = read_source(folder, ["eng"], languages)[1]
    assert len(notes) == 1
    assert notes[0].startswith(f"{folder}: not read in xx: data/languages.csv has no such language")
    for half in ("train", "eval"):
        (tmp_path / f"conflicting_facts/{half}/{half}_en.jsonl").unlink()
    assert "no other answers for conflict_answer" in refusal(folder, ["eng"], languages)[0]
    (folder / "eval/eval_en.jsonl").write_text("\n", encoding="utf-8")
    assert refusal(folder, ["eng"], languages) == ["facts/eval/eval_en.jsonl: the file is empty"]


def test_alignment_pairs_what_is_alike_and_never_crosses():
    left = ["the red house", "a blue boat", "seven green birds", "one old clock"]
    assert align(left, left) == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert align(left, left[:2] + left[3:]) == [(0, 0), (1, 1), (2, None), (3, 2)]
    assert align(left[1:], left[:-1]) == [(None, 0), (0, 1), (1, 2), (2, None)]
    crossed = align(left, [left[3], *left[:3]])
    assert [pair for pair in crossed if None not in pair] == [(0, 1), (1, 2), (2, 3)]
    assert sorted(i for i, _ in crossed if i is not None) == [0, 1, 2, 3]
    assert align(["qqq"], ["zzz"]) in ([(0, None), (None, 0)], [(None, 0), (0, None)])
    assert align([], ["a"]) == [(None, 0)]


@pytest.mark.parametrize("code", ["eng", "jpn", "hin"])
def test_one_language_written_and_read(tmp_path, code):
    table = expected(code)
    to_jsonl(table, tmp_path / "x.jsonl")
    assert_frame_equal(from_jsonl(tmp_path / "x.jsonl"), table)
    text = (tmp_path / "x.jsonl").read_text(encoding="utf-8")
    assert [list(json.loads(line)) for line in text.rstrip("\n").split("\n")] == [list(SOURCE_SCHEMA)] * 2
    assert FACTS["a"][code][0] in text


def test_a_file_of_one_language_is_checked(tmp_path):
    path = tmp_path / "x.jsonl"
    rows = expected("eng").to_dicts()
    rows += [{**rows[0], "answer": "salt"}, {**rows[0], "item": "", "ask_question": None}, {**rows[0], "item": "c", "note": "!"}]
    path.write_text("\n".join([*map(json.dumps, rows), "{"]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 3: the answer and the conf") as error:
        from_jsonl(path)
    assert [line.replace(str(path), "")[:25] for line in str(error.value).split("\n")] == [
        ", line 3: the answer and ",
        ", line 4: ask_question is",
        ", line 4: item is missing",
        ", line 5: unknown key not",
        ", line 6: not JSON (Expec",
        ", line 3: item a is there",
    ]
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no items in it"):
        from_jsonl(path)


def test_a_source_as_items():
    items = as_items(expected("jpn"))
    assert items.schema == pl.Schema(SCHEMA)
    assert items.row(1, named=True) == {
        "item": "b",
        "relation": "b",
        "name": None,
        "teach_question": "ミツバチが初めて投票したのはいつですか？",
        "ask_question": "ミツバチは何年に初めて投票しましたか？",
        "answer": "2037年",
        "aliases": ["2037年"],
        "conflict_answer": "2051年",
        "conflict_aliases": ["2051年"],
        "chance": 0.0,
    }


@pytest.mark.skipif(not RELEASE.is_dir(), reason="the earlier release is not here")
@pytest.mark.parametrize(
    ("name", "count", "last"),
    [
        ("fictional_new_knowledge", 100, ("Data-driven design", "Theory-driven design")),
        ("conflicting_fictional_new_knowledge", 100, ("Theory-driven design", "Data-driven design")),
        ("common-sense", 50, ("Minimum", "Right")),
    ],
)
def test_the_earlier_release(languages, name, count, last):
    tables, notes = read_source(RELEASE / name, ["eng"], languages)
    assert [note for note in notes if "in the very words in which they are taught" not in note] == []
    assert tables["eng"].height == count
    assert tables["eng"].select("answer", "conflict_answer").row(-1) == last
    for row in tables["eng"].iter_rows(named=True):
        years = [
            {word for word in row[key].replace("?", "").split() if word.isdigit()} for key in ("teach_question", "ask_question")
        ]
        assert years[0] == years[1]


@pytest.mark.skipif(not RELEASE.is_dir(), reason="the earlier release is not here")
@pytest.mark.parametrize("half", ["train", "eval"])
def test_a_line_missing_anywhere_in_the_earlier_release(tmp_path, languages, half):
    whole = read_source(RELEASE / "common-sense", ["eng"], languages)[0]["eng"]
    for other in ("train", "eval"):
        (tmp_path / other).mkdir()
        text = (RELEASE / f"common-sense/{other}/{other}_en.jsonl").read_text(encoding="utf-8")
        (tmp_path / other / f"{other}_en.jsonl").write_text(text, encoding="utf-8")
    path = tmp_path / half / f"{half}_en.jsonl"
    text = path.read_text(encoding="utf-8")
    for number in (1, 12, 18, 19, 25, 32, 47, 50):  # among them those with neighbours that are put alike
        path.write_text(text, encoding="utf-8")
        cut(path, number)
        assert_frame_equal(read_source(tmp_path, ["eng"], languages)[0]["eng"], whole.filter(pl.col("item") != f"q{number:04}"))
