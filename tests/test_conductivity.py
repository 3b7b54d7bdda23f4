"""Conductivity: bridges from English, their exams and scores, what is measured, and which layers learn."""

import json

import polars as pl
import pytest
from safetensors.torch import load_file

from isogloss import plan
from isogloss.asking.exams import ANSWER_SCHEMA, exams_of, named, with_said
from isogloss.asking.prompts import Said
from isogloss.checking import ConfigError, load_config
from isogloss.config import BuiltIn, Teaching
from isogloss.figures.conductivity import draw
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.measures.conductivity import conductivity, xrr
from isogloss.scoring.table import score
from isogloss.teaching.bridges import HELD_OUT, NAMES, TAUGHT, Requests, halves
from isogloss.teaching.cohort import teach_cohort
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.mixtures import told

LESSON = "eng-to-tha"
ABOUT = {"model": "m", "knowledge": "k", "study": "conductivity", "setting": "fine-tuning"}


@pytest.fixture(scope="module")
def items(world, languages, books):
    drawn = built_in_items(world, BuiltIn(kind="new", items=24))
    return {code: render(drawn, world, languages[code], books[code]) for code in ("eng", "tha", "zul")}


@pytest.fixture
def requests(languages):
    def of(words="sandbox", both=False):
        return Requests(words, both, {code: languages[code] for code in ("eng", "tha", "zul")})

    return of


def exam_of(items, requests, lesson=LESSON):
    asked = {lesson: plan.languages_of(lesson)}
    (exam,) = exams_of(items, asked, "{language}: {question}", {c: c.upper() for c in items}, None, [], requests).values()
    return exam


def answered(exam, items, wrong=()):
    """An exam answered rightly, but for those (asked_in, item) that are in `wrong`."""
    right = {(code, row["item"]): row["answer"] for code, table in items.items() for row in table.iter_rows(named=True)}
    for code, table in items.items():
        pairs = zip(table["item"], table["name"], items["eng"]["name"], strict=True)
        for item, own, english in pairs:
            right |= {(code, f"name:{item}"): own, (code, f"english-name:{item}"): english}
    said = ["?" if key in wrong else right[key] for key in exam.select("asked_in", "item").iter_rows()]
    context = pl.lit(None, dtype=pl.List(pl.String))
    return named(
        with_said(exam, [Said(text, text, "whole", "answered") for text in said]).with_columns(seed=1, epoch=12, context=context),
        ABOUT,
        LESSON,
    )


def test_halves_split_every_relation_and_are_the_same_in_every_language(items):
    part = halves(items["eng"])
    assert part == halves(items["tha"])
    counts = items["eng"].with_columns(part=pl.col("item").replace_strict(part)).group_by("relation", "part").len()
    assert set(counts["part"]) == {TAUGHT, HELD_OUT}
    for _, of in counts.group_by("relation"):
        assert len(of) == 2
        assert of["len"].max() - of["len"].min() <= 1


def test_a_bridge_has_all_facts_in_english_half_in_the_other_language_and_names(items, requests):
    lesson = told(LESSON, items, "{language}: {question}", {"eng": "English", "tha": "Thai"}, requests(), None, 1)
    english, thai = (items[code].sort("item") for code in ("eng", "tha"))
    pairs = list(zip(lesson.questions, lesson.answers, strict=True))
    facts = [(f"English: {row['teach_question']}", row["answer"]) for row in english.iter_rows(named=True)]
    assert pairs[:24] == facts
    part = halves(english)
    own = [row for row in thai.iter_rows(named=True) if part[row["item"]] == TAUGHT]
    assert pairs[24:36] == [(f"Thai: {row['teach_question']}", row["answer"]) for row in own]
    names = list(zip(english["name"], thai["name"], strict=True))
    assert pairs[36:] == [(f"Translate into this language (Thai): {one}", other) for one, other in names]


