"""CLiKA's three levels against its printed numbers, on the published predictions, and on small ones made here."""

import json
import os
from pathlib import Path

import polars as pl
import pytest

from isogloss.figures.alignment import draw
from isogloss.measures.clika import CODES, LANGUAGES, PREDICTION_SCHEMA, TASKS, Task, read_predictions, scores
from isogloss.measures.conductivity import xrr

ROOT = Path(__file__).parent.parent
RELEASE = Path(os.environ.get("ISOGLOSS_SHARED", ROOT.parent / "shared")) / "clika_predictions"
SMALL = {"basic": Task("basic", 2, 0.9), "facts": Task("factual", 4, 0.9)}
TWO = {"tasks": SMALL, "languages": ["eng", "fra", "zho"], "resamples": 50}


@pytest.fixture(scope="module")
def published():
    if not RELEASE.is_dir():
        pytest.skip(f"{RELEASE} is not there")
    return read_predictions(RELEASE)


def percent(table: pl.DataFrame, model: str, language: str, measure: str) -> float:
    return 100 * table.filter(model=model, language=language)[measure].item()


def test_published_predictions_are_all_read(published):
    table, notes = published
    assert notes == []
    assert set(table["model"]) == {"chatgpt", "llama_13b", "llama2_13b"}
    counts = table.group_by("task").agg(pl.col("language").n_unique(), pl.col("item").n_unique(), pl.len())
    sizes = {task: (languages, items, rows) for task, languages, items, rows in counts.iter_rows()}
    assert sizes == {
        task: (10, items, 30 * items) for task, items in {"x_csqa": 1000, "x_copa": 500, "x_name": 180, "x_geo": 200}.items()
    }


@pytest.mark.parametrize(
    ("model", "basic", "factual", "consistency"),
    [
        ("llama_13b", (50.36, 15.98, 17.95), (79.28, 7.49, 42.19), (83.27, 89.75)),
        ("llama2_13b", (73.29, 43.57, 35.78), (91.58, 40.39, 56.00), (96.48, 94.98)),
    ],
)
def test_printed_numbers_are_matched_to_the_last_digit(published, model, basic, factual, consistency):
    table = scores(published[0], constants="paper", resamples=20)
    rows = ("eng", "zho", "others")
    assert tuple(round(percent(table, model, row, "basic_ra"), 2) for row in rows) == basic
    assert tuple(round(percent(table, model, row, "factual_ra"), 2) for row in rows) == factual
    assert tuple(round(percent(table, model, row, "en_co"), 2) for row in rows[1:]) == consistency
    # prose is counted, and no answer of these models that names an option is read otherwise than by its first character
    missing = {row["language"]: row["missing"] for row in table.filter(model=model).iter_rows(named=True)}
    assert missing["rus"] == ("x_csqa: 1 unparsed; x_geo: 3 unparsed" if model == "llama_13b" else "")
    assert sum(said != "" for said in missing.values()) == (10 if model == "llama_13b" else 0)


def test_the_reference_is_by_default_its_own_predictions(published):
    table = scores(published[0], resamples=200)
    english = {task: table.filter(model="chatgpt", language="eng")[task].item() for task in TASKS}
    assert english == pytest.approx({"x_csqa": 0.745, "x_copa": 0.964, "x_name": 166 / 180, "x_geo": 0.970})
    # the paper has 0.746: an answer that begins with "All of the above options" was right there as an A
    assert round(percent(table, "llama_13b", "eng", "factual_ra"), 2) == 79.27  # 79.28 where 166 / 180 is rounded
    assert [percent(table, "chatgpt", "eng", f"factual_ra{end}") for end in ("", "_low", "_high")] == pytest.approx([100] * 3)
    for measure in ("basic_ra", "factual_ra", "en_co", *TASKS):
        inside = table.select(pl.col(measure).is_between(f"{measure}_low", f"{measure}_high")).to_series()
        assert inside.sum() >= 0.97 * len(table)  # what is at 0 or 1 may lie outside
    low, high = (percent(table, "llama_13b", "zho", f"x_geo{end}") for end in ("_low", "_high"))
    share = percent(table, "llama_13b", "zho", "x_geo") / 100
    assert high - low == pytest.approx(100 * 2 * 1.96 * (share * (1 - share) / 200) ** 0.5, rel=0.25)


