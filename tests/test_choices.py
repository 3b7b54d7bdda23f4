"""Multiple choice: items read and built in, put to models here and elsewhere, and what is measured of it."""

import json
import re

import numpy as np
import polars as pl
import pytest
from openai_server import OpenAIServer

from isogloss.asking.choosing import log_likelihoods
from isogloss.asking.choosing_remote import choose_remotely
from isogloss.asking.multiple_choice import CHOSEN_SCHEMA, EXAM_SCHEMA, multiple_choice, with_likelihoods, with_places
from isogloss.checking import ConfigError, load_config
from isogloss.config import Remote
from isogloss.figures.alignment import draw
from isogloss.knowledge.choices import TOLD, built_in_choices
from isogloss.knowledge.sources.choices import CHOICE_SCHEMA, read_choices
from isogloss.knowledge.world import held_out
from isogloss.measures.choices import choice_scores, positions, rankings
from isogloss.models.chat import chat_of
from isogloss.models.sandbox.corpus import OPTIONS, Tongue, choice_question

CODES = ["eng", "spa", "zul"]
HEADER = "task,level,item,language,question,option_a,option_b,label\n"


@pytest.fixture(scope="module")
def tongues(world, languages, books):
    return {code: Tongue(languages[code], books[code], world) for code in CODES}


@pytest.fixture(scope="module")
def built_in(world, tongues):
    return built_in_choices(world, tongues, 12, 1)


def test_every_language_has_the_same_built_in_items(built_in, world, tongues):
    assert built_in.schema == pl.Schema(CHOICE_SCHEMA)
    assert built_in.equals(built_in_choices(world, tongues, 12, 1)), "fixed by its seed"
    assert not built_in.equals(built_in_choices(world, tongues, 12, 2))
    assert set(built_in.group_by("task", "language").len()["len"]) == {12}
    assert dict(built_in.select("task", "level").unique().iter_rows()) == {"lookup": "basic", "facts": "factual"}
    assert built_in.group_by("task", "item").agg(pl.col("label").n_unique())["label"].to_list() == [1] * 24
    assert set(built_in["options"].list.len()) == {OPTIONS}
    assert set(built_in["options"].list.n_unique()) == {OPTIONS}
    with pytest.raises(ValueError, match="write items: "):
        built_in_choices(world, tongues, 10_000, 1)


def test_built_in_facts_are_held_out_and_look_ups_are_told(built_in, world, tongues):
    english = tongues["eng"]
    true = {(english.question(fact, "ask"), english.answer(fact)) for fact in world.facts if held_out(fact)}
    for row in built_in.filter(language="eng").iter_rows(named=True):
        *context, _, asked = row["question"].split("\n")
        answer = row["options"]["ABCD".index(row["label"])]
        if row["task"] == "facts":
            assert (asked, answer) in true
            assert not context
        else:
            assert len(context) == 2 * TOLD
            assert answer in context[1::2], "the answer stands in the context"
            assert not {*row["options"]} - {answer} & {*context[1::2]}, "and none of the other options does"
            assert asked not in context, "asked in other words"


def test_without_a_demonstration_a_built_in_item_is_what_the_sandbox_knows_as_choice(built_in, world, tongues):
    exam = multiple_choice(built_in.filter(task="facts"), False, False, 1, 1)
    facts = {tongues["spa"].question(fact, "ask"): fact for fact in world.facts}
    for row in exam.filter(language="spa").iter_rows(named=True):
        (said,) = row["turns"]
        fact = facts[said.split("\n")[1]]
        names = {tongues["spa"].name(fact.relation.answers, f.value): f.value for f in world.facts if f.relation is fact.relation}
        assert said == choice_question(tongues["spa"], fact, [names[name] for name in row["choices"]], "ask")