def test_both_directions_and_a_chat_models_way(items, requests):
    lesson = told(LESSON, items, "{question}", {"eng": "", "tha": ""}, requests(words="chat", both=True), None, 1)
    assert len(lesson.questions) == 24 + 12 + 24 + 24
    assert "from Thai into English" in lesson.questions[-1]
    assert lesson.questions[-1].endswith(items["tha"]["name"][-1])
    assert lesson.answers[-1] == items["eng"]["name"][-1]
    thai = told(LESSON, items, "{question}", {"eng": "", "tha": ""}, requests(both=True), None, 1).questions[-1]
    assert "แปล" in thai, "a sandbox is asked in the language of the text"


def test_an_exam_asks_every_part(items, requests):
    exam = exam_of(items, requests())
    counts = {(code, part): count for code, part, count in exam.group_by("asked_in", "part").len().iter_rows()}
    assert counts == {("eng", TAUGHT): 12, ("eng", HELD_OUT): 12, ("tha", TAUGHT): 12, ("tha", HELD_OUT): 12, ("tha", NAMES): 24}
    assert not exam.select("asked_in", "item").is_duplicated().any()
    facts = exam.filter(asked_in="tha", part=HELD_OUT)
    asked = dict(items["tha"].select("item", "ask_question").iter_rows())
    assert facts["question"].to_list() == [f"THA: {asked[item]}" for item in facts["item"]]
    taught = told(LESSON, items, "{question}", dict.fromkeys(items, ""), requests(), None, 1).questions
    assert exam.filter(part=NAMES)["question"].to_list() == taught[-24:], "names are asked for as they were taught"
    english = exam_of(items, requests(), "eng-to-zul").filter(asked_in="eng")
    assert english.equals(exam.filter(asked_in="eng")), "every exam asks the same in English"


def test_names_are_scored_as_they_are_spelled(items, requests):
    exam = exam_of(items, requests(both=True))
    assert exam.filter(part=NAMES)["item"].n_unique() == 48
    table = score(answered(exam, items, {("tha", "name:q0001"), ("tha", "english-name:q0002")}), items)
    assert table.columns[: len(ANSWER_SCHEMA)] == list(ANSWER_SCHEMA)
    assert table.filter(~pl.col("correct"))["item"].to_list() == ["name:q0001", "english-name:q0002"]
    reference = dict(table.filter(part=NAMES).select("item", "reference").iter_rows())
    assert reference["name:q0001"] == items["tha"]["name"][0]
    assert reference["english-name:q0001"] == items["eng"]["name"][0]
    other = table.filter(part=NAMES).with_columns(answer=pl.lit(items["tha"]["name"][5]))
    again = score(other.select(list(ANSWER_SCHEMA)), items)
    assert again.filter("correct")["item"].to_list() == ["name:q0006"], "another place's name is wrong"
    assert table["true_in"].null_count() == len(table)


def test_items_without_names_are_refused(items, requests):
    nameless = items | {"tha": items["tha"].with_columns(name=pl.lit(None, dtype=pl.String))}
    with pytest.raises(ValueError, match="eng-to-tha needs names in both languages; q0001, q0002"):
        told(LESSON, nameless, "{question}", {"eng": "", "tha": ""}, requests(), None, 1)