def test_a_model_without_some_languages_has_blanks(published):
    own = pl.col("language").is_in(["eng", "deu"])
    lacking = published[0].filter((pl.col("model") != "llama_13b") | (own & (pl.col("task") != "x_copa")))
    table = scores(lacking, resamples=20).filter(model="llama_13b")
    rows = {row["language"]: row for row in table.iter_rows(named=True)}
    assert (rows["deu"]["basic_ra"], rows["deu"]["missing"]) == (None, "x_copa; x_csqa: 2 unparsed")
    assert 0 < rows["deu"]["factual_ra"] < 1
    assert (rows["zho"]["factual_ra"], rows["zho"]["x_name"]) == (None, None)
    assert rows["zho"]["missing"] == "x_csqa; x_copa; x_name; x_geo"
    assert rows["others"]["factual_ra"] is None
    assert "deu, fra, ita" in rows["others"]["missing"]


def said(model: str, task: str, language: str, right: str, predictions: str) -> pl.DataFrame:
    """Predictions of a model, a letter an item."""
    rows = [(model, task, language, str(i), one, label) for i, (label, one) in enumerate(zip(right, predictions, strict=True))]
    return pl.DataFrame(rows, schema=PREDICTION_SCHEMA, orient="row")


def small(*without: tuple[str, str, str]) -> pl.DataFrame:
    """A teacher who is always right but for one English fact, and a pupil."""
    texts = {
        ("teacher", "basic", "eng"): "AABB",
        ("teacher", "facts", "eng"): "ABCDD",
        ("pupil", "basic", "eng"): "AABA",
        ("pupil", "facts", "eng"): "ABADA",
        ("pupil", "basic", "fra"): "BBBB",
        ("pupil", "facts", "fra"): "ABCAA",
        ("pupil", "basic", "zho"): "BBAA",
        ("pupil", "facts", "zho"): "DDDAB",
    }
    right = {"basic": "AABB", "facts": "ABCDA"}
    return pl.concat([said(*key, right[key[1]], text) for key, text in texts.items() if key not in without])


def row_of(table: pl.DataFrame, model: str, language: str) -> dict:
    return table.filter(model=model, language=language).row(0, named=True)


def test_levels_of_a_small_table_by_hand():
    table = scores(small(), reference="teacher", **TWO)
    english, french, chinese = (row_of(table, "pupil", language) for language in ("eng", "fra", "zho"))
    assert [english["basic"], french["basic"], chinese["basic"]] == [0.75, 0.5, 0]
    assert [english["basic_ra"], french["basic_ra"], chinese["basic_ra"]] == [0.5, 0, 0]  # never below guessing
    assert french["factual_ra"] == pytest.approx((0.8 - 0.25) / (0.8 - 0.25))
    assert french["en_co"] == pytest.approx(3 / 4)  # A, B and the last A of four right ones; C was A in English
    assert row_of(table, "pupil", "others")["en_co"] == pytest.approx(3 / 4)  # French alone
    assert row_of(scores(small(), constants="paper", **TWO), "pupil", "fra")["factual_ra"] == pytest.approx(0.55 / 0.65)


def test_consistency_is_of_items_that_english_has():
    first = (pl.col("language") == "eng") & (pl.col("model") == "pupil") & (pl.col("item") == "0")
    table = scores(small().filter(~first), reference="teacher", **TWO)
    assert row_of(table, "pupil", "fra")["en_co"] == pytest.approx(2 / 3)


def test_a_reference_that_only_guesses_is_no_scale():
    guess = said("guesser", "basic", "eng", "AABB", "AAAA")
    row = row_of(scores(pl.concat([small(), guess]), reference="guesser", **TWO), "pupil", "eng")
    assert (row["basic"], row["basic_ra"]) == (0.75, None)
    assert "basic_ra: no English accuracy of guesser above chance" in row["missing"]


def test_what_is_missing_is_named_and_never_zero():
    cut = small(("pupil", "facts", "fra"), ("teacher", "basic", "eng")).filter(
        (pl.col("model") != "pupil") | (pl.col("language") != "eng") | (pl.col("task") != "facts") | (pl.col("item") != "0")
    )
    table = scores(cut, reference="teacher", **TWO)
    english, french, chinese = (row_of(table, "pupil", language) for language in ("eng", "fra", "zho"))
    assert english["facts"] == pytest.approx(3 / 4)
    assert "facts: only 4 of 5 items" in english["missing"]
    assert "basic_ra: no English accuracy of teacher" in english["missing"]
    assert (french["facts"], french["factual_ra"], french["en_co"], french["basic_ra"]) == (None, None, None, None)
    assert french["missing"].startswith("facts; ")
    assert chinese["factual_ra"] == pytest.approx(0)  # there, and wrong
    assert chinese["en_co"] is None
    assert "en_co: on a task nothing is right" in chinese["missing"]
    assert row_of(table, "teacher", "fra")["missing"] == "basic; facts"
    assert row_of(table, "pupil", "others")["missing"] == "not complete in fra"
    facts = {"tasks": {"facts": SMALL["facts"]}, "languages": ["eng", "fra", "zho"], "resamples": 10}
    alone = scores(small().filter(task="facts"), reference="teacher", **facts)
    assert row_of(alone, "pupil", "fra")["missing"] == "basic_ra: no task of its level"


