"""A first look at a model: what it measures, what it advises, and its page."""

import copy
import gc
import json
import math
import time

import polars as pl
import pytest
import torch
import yaml
from openai_server import OpenAIServer
from test_workflow import copy_project, snakemake

from isogloss import plan
from isogloss.asking.prompts import read_prompts
from isogloss.config import Asking, Config, Remote, Teaching
from isogloss.cost_counting import Study
from isogloss.cost_look import Expected, Work, with_only, works_of
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.models.chat import chat_of
from isogloss.models.look import EPOCHS, KNOWN, TAUGHT, TOLD, Answer, Here, Look, Precision, Taught, drawn, exams
from isogloss.models.look_local import LOOKS, Memory, _taught, compared, look_locally
from isogloss.models.look_remote import look_remotely
from isogloss.report.look_advice import advice, together
from isogloss.report.look_card import write_look

LANGUAGES = ["eng", "fra"]


def answer(part="known", language="eng", **changes) -> Answer:
    """An answer that is as it should be."""
    own = {
        "part": part, "language": language, "item": "q1", "question": "What?", "expected": "Monday", "raw": "Monday",
        "answer": "Monday", "form": "tags" if part == "in-context" else "whole", "state": "answered", "correct": True,
        "correct_any": True, "spoken": "asked", "prompt_tokens": 50, "question_tokens": 5, "tokens": 3,
    }  # fmt: skip
    return Answer(**own | changes)


def here(**changes) -> Here:
    """A machine on which nothing is wrong."""
    taught = {
        "steps": 24, "pairs": 6, "together": 2, "seconds": 0.5, "losses": {code: [4.0, 3.0, 2.0, 1.0, 0.5] for code in LANGUAGES},
        "guess": 9.0, "adapter_bytes": 2_000_000,
    }  # fmt: skip
    own = {
        "device": "cpu", "dtype": "float32", "threads": 2, "parameters": 10**8, "vocabulary": 8000, "context": 2048,
        "loading_seconds": 1.0, "loaded": 1000, "asking": 2000, "teaching": 2000, "memory": 16_000, "accelerator": False,
        "writing": {16: 0.16, 32: 0.32, 64: 0.64}, "reading": 0.01,
        "precision": Precision(other="bfloat16", seconds=1.0, other_seconds=2.0, answers=10, same=10),
    }  # fmt: skip
    own["taught"] = Taught(**taught | changes.pop("taught", {}))
    return Here(**own | changes)


def look_of(answers=None, **changes) -> Look:
    """A look in which nothing is wrong; `changes` are of the machine, or `here`."""
    parts = ("known", "in-context", "lesson")
    good = [answer(part, code, item=f"q{i}") for part in parts for code in LANGUAGES for i in range(5)]
    return Look(
        model="mine", languages=LANGUAGES, knowledge=dict.fromkeys(parts, "facts"), pairs=8,
        tags={part: part == "in-context" for part in parts}, answers=good if answers is None else answers,
        seconds=dict.fromkeys(parts, 20.0), total_seconds=120, here=changes.pop("here", None) or here(**changes),
    )  # fmt: skip


def config_of(**entry) -> Config:
    model = {"provider": "transformers", "path": "/models/mine", **entry}
    if entry.get("provider") == "openai":
        del model["path"]
    return Config.model_validate(
        {
            "languages": LANGUAGES,
            "knowledge": {"new": {"kind": "new", "items": 10}, "old": {"kind": "known", "items": 10}},
            "models": {"mine": model},
            "run": ["mine"],
            "studies": ["verification", "effectiveness", "transferability"],
        }
    )


def expected_of(**changes) -> Expected:
    own = {
        "works": [Work("transferability", "in-context", "ask", False, 100, 1.5, None)], "requested": {"ask": 5000, "teach": 9000},
        "lessons": 2, "adapters": 100, "free_bytes": 10**12, "config": config_of(),
    }  # fmt: skip
    return Expected(**own | changes)


def some(share: float, part="in-context", **changes) -> list[Answer]:
    """Answers of all parts, a share of one of which is as the changes say."""
    found = [
        answer(each, code, item=f"q{i}") for each in ("known", "in-context", "lesson") for code in LANGUAGES for i in range(10)
    ]
    own = [i for i, each in enumerate(found) if each.part == part]
    for i in own[: round(share * len(own))]:
        found[i] = found[i].model_copy(update=changes)
    return found