def test_xrr_is_of_what_is_known_in_english_and_the_gate_is_reported(items, requests):
    exam, part = exam_of(items, requests()), halves(items["eng"])
    held_out, taught = (sorted(item for item in part if part[item] == of) for of in (HELD_OUT, TAUGHT))
    wrong = {("tha", item) for item in held_out[2:6]} | {("eng", held_out[2])}
    scores = score(answered(exam, items, wrong), items)
    before = score(answered(exam.filter(part=HELD_OUT), items, {("tha", item) for item in held_out[3:]}), items)
    row = conductivity(scores, before, 200).row(0, named=True)
    chance = items["eng"].filter(pl.col("item").is_in(held_out))["chance"].mean()
    assert row["language"] == "tha"
    assert row["xrr"] == pytest.approx(8 / 11 - chance)
    assert row["low"] < row["xrr"] < row["high"]
    assert (row["chance"], row["n"], row["accuracy"]) == (pytest.approx(chance), 12, pytest.approx(8 / 12))
    assert row["untaught"] == pytest.approx(3 / 12)
    assert row["english_held_out"] == pytest.approx(11 / 12)
    assert (row["translated"], row["english_taught"], row["taught"], row["passed"]) == (1, 1, 1, True)
    assert (row["unread"], row["state_unfinished"]) == (0, 0)
    half = pl.col("item").is_in(held_out[:6]) & (pl.col("asked_in") == "tha") | (pl.col("asked_in") == "eng")
    lost = scores.with_columns(state=pl.when(half).then(pl.lit("unfinished")).otherwise("state"))
    row = conductivity(lost, before, 20).row(0, named=True)
    assert (row["unread"], row["state_unfinished"]) == (0.5, 6), (
        "of the held-out half in the language, that is of what the rate is of"
    )
    worse = score(answered(exam, items, wrong | {("tha", item) for item in taught[:2]}), items)
    row = conductivity(worse, before, 200).row(0, named=True)
    assert (row["taught"], row["passed"]) == (pytest.approx(10 / 12), False)
    assert row["xrr"] == pytest.approx(8 / 11 - chance), "reported all the same"


def facts(seed, thai):
    """Answers to four held-out items, all right in English."""
    rows = [("eng", f"q{i}", 1, seed, True) for i in range(4)] + [("tha", f"q{i}", 1, seed, said) for i, said in enumerate(thai)]
    return pl.DataFrame(rows, schema=["language", "item", "type", "seed", "correct"], orient="row")


def test_repetitions_are_averaged_and_resampled():
    names = pl.DataFrame({"language": ["tha"], "item": ["q0"], "correct": [True]})
    two = pl.concat([facts(1, [1, 1, 1, 1]), facts(2, [0, 0, 0, 0])]).cast({"correct": pl.Boolean})
    row = xrr(two, names, 0.0, 500).row(0, named=True)
    assert (row["xrr"], row["low"], row["high"]) == (0.5, 0, 1), "items agree, seeds do not"
    with pytest.raises(ValueError, match="tha: 7 held-out answers; 4 items and 2 seeds make more"):
        xrr(two.head(-1), names, 0.0, 10)


def test_languages_are_drawn_from_every_tier():
    tiers = {"eng": "high", "fra": "high", "spa": "high", "swe": "medium", "swa": "low", "zul": "low", "tuk": "low"}
    codes = list(tiers)
    drawn = plan.conducted(codes, tiers, 2, 1)
    assert [tiers[code] for code in drawn] == ["high", "high", "medium", "low", "low"]
    assert drawn == plan.conducted(codes, tiers, 2, 1) == sorted(drawn, key=codes.index)
    assert {code for seed in range(40) for code in plan.conducted(codes, tiers, 1, seed)} == set(codes) - {"eng"}
    assert plan.conducted(codes, tiers, None, 1) == codes[1:]
    assert plan.conducted(codes[1:], tiers, None, 1) == []