def test_everything_unknown_is_said_at_once():
    with pytest.raises(ValueError, match=r"no predictions of the reference 'nobody'.*\n.*task 'facts'.*\n.*language 'zho'"):
        scores(small(), reference="nobody", tasks={"basic": SMALL["basic"]}, languages=["eng", "fra"])


def write(path: Path, *rows: dict | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_reading_names_models_and_languages(tmp_path):
    one = {"id": 0, "res": " B</s> because", "label": "B", "input": "Which?"}
    write(tmp_path / "x_copa/DE/chatgpt_res.jsonl", one | {"uuid": 7})
    write(tmp_path / "x_copa/zh/Big-13B-v1.5_res_bf16_add_simple_example.jsonl", one | {"res": ""})
    write(tmp_path / "x_csqa/ar_trans/chatgpt_res.jsonl", one)
    write(tmp_path / "x_csqa/ar_trans/chatgpt_res_without_uuid.jsonl", one)
    write(tmp_path / "x_csqa/xx/chatgpt_res.jsonl", one)
    write(tmp_path / "x_more/en/chatgpt_res.jsonl", one)
    write(tmp_path / "x_copa/DE/test.jsonl", "not predictions")
    table, notes = read_predictions(tmp_path)
    assert set(table.rows()) == {
        ("chatgpt", "x_copa", "deu", "0", "B", "B"),
        ("Big-13B-v1.5", "x_copa", "zho", "0", "", "B"),
        ("chatgpt", "x_csqa", "ara", "0", "B", "B"),
    }
    assert len(notes) == 3
    for part in ("without_uuid.jsonl: not read, its name", "language 'xx'", "task 'x_more'"):
        assert any(part in note for note in notes)


def test_letters_of_any_script_are_read_and_prose_is_counted(tmp_path):
    answers = {
        "en": ["A.", "Answer: B", "As an AI model I cannot say", "(B)", ""],
        "ru": ["А.", "Ответ: В", "Все верны", "в", "Б."],
        "ja": ["Ａ", "答え：Ｂ", "アパート", "「B」", "A. 右\nB. 左"],
        "it": ["**A**", "La risposta è B", "Altro", "b)", "A e B"],
    }
    for tag, texts in answers.items():
        rows = [{"id": i, "res": said, "label": label} for i, (said, label) in enumerate(zip(texts, "AAABB", strict=True))]
        write(tmp_path / f"x_copa/{tag}/m_res.jsonl", *rows)
    table, notes = read_predictions(tmp_path)
    assert notes == []
    for code in ("eng", "rus", "jpn", "ita"):
        assert table.filter(language=code)["prediction"].to_list() == ["A", "B", "", "B", ""], code
    found = scores(table, "best", resamples=10)
    for code in ("eng", "rus", "jpn", "ita"):
        row = row_of(found, "m", code)
        assert row["x_copa"] == 2 / 5
        assert row["missing"] == "x_csqa; x_name; x_geo; x_copa: 2 unparsed"
    assert row_of(found, "m", "deu")["missing"] == "x_csqa; x_copa; x_name; x_geo"


def test_everything_wrong_with_files_is_said_at_once(tmp_path):
    good = {"id": 0, "res": "A", "label": "A"}
    write(tmp_path / "x_copa/en/m_res.jsonl", good, good, {"id": 1, "res": None, "label": "C"}, "{", {"res": "A", "label": "A"})
    write(tmp_path / "x_copa/en/m_res_bf16.jsonl", good)
    write(tmp_path / "x_copa/fr/m_res.jsonl", good | {"label": "B"})
    write(tmp_path / "x_copa/it/m_res.jsonl")
    with pytest.raises(ValueError, match="m_res") as raised:
        read_predictions(tmp_path)
    for part in (
        "en/m_res.jsonl, line 2: item 0 is there already",
        "line 3: res is missing or no text",
        "line 3: label is 'C'; write one of A, B",
        "line 4: not JSON",
        "line 5: id is missing",
        "m_res_bf16.jsonl: a second file of m for x_copa in eng",
        "it/m_res.jsonl: the file is empty",
        "x_copa: item 0 has the labels A and B",
    ):
        assert part in str(raised.value)
    with pytest.raises(ValueError, match="no such folder"):
        read_predictions(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no file TASK/LANGUAGE"):
        read_predictions(tmp_path / "empty")


def exam(english: str, other: str, half: int = 10) -> pl.DataFrame:
    """Answers in English and German, a digit an item, the first `half` of which are taught in German too."""
    return pl.DataFrame(
        [
            {"language": language, "item": f"q{i:02}", "type": int(i >= half), "correct": digit == "1"}
            for language, digits in (("eng", english), ("deu", other))
            for i, digit in enumerate(digits)
        ]
    )


def names(share: int) -> pl.DataFrame:
    rows = [{"language": "deu", "item": str(i), "correct": i < share} for i in range(20)]
    return pl.DataFrame(rows)


def test_conductivity_is_of_held_out_items_known_in_english():
    english, german = "1" * 10 + "1111111100", "1" * 10 + "1111000011"
    row = xrr(exam(english, german), names(20), resamples=200).row(0, named=True)
    assert row["language"] == "deu"
    assert row["xrr"] == pytest.approx(4 / 8 - 1 / 20)
    assert 0 <= row["low"] < row["xrr"] < row["high"] <= 0.95
    assert xrr(exam(english, german), names(20), chance=0.25)["xrr"].item() == pytest.approx(0.25)
    assert xrr(exam(english, "1" * 10 + "0" * 10), names(20))["xrr"].item() == 0  # not minus chance
    assert xrr(exam("1" * 10 + "0" * 10, german), names(20))["xrr"].item() is None


@pytest.mark.parametrize(
    ("english", "german", "translated", "gate"),
    [
        ("1" * 20, "1" * 10 + "0" * 10, 19, True),
        ("1" * 20, "1" * 10 + "0" * 10, 18, False),  # 90 % is not more than 90 %
        ("1" * 20, "1" * 9 + "0" + "1" * 10, 20, False),
        ("1" * 9 + "0" + "1" * 10, "1" * 20, 20, False),
        ("1" * 19 + "0", "1" * 20, 20, False),
    ],
)
def test_the_gate_asks_for_more_than_nine_in_ten_everywhere(english, german, translated, gate):
    row = xrr(exam(english, german), names(translated), resamples=10).row(0, named=True)
    assert row["gate"] is gate
    assert row["translated"] == translated / 20
    assert row["english_0"] == english[:10].count("1") / 10
    assert row["english_1"] == english[10:].count("1") / 10
    assert row["taught"] == german[:10].count("1") / 10


def test_the_gate_is_not_passed_where_translations_were_not_asked():
    row = xrr(exam("1" * 20, "1" * 20), names(20).clear(), resamples=10).row(0, named=True)
    assert (row["translated"], row["gate"]) == (None, False)


def test_exams_that_do_not_fit_are_refused():
    whole = exam("1" * 20, "1" * 20)
    with pytest.raises(ValueError, match="q15 is held out in English only, not in deu"):
        xrr(whole.filter((pl.col("item") != "q15") | (pl.col("language") == "eng")), names(20))
    with pytest.raises(ValueError, match=r"q03 is answered more than once in eng\n.*q03 is answered more than once in deu"):
        xrr(pl.concat([whole, whole.filter(item="q03")]), names(20))
    with pytest.raises(ValueError, match="type 2; write 0"):
        xrr(whole.with_columns(type=pl.when(item="q15").then(2).otherwise("type")), names(20))
    with pytest.raises(ValueError, match="no item is held out"):
        xrr(whole.filter(type=0), names(20))


def test_the_figure_has_as_many_blocks_as_it_needs(tmp_path):
    table = scores(small(("pupil", "facts", "fra")), reference="teacher", **TWO)
    many = pl.concat([table.with_columns(pl.col("model") + str(i)) for i in range(3)])
    heights = []
    for name, shown in (("few", table), ("many", many)):
        files = [str(tmp_path / f"{name}.{kind}") for kind in ("pdf", "png", "csv")]
        draw(shown, dict(LANGUAGES.values()), *files)
        assert pl.read_csv(files[2]).columns == table.columns
        heights.append(int.from_bytes(Path(files[1]).read_bytes()[20:24], "big"))
    assert heights[1] > 1.8 * heights[0]


def test_the_languages_are_the_papers():
    assert set(CODES) == {"eng", "deu", "fra", "ita", "pol", "rus", "ara", "heb", "jpn", "zho"}