def test_a_demonstration_is_of_the_same_language_and_is_not_asked(built_in):
    exam = multiple_choice(built_in, True, True, 1, 1)
    assert exam.schema == pl.Schema(EXAM_SCHEMA)
    assert len(exam) == 2 * 11 * len(CODES)
    for (task, language), own in exam.group_by("task", "language"):
        ((shown, answer),) = {tuple(turns[:2]) for turns in own["turns"]}
        item = (
            built_in.filter(task=task, language=language).filter(~pl.col("item").is_in(own["item"].implode())).row(0, named=True)
        )
        assert shown.startswith(item["question"])
        assert answer == item["label"], "the letter, in the order of the table"
    drawn = {tuple(multiple_choice(built_in, True, True, 1, seed)["item"]) for seed in range(5)}
    assert len(drawn) > 1, "drawn by seed"
    other = multiple_choice(built_in, False, True, 1, 1)
    assert other["item"].equals(exam["item"]), "the same one however it is answered"


def test_a_full_round_of_orders_puts_every_option_in_every_place(built_in):
    exam = multiple_choice(built_in, False, False, 9, 1)
    assert set(exam["order"]) == set(range(OPTIONS)), "no more than there are options"
    texts = {(r["task"], r["item"], r["language"]): r["options"] for r in built_in.iter_rows(named=True)}
    for (task, item, language), own in exam.group_by("task", "item", "language"):
        for place in range(OPTIONS):
            assert {row[place] for row in own["shown"]} == set("ABCD")
        for row in own.iter_rows(named=True):
            assert row["choices"] == [texts[task, item, language]["ABCD".index(letter)] for letter in row["shown"]]
            assert row["turns"][-1].split("\n")[-OPTIONS:] == [f"- {text}" for text in row["choices"]]


def test_turns_are_put_into_the_chat_format(tiny):
    _, tokenizer = tiny
    text = tokenizer.decode(chat_of(tokenizer).prompt(["one?", "yes", "two?"]))
    assert text.index("one?") < text.index("yes") < text.index("two?")
    assert chat_of(tokenizer).prompt(["two?"]) == chat_of(tokenizer).prompt("two?")
    last = chat_of(tokenizer).prompt("two?")
    assert chat_of(tokenizer).prompt(["one?", "yes", "two?"])[-len(last) :] == last, "the sandbox's format has no preamble"


def test_the_likeliest_option_is_chosen_in_every_order(tiny):
    """The likelihood of an option, as a model alone gives it, whatever is read together with it."""
    import torch

    model, tokenizer = tiny
    items = pl.DataFrame(
        [("facts", "factual", str(i), "eng", f"Which day {i}?", ["Monday", "lunes", "月曜日"], "B") for i in range(3)],
        schema=CHOICE_SCHEMA,
        orient="row",
    )
    exam = multiple_choice(items, False, True, 3, 1)
    (values,) = log_likelihoods(model, tokenizer, exam["turns"].to_list(), exam["choices"].to_list(), 5)
    chosen = with_likelihoods(exam, values, "tiny")
    assert chosen.schema == pl.Schema(CHOSEN_SCHEMA)
    for asked, row in zip(exam.iter_rows(named=True), chosen.iter_rows(named=True), strict=True):
        alone = {}
        for letter, text in zip(asked["shown"], asked["choices"], strict=True):
            prompt = chat_of(tokenizer).prompt(asked["turns"])
            answer = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
            logits = model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
            alone[letter] = logits[range(len(answer)), answer].sum().item()
        assert row["log_likelihoods"] == pytest.approx([alone[letter] for letter in "ABC"])
        assert row["ranked"] == sorted(alone, key=alone.get, reverse=True)
        assert row["prediction"] == row["ranked"][0]
        assert row["state"] == "answered"


# Sources.