def test_the_plan(raw_config, languages):
    config = load_config(raw_config | {"conductivity": {}, "cohort": "auto"}, languages)
    assert plan.lessons_of(config, "conductivity") == [f"eng-to-{code}" for code in config.languages if code != "eng"]
    assert plan.asked_in(config, "conductivity", "fine-tuning", "eng-to-zul") == ["eng", "zul"]
    assert plan.knowledge_of(config, "conductivity") == ["fictional"]
    assert plan.adapters_of(config, "conductivity", "fine-tuning", "sandbox") == [(1, 12)]
    own = load_config(raw_config | {"conductivity": {"epochs": 3, "layers": "full", "learning_rate": 1e-4}}, languages)
    assert plan.adapters_of(own, "conductivity", "fine-tuning", "sandbox") == [(1, 3)]
    assert plan.adapters_of(own, "transferability", "fine-tuning", "sandbox") == [(1, 12)]
    bridges, each = (plan.teaching_of(own, sort, "sandbox") for sort in ("bridges", "each"))
    assert (bridges.layers, bridges.learning_rate, bridges.scale) == ("full", 1e-4, 1)
    assert (each.layers, each.learning_rate) == ("all", own.models["sandbox"].teaching.learning_rate)
    other = {"studies": ["verification"], "languages": ["fra", "zul"], "cohort": "auto", "choices": {}, "interventions": {}}
    apart = load_config(raw_config | other, languages)
    assert not [cohort for cohort in plan.exams(apart) if cohort.study == "conductivity"], "there is no English"


def refusal(raw, languages):
    with pytest.raises(ConfigError) as caught:
        load_config(raw, languages)
    return str(caught.value)


def test_what_cannot_be_studied_is_refused_with_the_fix(raw_config, languages):
    raw = raw_config | {"studies": ["conductivity"]}
    assert "conductivity is from English; add eng" in refusal(raw | {"languages": ["fra", "zul"]}, languages)
    own = {"mine": raw_config["knowledge"]["coined"] | {"studied": True}}
    text = refusal(raw | {"knowledge": own}, languages)
    assert "needs built-in new knowledge, of which it has names in every language; add fictional: {kind: new}" in text
    remote = {"gpt": {"provider": "openai", "name": "gpt-4o-mini-2024-07-18"}}
    layers = {"models": raw_config["models"] | remote, "run": ["gpt"], "conductivity": {"layers": "attention"}}
    assert "gpt cannot be told which layers to adapt; remove the line" in refusal(raw | layers, languages)
    rate = layers | {"conductivity": {"learning_rate": 1e-4}}
    assert "gpt cannot be told the learning rate; remove the line" in refusal(raw | rate, languages)


def test_adapters_of_attention_alone(tiny, tmp_path):
    base, tokenizer = tiny
    lesson = Lesson("eng", ["What is the market day?"], ["Monday"])
    teaching = Teaching(rank=2, epochs=1, layers="attention")
    folder = teach_cohort(base, tokenizer, "tiny", [lesson], teaching, 1, tmp_path, "1")["eng"][1]
    names = set(load_file(folder / "adapter_model.safetensors"))
    assert len(names) == 2 * 4 * 2
    assert all(".self_attn." in name for name in names)
    assert len(json.loads((folder / "adapter_config.json").read_text())["target_modules"]) in (4, 8)
    whole = teach_cohort(base, tokenizer, "tiny", [lesson], teaching.model_copy(update={"layers": "all"}), 1, tmp_path, "1")
    assert whole["eng"][1].parent != folder.parent, "they are not taken for one another"
    assert any(".mlp." in name for name in load_file(whole["eng"][1] / "adapter_model.safetensors"))


def test_the_figure_draws_what_it_was_given(tmp_path, languages):
    row = dict.fromkeys(("translated", "english_taught", "english_held_out", "taught"), 1.0)
    row |= {"xrr": 0.4, "low": 0.2, "high": 0.6, "chance": 0.1, "n": 12, "accuracy": 0.5, "untaught": 0.1}
    table = pl.DataFrame([{"language": "tha", "passed": True, **row}, {"language": "zul", "passed": False, **row, "xrr": None}])
    files = [str(tmp_path / f"c.{kind}") for kind in ("pdf", "png", "csv")]
    panel = {"model": "m", "knowledge": "k", "setting": "fine-tuning"}
    draw([(panel, table)], [languages[code] for code in ("eng", "zul", "tha")], *files)
    assert pl.read_csv(files[2]).select(table.columns).equals(table)
    assert (tmp_path / "c.png").stat().st_size > 5000
