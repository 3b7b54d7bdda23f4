"""What holds for every file: knowledge is read as it was written, and rubbish is refused with file and reason."""

import csv
import json
import string
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from isogloss.asking.prompts import parsed
from isogloss.knowledge.sources import SOURCE_SCHEMA, from_jsonl, read_source, to_jsonl
from isogloss.knowledge.sources.records import is_nothing
from isogloss.languages import read_languages
from isogloss.measures.clika import PREDICTION_SCHEMA, TASKS, read_predictions
from isogloss.measures.indices import SCORE_SCHEMA, read_scores
from isogloss.measures.letters import option_letter
from isogloss.measures.published import read_matrix
from isogloss.scoring.spelling import normalise

TABLE = read_languages(Path(__file__).parent.parent / "data/languages.csv")
CODES = ["eng", "jpn", "hin"]
ALPHABET = st.characters(exclude_categories=["Cs"])
SEEN = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd[{(")
TEXT = (
    st.text(SEEN, min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda text: any(c.isalnum() for c in normalise(text)) and not is_nothing(text))
)
FIELDS = ("question_1", "question_2", "answer", "conflict_answer")


@st.composite
def facts(draw):
    """Texts by item and language; answers that conflict."""
    items = draw(st.lists(TEXT, min_size=1, max_size=4, unique=True))
    codes = draw(st.lists(st.sampled_from(CODES), min_size=1, unique=True))
    found = {item: {code: draw(st.tuples(TEXT, TEXT, TEXT, TEXT)) for code in codes} for item in items}
    assume(all(normalise(texts[2]) != normalise(texts[3]) for of in found.values() for texts in of.values()))
    return found


def write(path, found):
    """The facts in the format that the path's ending names."""
    rows = [
        {"item": item, "language": code, **dict(zip(FIELDS, texts, strict=True))}
        for item, of in found.items()
        for code, texts in of.items()
    ]
    match path.suffix:
        case ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
        case ".jsonl":
            path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
        case ".parquet":
            pl.DataFrame(rows).write_parquet(path)
        case ".json":
            texts = {item: {code: dict(zip(FIELDS, own, strict=True)) for code, own in of.items()} for item, of in found.items()}
            path.write_text(json.dumps([{"id": item, "data": of} for item, of in texts.items()]), encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("read")


def refused_or_read(read, path):
    """What `read` returns; a refusal names the file in every line that does not continue another, and nothing else is raised."""
    try:
        return read()
    except ValueError as error:
        refusal = error
    assert type(refusal) is ValueError, repr(refusal)
    assert str(path) in str(refusal).split("\n")[0]
    return None


# JSON of every shape, with the keys and values that readers look for among others
KEYS = st.sampled_from(
    ["item", "language", "id", "data", "English", "res", "label", "messages", "role", "content", *FIELDS, "taught_in", "correct"]
) | st.text(max_size=3)
VALUES = st.sampled_from(["eng", "en", "A", "B", "user", "assistant", "Monday", "?", "\ud800", 1, 0, True, None]) | st.text(
    max_size=4
)
JSON = st.recursive(
    VALUES | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)
LINES = st.lists(JSON.map(json.dumps) | st.text(max_size=10).filter(lambda t: "\n" not in t), max_size=5).map("\n".join)
RUBBISH = st.binary(max_size=60) | LINES.map(lambda text: text.encode(errors="surrogatepass"))


@st.composite
def damaged(draw, whole):
    """A file's bytes, cut off, with some of them replaced, or with some inserted."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 8)))
    return draw(st.sampled_from([whole[:start], whole[:start] + draw(st.binary(max_size=8)) + whole[end:]]))


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".json"])
@given(found=facts())
@settings(max_examples=60)
def test_a_source_is_read_as_it_was_written(folder, ending, found):
    path = folder / f"whole{ending}"
    write(path, found)
    codes = list(next(iter(found.values())))
    tables, notes = read_source(path, codes, TABLE)
    assert [note for note in notes if "in the very words in which they are taught" not in note] == []
    for code in codes:
        rows = [(item, *of[code]) for item, of in found.items()]
        assert_frame_equal(tables[code], pl.DataFrame(rows, schema=SOURCE_SCHEMA, orient="row"))
        to_jsonl(tables[code], folder / "kept.jsonl")
        assert_frame_equal(from_jsonl(folder / "kept.jsonl"), tables[code])


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".json"])
@given(content=RUBBISH)
@settings(max_examples=150)
def test_rubbish_is_no_source(folder, ending, content):
    path = folder / f"rubbish{ending}"
    path.write_bytes(content)
    assert refused_or_read(lambda: read_source(path, ["eng"], TABLE), path) is None


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".json"])
@given(data=st.data())
@settings(max_examples=150)
def test_a_damaged_source_is_refused_or_still_a_table(folder, ending, data):
    path = folder / f"damaged{ending}"
    write(path, {item: {code: (f"{item}1?", f"{item}2?", "Monday", "火") for code in CODES} for item in "ab"})
    path.write_bytes(data.draw(damaged(path.read_bytes())))
    read = refused_or_read(lambda: read_source(path, CODES, TABLE), path)
    for table in read[0].values() if read else ():
        assert table.schema == SOURCE_SCHEMA
        assert table.null_count().sum_horizontal().item() == 0


@given(content=RUBBISH)
@settings(max_examples=150)
def test_rubbish_is_no_translation(folder, content):
    path = folder / "translated.jsonl"
    path.write_bytes(content)
    refused_or_read(lambda: from_jsonl(path), path)


@given(train=LINES, evaluated=LINES)
@settings(max_examples=100)
def test_rubbish_is_no_chat(folder, train, evaluated):
    for half, text in (("train", train), ("eval", evaluated)):
        path = folder / f"chat/{half}/{half}_en.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(errors="surrogatepass"))
    assert refused_or_read(lambda: read_source(folder / "chat", ["eng"], TABLE), folder / "chat") is None


PREDICTION = st.fixed_dictionaries(
    {
        "id": st.integers(0, 99) | st.text(max_size=2),
        "res": st.text(st.characters(categories=["Cs", "L", "Z"]), max_size=4) | st.sampled_from([None, 1, ["A"], "\ud800"]),
        "label": st.sampled_from("ABCDE"),
    },
    optional={"other": JSON},
).map(json.dumps)
OTHER_LINES = JSON.map(json.dumps) | st.text(ALPHABET, max_size=5)


@given(st.lists(PREDICTION, min_size=1, max_size=2) | st.lists(PREDICTION | OTHER_LINES, max_size=4))
@settings(max_examples=200)
def test_predictions_are_read_or_refused(folder, lines):
    path = folder / "predictions/x_geo/de_x/model_res.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\n".join(lines).encode(errors="surrogatepass"))
    read = refused_or_read(lambda: read_predictions(folder / "predictions"), path)
    if read:
        table, notes = read
        assert notes == []
        assert table.schema == PREDICTION_SCHEMA
        assert set(table["label"]) <= set("ABCD")
        assert table["prediction"].str.len_chars().max() <= 1


@given(st.dictionaries(st.integers(0, 99), st.tuples(st.text(ALPHABET, max_size=5), st.sampled_from("ABCDE")), min_size=1))
@settings(max_examples=60)
def test_predictions_are_read_as_they_were_written(folder, said):
    path = folder / "published/x_csqa/zh/some_model_res_bf16.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"id": item, "res": text, "label": label}) for item, (text, label) in said.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    table, _ = read_predictions(folder / "published")
    assert TASKS["x_csqa"].options == 5
    rows = [
        ("some_model", "x_csqa", "zho", str(item), option_letter(text, 5) or "", label) for item, (text, label) in said.items()
    ]
    assert table.rows() == rows


def score_table(**columns):
    """Answers of one model that learns in two languages."""
    cells = [(one, other) for one in ("eng", "zul") for other in ("eng", "zul")]
    own = {"model": "m", "knowledge": "k", "setting": "s", "item": "i", "seed": 1, "correct": True}
    return pl.DataFrame({"taught_in": [one for one, _ in cells], "asked_in": [other for _, other in cells]}).with_columns(
        **{name: pl.lit(value) for name, value in (own | columns).items()}
    )


@given(st.data())
@settings(max_examples=200)
def test_a_damaged_table_of_scores_is_refused_or_still_a_table(folder, data):
    path = folder / data.draw(st.sampled_from(["scores.csv", "scores.parquet"]))
    score_table().write_csv(path) if path.suffix == ".csv" else score_table().write_parquet(path)
    path.write_bytes(data.draw(damaged(path.read_bytes()) | RUBBISH))
    table = refused_or_read(lambda: read_scores(path), path)
    assert table is None or table.schema == SCORE_SCHEMA


ODD = [pl.Series([[1]] * 4), pl.Series([b"\xff"] * 4), pl.Series([{"a": 1}] * 4), pl.Series([None] * 4), pl.Series([1.5] * 4)]
COLUMNS = st.dictionaries(st.sampled_from([*SCORE_SCHEMA, "row", "study", "first"]), st.sampled_from(ODD), min_size=1, max_size=2)


@given(COLUMNS)
def test_a_table_of_scores_with_other_types_is_refused_or_still_a_table(folder, odd):
    path = folder / "odd.parquet"
    score_table().with_columns(**odd).write_parquet(path)
    table = refused_or_read(lambda: read_scores(path), path)
    assert table is None or table.schema == SCORE_SCHEMA


@given(COLUMNS.map(lambda odd: {{"model": "item", "knowledge": "language"}.get(name, name): odd[name] for name in odd}))
def test_a_source_with_other_types_is_refused(folder, odd):
    path = folder / "odd.parquet"
    names = dict(zip(FIELDS, ("1?", "2?", "Monday", "Sunday"), strict=True))
    odd = {name: series for name, series in zip(("item", *FIELDS), odd.values(), strict=False)}
    table = pl.DataFrame({"item": list("abcd")}).with_columns(language=pl.lit("eng"), **{k: pl.lit(v) for k, v in names.items()})
    table.with_columns(**odd).write_parquet(path)
    assert refused_or_read(lambda: read_source(path, ["eng"], TABLE), path) is None


@pytest.mark.parametrize("name", ["deep.csv", "deep.jsonl", "deep.json", "deep_res.jsonl"])
def test_brackets_without_end_are_refused(tmp_path, name):
    """Python's parser of JSON gives up with another error than for what is no JSON."""
    path = tmp_path / f"x_geo/de/{name}"
    path.parent.mkdir(parents=True)
    path.write_text("[" * 200_000, encoding="utf-8")
    read = (lambda: read_predictions(tmp_path)) if name == "deep_res.jsonl" else (lambda: read_source(path, ["eng"], TABLE))
    assert refused_or_read(read, path) is None


@given(content=damaged(b"taught,eng,zul\neng,80,12\nzul,34.5,70\n") | RUBBISH)
@settings(max_examples=200)
def test_a_damaged_matrix_is_refused_or_still_a_matrix(folder, content):
    path = folder / "matrix.csv"
    path.write_bytes(content)
    table = refused_or_read(lambda: read_matrix(path, ["eng", "zul"]), path)
    if table is not None:
        assert len(table) == 4
        assert table["accuracy"].is_between(0, 1).all()


WANTED = "Say it between <answer> and </answer>. {question}"
THOUGHTS_SAID = [("<think>", "</think>"), ("[THINK]", "[/THINK]"), ("<|channel>thought\n", "<channel|>")]
WORDS = st.lists(ALPHABET | st.sampled_from(["<answer>", "</answer>", "<", ">", " ", "\n"]), max_size=12).map("".join)


@given(st.text(string.ascii_letters + " \n.,'", min_size=1))
def test_without_tags_an_answer_is_what_was_said(said):
    found = (said.strip(), "whole", "answered") if said.strip() else (None, None, "unparsed")
    assert parsed("{question}", said, True) == parsed(WANTED, said, True) == found
    assert parsed("{question}", said, False) == parsed(WANTED, said, False) == (None, None, "unfinished")


@given(before=WORDS, answer=WORDS, after=st.text(ALPHABET, max_size=5).filter(lambda text: "<" not in text))
@settings(max_examples=200)
def test_the_last_answer_between_tags_counts(before, answer, after):
    assume("answer>" not in answer and answer.strip())
    found = parsed(WANTED, f"{before}<answer>{answer}</answer>{after}", True)
    assert found == (answer.strip(), "tags", "answered")


@given(WORDS, st.booleans())
@settings(max_examples=200)
def test_what_is_read_was_said_and_is_not_blank(said, ended):
    found = parsed(WANTED, said, ended)
    assert (found.answer is None) == (found.form is None) == (found.state != "answered")
    if found.answer is not None:
        assert found.answer
        assert found.answer == found.answer.strip()
        assert "</answer>" not in found.answer
        kept = iter(said)
        assert all(character in kept for character in found.answer), "nothing is added, nothing changes places"


@given(WORDS, st.sampled_from(THOUGHTS_SAID), st.booleans())
def test_thoughts_change_nothing(said, marks, ended):
    opens, closes = marks
    assert parsed(WANTED, f"{opens}<answer>no</answer>{closes}{said}", ended) == parsed(WANTED, said, ended)
    assert parsed(WANTED, f"{opens}{said}", ended).state == "unfinished"