def test_a_table_is_read_from_every_format(tmp_path):
    rows = [
        {"task": "days", "level": "basic", "item": "q1", "language": code, "question": "?", "options": ["x", "y"], "label": "B"}
        for code in ("eng", "fra")
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text(HEADER + "days,basic,q1,eng,?,x,y,B\ndays,basic,q1,fra,?,x,y,B\n", encoding="utf-8")
    tables = [read_choices(tmp_path / f"a.{kind}", ["eng", "fra", "zul"]) for kind in ("csv", "jsonl", "parquet")]
    assert all(table.equals(pl.DataFrame(rows, schema=CHOICE_SCHEMA)) for table, _ in tables)
    assert ["not there in zul" in note for _, notes in tables for note in notes] == [True] * 3
    only, notes = read_choices(tmp_path / "a.csv", ["eng"])
    assert only["language"].to_list() == ["eng"]
    assert "not asked in fra" in notes[0]


def test_everything_wrong_with_a_table_is_said_at_once(tmp_path):
    path = tmp_path / "a.csv"
    rows = [
        "days,basic,q1,eng,?,x,y,C",  # 2
        "Days,basic,q2,eng,?,x,y,A",
        "days,hard,q3,eng,?,x,y,A",
        "days,basic,q4,English,?,x,y,A",
        "days,basic,q5,eng,?,x,x,A",
        "days,basic,,eng,?,x,y,A",
        "days,basic,q7,eng,,x,y,A",
        "days,basic,q8,eng,?,x,,A",
        "model,basic,q9,eng,?,x,y,A",
    ]
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2") as error:
        read_choices(path, ["eng"])
    lines = str(error.value).splitlines()
    assert [f"line {i}" in line for i, line in enumerate(lines, 2)] == [True] * len(rows)
    path.write_text(
        HEADER + "d,basic,q1,eng,?,x,y,A\nd,basic,q1,fra,?,x,y,B\nd,basic,q2,eng,?,x,y,A\nd,basic,q1,eng,?,x,y,A\n"
        "d,factual,q2,fra,?,x,y,A\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match="item q1 has the label B, but A in") as error:
        read_choices(path, ["eng", "fra"])
    assert "item q1 is there in eng already" in str(error.value)
    assert "level of task d: factual, but basic in" in str(error.value)
    path.write_text(HEADER + "d,basic,q1,eng,?,x,y,A\nd,basic,q2,eng,?,x,y,A\nd,basic,q1,fra,?,x,y,A\n", encoding="utf-8")
    with pytest.raises(ValueError, match="item q2 is not there in fra"):
        read_choices(path, ["eng", "fra"])
    assert read_choices(path, ["eng"], 1)[0]["item"].to_list() == ["q1"]


@pytest.mark.parametrize(
    ("options", "label", "wrong"),
    [
        ("Lyon,,Paris,Nice", "C", {2: "option_b: is empty, but there is option_d;"}),
        (",Lyon,Paris,Nice", "C", {2: "option_a: is empty, but there is option_d;"}),
        ("Lyon,  ,Paris,", "C", {2: "option_b: is empty"}),
        ("Lyon,Lille,Paris,", "C", {2: "option_d: is empty, but there is option_d in line 3;"}),
    ],
)
def test_an_empty_option_is_refused_with_its_column(tmp_path, options, label, wrong):
    path = tmp_path / "a.csv"
    text = HEADER.replace("option_b", "option_b,option_c,option_d")
    text += f"capitals,factual,q1,fra,Quelle est la capitale ?,{options},{label}\n"
    path.write_text(text + f"capitals,factual,q1,eng,Which is the capital?,Lyon,Lille,Paris,Nice,{label}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2") as error:
        read_choices(path, ["eng", "fra"])
    for line, said in wrong.items():
        assert f"line {line}, column {said}" in str(error.value)
    assert "line 3, " not in str(error.value)
    assert read_choices(path, ["eng"])[0]["options"].to_list() == [["Lyon", "Lille", "Paris", "Nice"]], "fra was not asked for"


@pytest.mark.parametrize("gap", ["", "  ", None])
def test_an_empty_option_of_a_list_is_refused(tmp_path, gap):
    path = tmp_path / "a.jsonl"
    row = {
        "task": "t",
        "level": "basic",
        "item": "1",
        "language": "zul",
        "question": "?",
        "options": ["x", gap, "y"],
        "label": "C",
    }
    path.write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 1: option B of .* is empty or no text"):
        read_choices(path, ["zul"])


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("CCC", "the right option is C in all 3 items of t"),
        ("A" * 7, "the right option is A in all 7 items of t"),
        ("B" * 19 + "A", "the right option is B in 19 of 20 items of t"),
        ("ABC", None),
        ("CC", None),
        ("CCCA", None),
        ("ABC" * 7, None),
    ],
)
def test_a_place_that_the_right_option_always_has_is_noted(tmp_path, labels, said):
    path = tmp_path / "a.jsonl"
    rows = [
        {"task": "t", "level": "basic", "item": str(i), "language": code, "question": "?", "options": list("xyz"), "label": label}
        for i, label in enumerate(labels)
        for code in ("eng", "jpn", "ara")
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    _, notes = read_choices(path, ["eng", "jpn", "ara"])
    assert [said in note and "write orders: 3" in note for note in notes] == ([True] if said else [])


DO = "The following is a multiple choice question. Please choose."
SHOWN = "Question:2+3=?\nA. 1\nB. 2\nC. 3\nD. 5\n"


def published(folder, name, texts, label="B"):
    """A file as CLiKA published it: `input`s of items in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"id": i, "input": text, "res": "", "label": label, "uuid": i + 500}) for i, text in enumerate(texts)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_published_folders_are_read_directly(tmp_path):
    four = "\nA. w\nB. x, y\nC. A. is\nD. z\nAnswer:"
    published(tmp_path / "x_geo/en", "generate_input.jsonl", [f"{DO}\nQuestion:Where is it?{four}"])
    # without a list of questions they are read from predictions, here behind a demonstration
    published(
        tmp_path / "x_geo/zh",
        "llama_13b_res_bf16_add_simple_example.jsonl",
        [f"{DO}\n{SHOWN}Answer:D. 5\nQuestion:在哪里？{four}"],
    )
    published(tmp_path / "x_copa/FR", "generate_input.jsonl", [f"{DO}\nPremise:P.\nQuestion:Why?\nA. x.\nB. y.\nAnswer:"])
    published(tmp_path / "x_copa/en", "generate_input.jsonl", [f"{DO}\nPremise:E.\nQuestion:Why?\nA. x.\nB. y.\nAnswer:"])
    published(tmp_path / "x_csqa/he_trans", "chatgpt_res.jsonl", ["?\nWhat?\nA. a\nB. b\nC. c\nD. d\nE. e\nAnswer:"])
    (tmp_path / "x_csqa/DE_trans").mkdir()
    table, notes = read_choices(tmp_path, ["eng", "fra", "zho"])
    found = {(row["task"], row["language"]): row for row in table.iter_rows(named=True)}
    assert set(found) == {("x_geo", "eng"), ("x_geo", "zho"), ("x_copa", "fra"), ("x_copa", "eng")}
    assert found["x_geo", "zho"]["question"] == "在哪里？"
    assert found["x_geo", "eng"]["options"] == ["w", "x, y", "C. A. is"[3:], "z"]
    assert found["x_copa", "fra"]["question"] == "Premise:P.\nQuestion:Why?"
    assert {row["level"] for row in found.values()} == {"factual", "basic"}
    assert any("DE_trans: not read, its content" in note for note in notes)
    assert any("not asked in heb" in note for note in notes)
    published(tmp_path / "x_name/en", "generate_input.jsonl", [f"{DO}\nQuestion:When?\nA. 1\nB. 2\nAnswer:"])
    with pytest.raises(ValueError, match=r"x_name/en/generate_input.jsonl, line 1: input \(a question with options A. to D.\)"):
        read_choices(tmp_path, ["eng"])


def five(*options):
    return "\n".join(["?", "What?", *(f"{letter}. {text}" for letter, text in zip("ABCDE", options, strict=True)), "Answer:"])


GOOD = [five(*texts) for texts in ("abcde", "fghij", "klmno", "pqrst")]


@pytest.mark.parametrize("bad", ["it", "RU_trans", "ja"])
@pytest.mark.parametrize(
    ("texts", "noted"),
    [
        (
            [GOOD[0], five("x", "y", "x", "z", "w"), *GOOD[2:]],
            r"line 2: two options are the same \(A and C\): item 1 is left out",
        ),
        ([GOOD[0], five("x", "", "y", "z", "w"), *GOOD[2:]], "line 2: option B of .* is empty or no text.*: item 1 is left out"),
        ([GOOD[0], "Which?", *GOOD[2:]], r"line 2: input .* is missing or not in the form published: item 1 is left out"),
    ],
)
def test_a_bad_item_of_a_published_folder_is_left_out_in_all_languages(tmp_path, bad, texts, noted):
    published(tmp_path / "x_csqa/en", "m_res.jsonl", GOOD)
    published(tmp_path / "x_csqa/fr", "m_res.jsonl", GOOD)
    published(tmp_path / f"x_csqa/{bad}", "m_res.jsonl", texts)
    code = {"it": "ita", "RU_trans": "rus", "ja": "jpn"}[bad]
    table, notes = read_choices(tmp_path, ["eng", code, "fra"])
    for name in ("eng", "fra", code):
        assert table.filter(language=name)["item"].to_list() == ["0", "2", "3"]
    assert len(notes) == 2, "the other: the right option is always B"
    assert re.search(f"x_csqa/{bad}/m_res.jsonl, {noted} in all languages$", notes[0])
    table, notes = read_choices(tmp_path, ["eng", "fra"])
    assert table["item"].to_list() == ["0", "1", "2", "3"] * 2, "nobody asked for the language with the fault"
    assert "left out" not in str(notes)


def test_many_bad_items_are_one_note(tmp_path):
    published(tmp_path / "x_csqa/en", "m_res.jsonl", GOOD * 10)
    published(tmp_path / "x_csqa/he_trans", "m_res.jsonl", [GOOD[0], *[five(*"xxabc")] * 12, *GOOD])
    table, notes = read_choices(tmp_path, ["eng", "heb"])
    assert table.filter(language="heb")["item"].to_list() == ["0", "13", "14", "15", "16"]
    assert "line 2: two options are the same (A and B): item 1 is left out in all languages; so are 11 others" in notes[0]
    assert "(2, 3, 4, 5, 6, and 6 more)" in notes[0]
    assert "item 17 is not there in heb: item 17 is left out in all languages; so are 22 others" in notes[1]


def test_items_that_languages_of_a_published_folder_do_not_share_are_left_out(tmp_path):
    published(tmp_path / "x_csqa/en", "m_res.jsonl", GOOD)
    published(tmp_path / "x_csqa/it", "m_res.jsonl", GOOD[:3])
    file = tmp_path / "x_csqa/it/m_res.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[0] = lines[0].replace('"label": "B"', '"label": "C"')
    file.write_text("\n".join([*lines, "{"]) + "\n", encoding="utf-8")
    published(tmp_path / "x_csqa/zh", "m_res.jsonl", ["broken"] * 4)
    table, notes = read_choices(tmp_path, ["eng", "ita"])
    assert table["item"].to_list() == ["1", "2"] * 2
    assert "it/m_res.jsonl, line 4: not JSON" in notes[0]
    assert "line 1: item 0 has the label C, but B in" in notes[1]
    assert "item 3 is not there in ita: item 3 is left out in all languages" in notes[2]
    with pytest.raises(
        ValueError, match=r"x_csqa/zh/m_res.jsonl, line 1: input .*\n.*x_csqa: no item is left; take this folder out"
    ):
        read_choices(tmp_path, ["eng", "zho"])


# Measures.


def chosen_of(model, task, language, label, predictions, level="factual", order=0, shown="ABCD"):
    rows = [
        {
            "model": model, "task": task, "level": level, "item": str(i), "language": language, "order": order,
            "shown": list(shown), "label": label, "prediction": None if one == "-" else one, "ranked": None,
            "log_likelihoods": None, "state": "unparsed" if one == "-" else "answered",
        }
        for i, one in enumerate(predictions)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=CHOSEN_SCHEMA)


def test_scores_are_those_of_clika():
    chosen = pl.concat(
        [
            chosen_of("good", "facts", "eng", "A", "AAAAAAAB"),
            chosen_of("good", "facts", "fra", "A", "AAAABBB-"),
            chosen_of("good", "facts", "fra", "A", "CCCCCCCC", order=1),
            chosen_of("bad", "facts", "eng", "A", "AAAABBBB"),
            chosen_of("bad", "facts", "fra", "A", "AABBBBBB"),
        ]
    )
    table = {
        row["model"] + row["language"]: row for row in choice_scores(chosen, ["eng", "fra"], "best", 50).iter_rows(named=True)
    }
    chance = 1 / 4
    assert table["goodfra"]["facts"] == 4 / 8, "an answer without an option is wrong, and other orders do not count"
    assert table["goodfra"]["factual_ra"] == pytest.approx((4 / 8 - chance) / (7 / 8 - chance))
    assert table["badeng"]["factual_ra"] == pytest.approx((4 / 8 - chance) / (7 / 8 - chance)), "the best in English counts as 1"
    assert table["badfra"]["en_co"] == 1
    assert "facts: 1 unparsed" in table["goodfra"]["missing"]
    own = {row["model"] + row["language"]: row for row in choice_scores(chosen, ["eng", "fra"], "own", 50).iter_rows(named=True)}
    assert own["badeng"]["factual_ra"] == 1
    assert own["badfra"]["factual_ra"] == pytest.approx(0)
    named = choice_scores(chosen, ["eng", "fra"], "bad", 50).filter(model="good", language="eng")
    assert named["factual_ra"].item() == pytest.approx((7 / 8 - chance) / (4 / 8 - chance))
    with pytest.raises(ValueError, match="no predictions of the reference 'other'"):
        choice_scores(chosen, ["eng", "fra"], "other", 50)


def test_the_best_reference_does_not_mind_a_model_that_lacks_english():
    chosen = pl.concat([chosen_of("a", "facts", "eng", "A", "AAAB"), chosen_of("b", "facts", "fra", "A", "AABB")])
    table = choice_scores(chosen, ["eng", "fra"], "best", 20)
    assert table.filter(model="b", language="fra")["factual_ra"].item() == pytest.approx((0.5 - 0.25) / (0.75 - 0.25))


def test_a_model_that_always_takes_the_first_place_is_seen():
    orders = ["ABCD", "DABC", "CDAB", "BCDA"]
    first = [chosen_of("m", "t", "eng", "A", shown[0] * 6, order=i, shown=shown) for i, shown in enumerate(orders)]
    table = positions(pl.concat(first), 50)
    assert table["chosen"].to_list() == pytest.approx([1, 0, 0, 0])
    assert table["expected"].to_list() == pytest.approx([1 / 4] * 4)
    assert table["accuracy"].to_list() == pytest.approx([1, 0, 0, 0])
    assert table["steady"].to_list() == [0] * 4
    assert table["answers"].to_list() == [24] * 4
    right = [chosen_of("m", "t", "eng", "A", "A" * 6, order=i, shown=shown) for i, shown in enumerate(orders)]
    table = positions(pl.concat(right), 50)
    assert table["chosen"].to_list() == pytest.approx([1 / 4] * 4)
    assert table["steady"].to_list() == [1] * 4
    (alone,) = positions(first[0], 50).filter(place="B").iter_rows(named=True)
    assert (alone["accuracy"], alone["steady"]) == (None, None), "it never stands there, and there is one order"


def test_rankings_are_compared_task_by_task():
    rows = []
    for language, ranked in (("eng", "ABCD"), ("fra", "ABCD"), ("zul", "DCBA")):
        own = chosen_of("m", "t", language, "A", "AAA")
        rows.append(own.with_columns(ranked=pl.Series([list(ranked)] * 3, dtype=pl.List(pl.String))))
    table = rankings(pl.concat([*rows, chosen_of("remote", "t", "eng", "A", "AAA")]), 20)
    assert set(table["model"]) == {"m"}, "who ranks nothing has no RankC"
    values = {(one, other): value for one, other, value in table.select("one", "other", "value").iter_rows()}
    weights = np.exp([4, 3, 2, 1]) / np.exp([4, 3, 2, 1]).sum()
    reverse = weights @ [0, 0, 2 / 3, 1]
    assert values["eng", "fra"] == pytest.approx(1)
    assert values["eng", "zul"] == pytest.approx(reverse)
    assert values["all", "all"] == pytest.approx((1 + 2 * reverse) / 3)


def test_scores_can_be_drawn(tmp_path):
    chosen = pl.concat([chosen_of("a", "facts", code, "A", "AAAB") for code in ("eng", "fra")])
    places = [str(tmp_path / f"f.{kind}") for kind in ("pdf", "png", "csv")]
    draw(choice_scores(chosen, ["eng", "fra"], "best", 20), {"eng": "English"}, *places)
    assert pl.read_csv(places[2])["facts"].to_list()[0] == 0.75


# Over the network.


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setenv("ISOGLOSS_TEST_KEY", "secret")

    def of(server, **changes):
        about = {"provider": "openai", "name": "m", "base_url": server.base_url, "key": "ISOGLOSS_TEST_KEY", "timeout": 5}
        return Remote(**about | changes)

    return of


def test_a_model_behind_an_interface_names_a_letter(built_in, endpoint, tmp_path):
    exam = multiple_choice(built_in.filter(pl.col("item") < "0004"), True, True, 2, 1)
    with OpenAIServer() as server:
        found = choose_remotely(endpoint(server), exam["turns"].to_list(), [4] * len(exam), tmp_path, None)
        body = server.bodies[0]
    assert found == [("A", "answered")] * len(exam)
    rule = body["response_format"]["json_schema"]["schema"]["properties"]["answer"]
    assert rule["enum"] == list("ABCD")
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert json.loads(body["messages"][1]["content"])["answer"] in "ABCD", "shown in the form that is wanted"
    chosen = with_places(exam, found, "m")
    assert chosen.schema == pl.Schema(CHOSEN_SCHEMA)
    assert chosen["prediction"].to_list() == [shown[0] for shown in exam["shown"].to_list()], "a place, by the option there"
    assert chosen["ranked"].null_count() == len(chosen)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ('{"answer": "E"}', "unparsed"),
        ('"A"', "unparsed"),
        ('{"answer": "B"}', "answered"),
        ('<think>{"answer": "A"}</think>{"answer": "B"}', "answered"),
        ('```json\n{"answer": "B"}\n```', "answered"),
    ],
)
def test_what_names_no_letter_is_labelled(endpoint, tmp_path, said, state):
    with OpenAIServer(answer=lambda body: said) as server:
        found = choose_remotely(endpoint(server), [["Which?"]], [4], tmp_path, None)
        assert len(server.bodies) == (1 if state == "answered" else 3), "asked again, as often as the config says"
    assert found == [("B" if state == "answered" else None, state)]


def test_refusals_and_cut_answers_are_labelled(endpoint, tmp_path):
    with OpenAIServer() as server:
        server.scripts = {"one?": ["refusal"], "two?": ["length"]}
        found = choose_remotely(endpoint(server), [["one?"], ["two?"], ["three?"]], [2, 2, 2], tmp_path, None)
    assert found == [(None, "refused"), (None, "unfinished"), ("A", "answered")]


# Config.


def test_problems_of_choices_are_found_before_any_work(raw_config, languages, tmp_path):
    (tmp_path / "a.txt").touch()
    raw = raw_config | {
        "languages": ["spa", "zul"],
        "translation": None,
        "knowledge": {key: raw_config["knowledge"][key] for key in ("fictional", "general")},
        "predictions": {"twice": {"format": "scores", "path": "config.yaml"}},
        "choices": {
            "twice": {},
            "lost": {"source": "no/such.csv"},
            "odd": {"source": str(tmp_path / "a.txt")},
            "who": {"reference": "chatgpt"},
        },
    }
    with pytest.raises(ConfigError) as error:
        load_config(raw, languages)
    text = str(error.value)
    for words in (
        "choices.twice: predictions are called twice, too",
        "choices.lost.source: there is no no/such.csv",
        "choices.odd.source:",
        "choices.who.reference: no model under run is called 'chatgpt'; write reference: one of best, own, sandbox",
        "add eng to languages, or leave it out: twice: null",
    ):
        assert words in text
    with pytest.raises(ConfigError, match=r"choices\.a\.order: unknown key; write orders: 2"):
        load_config(raw_config | {"choices": {"a": {"order": 2}}}, languages)
    assert load_config(raw_config | {"choices": {"a": None}}, languages).choices == {}