UNFINISHED = {"answer": None, "form": None, "state": "unfinished", "tokens": 128, "raw": "It is well known that"}
LOOPING = UNFINISHED | {"raw": "Monday, so it is. " * 30}
THINKING = UNFINISHED | {"raw": "<think>\nLet me see"}
EMPTY = {"answer": None, "form": None, "state": "unparsed", "raw": "", "tokens": 1}
OTHER = {"spoken": "other", "correct": False}
CHAT = {"asking": {"prompts": "plain"}}

ADVICES = [
    ("have no end", {"answers": some(0.2, **UNFINISHED)}, {}, {"models": {"mine": {"asking": {"max_new_tokens": 256}}}}),
    # the longest that ended has 3 tokens, one and a half times that is 4.5, and a limit is a multiple of 16
    ("say the same", {"answers": some(0.2, **LOOPING)}, {}, {"models": {"mine": {"asking": {"max_new_tokens": 16}}}}),
    ("begins with a thought", {"answers": some(0.2, **THINKING)}, {}, {"models": {"mine": {"asking": {"max_new_tokens": 512}}}}),
    ("nothing to read", {"answers": some(0.2, **EMPTY)}, {}, {"models": {"mine": {"chat": "plain"}}}),
    ("were refused", {"answers": some(0.2, **EMPTY | {"state": "refused"})}, {}, {}),
    ("answer in the prompt", {"answers": some(0.9, correct=False, correct_any=False)}, {}, {}),
    ("between `<answer>`", {"answers": some(0.2, form="whole")}, {}, {}),
    ("answers in another", {"answers": some(0.6, **OTHER)}, {}, {}),
    (
        "answers in another",
        {"answers": some(0.6, **OTHER)},
        {"config": config_of(asking={"prompts": "plain"})},
        {"models": {"mine": {"asking": {"prompts": "instructed"}}}},
    ),
    # 8 pairs make 1,800 tokens; 0.9 x 2,048 less 128 for the answer has room for 7 of them
    ("context is", {"answers": some(0.1, prompt_tokens=1800)}, {}, {"context": {"pairs": 7}}),
    (
        "still above",
        {"taught": {"losses": {"eng": [4.0, 3.9, 3.8, 3.7, 3.6], "fra": [4.0, 3.0, 2.0, 1.0, 1.0]}}},
        {},
        {"models": {"mine": {"teaching": {"learning_rate": 2e-4}}}},
    ),
    (
        "got worse",
        {"taught": {"losses": {"eng": [4.0, math.nan, 5, 5, 5], "fra": [4.0, 3.0, 2.0, 1.0, 1.0]}}},
        {},
        {"models": {"mine": {"teaching": {"learning_rate": 3e-5}}}},
    ),
    # what is asked as well takes 15,000 of 16,000
    ("Asking takes", {"asking": 15_000}, {}, {"models": {"mine": {"asking": {"batch": 8}}}}),
    # 20 lessons take ten times the 1,000 MB of two beside the 4,000 of the weights, and 14,400 may be used: 20 x 10,400 / 20,000
    ("20 lessons at a time", {"loaded": 4000, "teaching": 6000}, {"lessons": 20}, {"cohort": 10}),
    (
        "20 lessons at a time",
        {"loaded": 14_000, "teaching": 15_000},
        {"lessons": 20},
        {"models": {"mine": {"teaching": {"checkpointing": True}}}, "cohort": 1},
    ),
    (
        "ask for less memory",
        {},
        {"requested": {"ask": 1500, "teach": 9000}},
        {"models": {"mine": {"resources": {"mem_mb": 3000}}}},
    ),
    ("adapters take", {}, {"free_bytes": 10**8}, {"models": {"mine": {"teaching": {"rank": 8}}}}),
    ("more at a time", {"writing": {16: 0.16, 32: 0.2, 64: 0.39}}, {}, {"models": {"mine": {"asking": {"batch": 32}}}}),
    (
        "times as fast as in float32",
        {"precision": Precision(other="bfloat16", seconds=2.0, other_seconds=1.0, answers=10, same=9)},
        {},
        {"models": {"mine": {"dtype": "bfloat16"}}},
    ),
    (
        "it is another model",
        {"precision": Precision(other="bfloat16", seconds=2.0, other_seconds=1.0, answers=10, same=8)},
        {},
        {},
    ),
]


def test_where_all_is_well_nothing_is_advised():
    assert advice(look_of(), expected_of()) == []
    assert "Nothing that this look could see" in write_look(look_of(), expected_of(), plan_languages())


def plan_languages():
    from isogloss.languages import read_languages

    return read_languages("data/languages.csv")


@pytest.mark.parametrize(("says", "seen", "told", "write"), ADVICES, ids=[f"{i}-{row[0]}" for i, row in enumerate(ADVICES)])
def test_each_thing_that_is_wrong_is_advised_about_and_nothing_else(says, seen, told, write):
    (found,) = advice(look_of(**seen), expected_of(**told))
    assert says in f"{found.seen} {found.do}"
    assert found.write == write


@pytest.mark.parametrize("state", [UNFINISHED, EMPTY, THINKING])
def test_a_tenth_is_not_yet_too_much(state):
    assert advice(look_of(some(0.1, **state)), expected_of()) == []


def test_all_that_is_advised_can_be_written_into_the_config():
    raw = config_of().model_dump(exclude_unset=True)
    for *_, write in ADVICES:
        own = {**raw, **{key: value for key, value in write.items() if key != "models"}}
        entry = dict(raw["models"]["mine"])
        for key, value in write.get("models", {}).get("mine", {}).items():
            entry[key] = value
        Config.model_validate(own | {"models": {"mine": entry}})


def test_a_page_has_all_advices_as_one_piece_of_yaml():
    look, expected = look_of(some(0.2, **UNFINISHED), asking=15_000), expected_of()
    found = advice(look, expected)
    text = write_look(look, expected, plan_languages())
    (block,) = [part.split("```")[0] for part in text.split("```yaml\n")[1:]]
    assert yaml.safe_load(block) == together(found) == {"models": {"mine": {"asking": {"max_new_tokens": 256, "batch": 8}}}}


def test_a_page_says_how_many_were_read_right_and_in_which_language():
    answers = [
        answer("in-context", "eng", form="whole", correct=False, spoken="undecided"),
        answer("in-context", "eng", correct=False, correct_any=False, spoken="other", tokens=9, prompt_tokens=150),
        answer(
            "in-context",
            "eng",
            correct=False,
            correct_any=False,
            spoken="no_answer",
            **UNFINISHED | {"raw": "a | b <c> *d*\n" * 40},
        ),
        answer("in-context", "eng", form="tags"),
        answer("in-context", "fra"),
    ]
    look = look_of(answers).model_copy(update={"seconds": {"in-context": 10.0}})
    text = write_look(look, expected_of(), plan_languages())
    row = next(line for line in text.splitlines() if line.startswith("| English |"))
    assert row.split("|")[2:-1] == [
        " 3 of 4 (2 tags, 1 whole) ", " 3 of 4 ", " 33 to 67 % ", " 1 of 4 ", " 2 of 4 ", " 36, 128 ", " 5, 75 ",
    ]  # fmt: skip
    whole = next(line for line in text.splitlines() if line.startswith("| New facts, in the prompt | 5 |"))
    assert whole.endswith("| 2.00 |"), "10 seconds for 5 answers"
    said = next(line for line in text.splitlines() if line.startswith("| eng | What? |") and "..." in line)
    assert "a \\| b &lt;c> \\*d\\*" in said
    assert "*unfinished*" in said


def test_a_page_says_what_the_study_takes():
    text = write_look(look_of(), expected_of(), plan_languages())
    assert "| transferability | in-context | ask | 100 answers | 1.50 |" in text
    assert "100 adapters of 2.0 MB will be kept: 0.20 GB" in text
    assert "| teaching | 2,000 | 2,000 | 9,000 |" in text
    assert "never the same twice" in text


def test_hours_are_seconds_times_what_the_config_asks_for():
    study = Study(
        with_only(config_of(teaching={"epochs": 3, "batch": 5}), "mine"),
        plan_languages(),
        read_prompts("data/prompts.yaml"),
        {},
        {},
    )
    look = look_of()  # 20 s for 10 answers of each part; 0.5 s a step; 45 tokens before a question, 0.01 s each
    works = {(work.study, work.setting, work.work): work for work in works_of(look, study)}
    assert set(works) == {
        ("verification", "untaught", "ask"),
        ("effectiveness", "fine-tuning", "ask"),
        ("transferability", "fine-tuning", "ask"),
        ("transferability", "in-context", "ask"),
        ("effectiveness, transferability", "fine-tuning", "teach"),
    }
    # two sets of 10 items in two languages, at 2 s
    assert works["verification", "untaught", "ask"].amount == 40
    assert works["verification", "untaught", "ask"].hours == pytest.approx(40 * 2 / 3600)
    # two lessons, each asked in two languages: half of what stands before a question has been read
    assert works["transferability", "in-context", "ask"].hours == pytest.approx(40 * (2 - 0.01 * 45 / 2) / 3600)
    # two lessons of 10 items in batches of 5, three times
    assert works["effectiveness, transferability", "fine-tuning", "teach"].amount == 2 * 2 * 3
    assert works["effectiveness, transferability", "fine-tuning", "teach"].hours == pytest.approx(12 * 0.5 / 3600)


def test_a_model_behind_an_interface_has_prices_and_no_machine():
    parts = ("known", "in-context")
    look = look_of().model_copy(
        update={"here": None, "usd": 0.0123, "seconds": dict.fromkeys(parts, 5.0),
                "answers": [answer(part, code) for part in parts for code in LANGUAGES]}
    )  # fmt: skip
    work = Work("transferability", "in-context", "ask", False, 100, None, (0.5, 2.0))
    expected = expected_of(works=[work], requested={}, config=config_of(provider="openai", name="any"))
    text = write_look(look, expected, plan_languages())
    assert advice(look, expected) == []
    assert "This look cost 0.0123 USD. What has a price comes to 0.50 USD, at most 2.00." in text
    assert "## The machine" not in text
    assert "How it learns" not in text


@pytest.fixture(scope="module")
def items(world, languages, books):
    from isogloss.config import BuiltIn

    return {
        kind: {
            code: render(built_in_items(world, BuiltIn(kind=kind, items=20, seed=1)), world, languages[code], books[code])
            for code in LANGUAGES
        }
        for kind in ("new", "known")
    }


def test_the_same_items_are_asked_in_every_language(items):
    prompts = read_prompts("data/prompts.yaml")["instructed"]
    asked = exams(items["known"], items["new"], prompts, {"eng": "English", "fra": "French"}, 8)
    counts = {"known": KNOWN, "in-context": TOLD, "lesson": TAUGHT}
    for part, exam in asked.items():
        table = pl.concat(exam.values())
        chosen = {code: table.filter(asked_in=code)["item"].to_list() for code in LANGUAGES}
        assert chosen["eng"] == chosen["fra"]
        assert len(chosen["eng"]) == counts[part]
    assert all(len(context) == 8 for context in asked["in-context"]["fra"]["context"])
    assert all(line.startswith("fra:") for context in asked["in-context"]["fra"]["context"] for line in context)
    assert "in French" in asked["known"]["none"].filter(asked_in="fra")["question"][0]
    assert drawn({"eng": items["new"]["eng"].head(3)}, 8, "known") == sorted(items["new"]["eng"]["item"][:3])


def test_a_random_model_is_measured(tiny, items, languages):
    model, tokenizer = copy.deepcopy(tiny[0]).float(), tiny[1]
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    look = look_locally(
        "tiny", lambda: (model, tokenizer), items["known"], items["new"],
        {"known": "old", "in-context": "new", "lesson": "new"}, read_prompts("data/prompts.yaml")["plain"],
        {code: languages[code] for code in LANGUAGES}, 4, Asking(max_new_tokens=5, batch=4), Teaching(learning_rate=1e-2), 1,
    )  # fmt: skip
    again = Look.model_validate(json.loads(look.model_dump_json()))
    assert again == look
    sizes = {part: sum(own.part == part for own in look.answers) for part in look.seconds}
    assert sizes == {"known": 2 * KNOWN, "in-context": 2 * TOLD, "lesson": 2 * TAUGHT}
    assert all(own.tokens == 5 for own in look.answers if own.state == "unfinished")
    assert look.here.taught.steps == EPOCHS * TAUGHT
    assert look.here.taught.together == 1
    assert look.here.taught.guess == pytest.approx(math.log(len(tokenizer)))
    for losses in look.here.taught.losses.values():
        assert len(losses) == EPOCHS + 1
        assert losses[-1] < 0.8 * losses[0], "it learns"
    # rank 16 beside seven layers of two blocks: four of 32 x 32, three of 32 x 64
    assert look.here.taught.adapter_bytes == 4 * 2 * 16 * (4 * 64 + 3 * 96)
    assert set(look.here.writing) == {4, 8, 16}
    first = next(own for own in look.answers if own.part == "known")
    assert first.question_tokens == len(tokenizer(first.question, add_special_tokens=False)["input_ids"])
    assert first.prompt_tokens == len(chat_of(tokenizer).prompt(first.question)), "in plain prompts a question is all there is"
    assert look.here.asking >= look.here.loaded // 2 > 0
    assert model.dtype is torch.bfloat16
    assert all(torch.equal(weight, before[name].to(torch.bfloat16)) for name, weight in model.state_dict().items())


def test_a_model_behind_an_interface_is_asked_and_what_it_said_is_kept(items, languages, tmp_path):
    """It says what it was asked, between tags."""
    few = {code: languages[code] for code in LANGUAGES}
    knowledge = {"known": "old", "in-context": "new"}
    prompts = read_prompts("data/prompts.yaml")["instructed"]

    def ask(server):
        endpoint = Remote(provider="openai", name="gpt-4o-mini", base_url=server.base_url, key=None)
        own = (items["known"], items["new"], knowledge, prompts, few, 8, tmp_path / "calls", None)
        return look_remotely("far", endpoint, *own)

    with OpenAIServer() as server:
        look, again = ask(server), ask(server)
    assert {part: sum(own.part == part for own in look.answers) for part in look.seconds} == {
        "known": 2 * KNOWN,
        "in-context": 2 * TOLD,
    }
    assert look.here is None
    assert look.usd > 0
    assert again.usd == 0, "all calls are kept"
    assert again.answers == look.answers
    assert all(own.form == "tags" for own in look.answers if own.part == "in-context")


def test_losses_before_and_after_are_of_the_same_batches(tiny, items, languages):
    """Where next to nothing is learned, the loss of every epoch is that before the lesson."""
    model, tokenizer = copy.deepcopy(tiny[0]).float(), tiny[1]
    few = {code: languages[code] for code in LANGUAGES}
    teaching = Teaching(learning_rate=1e-12, batch=4)
    _, taught = _taught(model, tokenizer, items["new"], "{question}", few, teaching, 2)
    for before, first, *_ in taught.losses.values():
        assert first == pytest.approx(before, rel=1e-4)
    assert taught.together == 2
    assert taught.steps == 2 * EPOCHS


def test_answers_that_another_precision_would_give_otherwise_are_counted(tiny):
    """Half of what is compared are not the model's own answers, so not each of their tokens is the likeliest one."""
    model, tokenizer = copy.deepcopy(tiny[0]).float(), tiny[1]
    reading, (dtype, found) = compared(model, tokenizer, [("What?", "Monday"), ("¿Qué día es?", "lunes")])
    assert dtype == "float32"
    assert found.answers == 2
    assert 0 <= found.same <= 2
    assert reading > 0
    assert found.seconds > 0
    assert found.other_seconds > 0
    assert compared(model, tokenizer, [("What?", "Monday")])[1] == ("bfloat16", None), "there is nothing to compare it with"


def test_memory_is_seen_while_it_is_there():
    gc.collect()  # what earlier tests left behind is not to go while this one looks
    memory = Memory()
    with memory.watched("little"):
        pass
    held = 500  # MB
    with memory.watched("much"):
        tensor, waited = torch.ones(held * 250_000), 0.0  # 4 bytes each
        while memory.most.get("much", 0) < memory.most["little"] + held / 2 and waited < 60:  # the watch looks now and then
            time.sleep(LOOKS)
            waited += LOOKS
        del tensor
    assert held / 2 <= memory.most["much"] - memory.most["little"] < 2 * held


def test_a_page_is_made_of_a_folder_without_any_study(tmp_path):
    """A copy of the sandbox in Hugging Face format, as a user's own model."""
    model = {"provider": "transformers", "path": "data/sandbox", "asking": {"prompts": "plain", "max_new_tokens": 8}}
    config = {
        "languages": ["eng", "spa"],
        "knowledge": {"fictional": {"kind": "new", "items": 10}, "general": {"kind": "known", "items": 10}},
        "models": {"mine": model},
        "run": ["mine"],
        "studies": ["transferability"],
        "context": {"pairs": 4},
    }
    project = copy_project(tmp_path, config)
    snakemake(project, "results/models/mine/card.md")
    done = {path.name for path in (project / "results").iterdir()}
    assert done == {"models", "knowledge", "logs", "benchmarks"}, "no study was needed"
    text = (project / "results/models/mine/card.md").read_text(encoding="utf-8")
    assert "| transferability | fine-tuning | teach | 240 steps |" in text  # 2 lessons of 10 items, 12 epochs
    look = Look.model_validate_json((project / "results/models/mine/look.json").read_text(encoding="utf-8"))
    told = [own for own in look.answers if own.part == "in-context"]
    assert sum(own.correct for own in told) >= len(told) / 2, "the sandbox looks up what stands in the prompt"
    assert "Nothing to be done" in snakemake(project, "--dry-run", "results/models/mine/card.md")
    # the page alone is written anew where only the plan has changed
    (project / "config.yaml").write_text(yaml.safe_dump(config | {"studies": ["verification"]}), encoding="utf-8")
    text = snakemake(project, "--dry-run", "results/models/mine/card.md")
    assert "look_card" in text
    assert "Look what mine says" not in text
    assert plan.runnable(Config.model_validate(config)) == ["mine"]
