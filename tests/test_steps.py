"""Questions answered in several steps."""

from functools import partial
from pathlib import Path

import polars as pl
import pytest

from isogloss.asking import remote
from isogloss.asking.exams import apart, bare_exams, exams_of, together
from isogloss.asking.holding import ask_locally, hold_untaught
from isogloss.asking.prompts import Said
from isogloss.asking.steps import Step, read_steps
from isogloss.asking.stepwise import answer_in_steps
from isogloss.config import Asking, BuiltIn, Remote
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.translators import asked_of_sandbox
from isogloss.models.chat import Spoken
from isogloss.models.local import load_model
from isogloss.paths import STEPS
from isogloss.remote.chat import Reply

INTERVENTIONS = read_steps(STEPS)
EXAM = pl.DataFrame(
    {"asked_in": ["eng", "zul", "zul"], "item": ["q1", "q1", "q2"], "question": ["E1 {x}", "Z1", "Z2"], "text": ["C", "C", "D"]}
)


def request(text, source, target):
    return f"{source.iso639_3}>{target.iso639_3}: {text}"


def fake(replies):
    """An `ask` that says of a prompt what `replies` has for it, else that it came to no end; and what it was asked."""
    asked = []

    def ask(prompts, form):
        asked.append((prompts, form))
        said = [replies.get(prompt) for prompt in prompts]
        return [Said(f"<{text}>", text, "whole", "answered") if text else Said("...", None, None, "unfinished") for text in said]

    return ask, asked


def steps_of(name, kind="context", section="plain"):
    return INTERVENTIONS[name][section][kind]


SAID = {
    "zul>eng: Z1": "E1 {x}",
    "zul>eng: Z2": "E2",
    "C\nE1 {x}": "Monday",
    "D\nE2": "Tuesday",
    "eng>zul: Monday": "uMsombuluko",
    "eng>zul: Tuesday": "uLwesibili",
}


def test_self_translate(languages):
    ask, asked = fake(SAID)
    table = answer_in_steps(EXAM, steps_of("self-translate"), ask, request, languages, "eng")
    assert table.columns == ["asked_in", "item", "question", "raw", "answer", "form", "state", "steps"]
    assert table["answer"].to_list() == ["Monday", "uMsombuluko", "uLwesibili"]
    assert table["question"].to_list() == ["C\nE1 {x}", "eng>zul: Monday", "eng>zul: Tuesday"]
    assert set(table["state"]) == {"answered"}
    assert table["steps"][1].to_list() == ["E1 {x}", "Monday", "uMsombuluko"]
    assert [prompts for prompts, _ in asked] == [
        ["zul>eng: Z1", "zul>eng: Z2"],
        ["C\nE1 {x}", "D\nE2"],  # that in English and the translated one are alike, and asked once
        ["eng>zul: Monday", "eng>zul: Tuesday"],
    ]


def test_cross_lingual_thought(languages):
    after = {"C\nE1 {x}\nMonday\nE1 {x}": "Monday", "C\nE1 {x}\nMonday\nZ1": "zulu1", "D\nE2\nTuesday\nZ2": "zulu2"}
    ask, _ = fake(SAID | after)
    table = answer_in_steps(EXAM, steps_of("xlt"), ask, request, languages, "eng")
    assert table["answer"].to_list() == ["Monday", "zulu1", "zulu2"]
    assert table["question"].to_list() == list(after)


def test_the_pivot_may_be_another_language(languages):
    ask, _ = fake({"eng>zul: E1 {x}": "Z", "Z": "ja", "zul>eng: ja": "yes", "Z1": "1", "Z2": "2"})
    table = answer_in_steps(EXAM, steps_of("self-translate", "question"), ask, request, languages, "zul")
    assert table["answer"].to_list() == ["yes", "1", "2"]


@pytest.mark.parametrize("missing", ["zul>eng: Z2", "D\nE2", "eng>zul: Tuesday"])
def test_a_step_without_an_end_ends_the_question(languages, missing):
    """Whichever it is: the answer is labelled, nothing else is asked about it, and other questions go on."""
    ask, asked = fake({key: value for key, value in SAID.items() if key != missing})
    table = answer_in_steps(EXAM, steps_of("self-translate"), ask, request, languages, "eng")
    assert table["state"].to_list() == ["answered", "answered", "unfinished"]
    assert table["answer"].to_list() == ["Monday", "uMsombuluko", None]
    assert table["question"][2] == missing
    assert table["steps"][2].to_list() == ["E2", "Tuesday"][: list(SAID).index(missing) // 2]
    assert sum(len(prompts) for prompts, _ in asked) == len(SAID) - 2 + list(SAID).index(missing) // 2


def test_nothing_is_asked_when_nothing_goes_on(languages):
    ask, asked = fake({})
    table = answer_in_steps(EXAM.filter(asked_in="zul"), steps_of("xlt"), ask, request, languages, "eng")
    assert len(asked) == 1
    assert table["answer"].null_count() == 2
    assert table["steps"].to_list() == [[], []]


def test_steps_after_a_context_need_one(languages):
    with pytest.raises(KeyError, match="context"):
        answer_in_steps(EXAM.drop("text"), steps_of("xlt"), fake(SAID)[0], request, languages, "eng")


@pytest.mark.parametrize("kind", ["question", "context"])
def test_chat_models_are_told_what_to_do(languages, kind):
    """In one prompt that wants tags; nothing but the question, the context and the names of the languages is put into it."""
    (step,) = steps_of("xlt", kind, "instructed")
    filled = step.text.format(question="Z1", context="C", language="Zulu", pivot="English")
    ask, asked = fake({filled: "uMsombuluko"})
    table = answer_in_steps(EXAM[1:2], [step], ask, request, languages, "eng")
    assert table.row(0, named=True) | {"steps": None} == {
        "asked_in": "zul",
        "item": "q1",
        "question": filled,
        "raw": "<uMsombuluko>",
        "answer": "uMsombuluko",
        "form": "whole",
        "state": "answered",
        "steps": None,
    }
    assert asked[0][1] == step.text
    assert "<answer>" in step.text
    assert filled.endswith("Z1")
    assert filled.startswith("C\n") == (kind == "context"), "prompts that share a context begin alike"
    assert "English" not in step.text


def test_all_that_is_said_is_kept_and_read(monkeypatch):
    texts = {"<answer>a</answer>": True, "b": True, "c": False, "<think>d</think>": True, "<think>e": True}
    said = [Spoken(text, ended) for text, ended in texts.items()]
    monkeypatch.setattr("isogloss.asking.holding.say_greedily", lambda *ignored: [said])
    tagged = ask_locally(None, None, Asking(), ["?"] * 5, "write it between <answer> and </answer>")
    assert [own.raw for own in tagged] == list(texts)
    assert [own.answer for own in tagged] == ["a", "b", None, None, None]
    assert [own.form for own in tagged] == ["tags", "whole", None, None, None]
    assert [own.state for own in tagged] == ["answered", "answered", "unfinished", "unparsed", "unfinished"]
    plain = ask_locally(None, None, Asking(), ["?"] * 5, "{question}")
    assert [own.form for own in plain] == ["whole", "whole", None, None, None]


def test_over_the_network(monkeypatch, languages):
    """Refused is not unfinished, and a step in tags is asked again, the next one with what stood in them."""
    tagged = "C E1 <answer>"
    replies = {
        ("zul>eng: Z1",): "E1",
        ("zul>eng: Z2",): None,
        (tagged,): "It is Monday.",
        (tagged, "It is Monday.", "Again!"): "<answer>Monday</answer>",
        ("eng>zul: Monday",): "uM",
    }

    def complete(endpoint, requests, store, budget_usd):
        texts = [replies[tuple(message["content"] for message in sent.messages)] for sent in requests]
        return [Reply(text, "answered" if text else "refused", 1, 0, 1) for text in texts]

    monkeypatch.setattr(remote, "complete", complete)
    endpoint = Remote(provider="openai", name="m", asking={"asked_again": 1})
    ask = partial(remote.answer_remotely, endpoint, again="Again!", store="store", budget_usd=None)
    into, _, back = steps_of("self-translate")
    steps = [into, Step("pivot_answer", "{context} {pivot_question} <answer>"), back]
    table = answer_in_steps(EXAM[1:], steps, ask, request, languages, "eng")
    assert table["answer"].to_list() == ["uM", None]
    assert table["state"].to_list() == ["answered", "refused"]
    assert table["steps"].to_list() == [["E1", "Monday", "uM"], []]


MISTAKES = """
broken:
  plain:
    question:
      first: {translate: "{question}", into: English}
      question: {ask: "{first} {later} {context}"}
      later: {ask: "{question} {"}
    context:
      first: {ask: "{context}", into: pivot}
      last: {ask: "{question}"}
  instructed:
    question: {}
empty: nothing
"""


def test_every_mistake_in_steps_is_told(tmp_path):
    path = tmp_path / "steps.yaml"
    path.write_text(MISTAKES, encoding="utf-8")
    with pytest.raises(ValueError, match="broken") as error:
        read_steps(path)
    told = str(error.value).splitlines()
    assert all(line.startswith(str(path)) for line in told)
    where = [
        "broken.plain.question.first translates into 'English'; write into: pivot or asked",
        "broken.plain.question.question has the name of a placeholder",
        "broken.plain.question.question has the placeholders ['context', 'first', 'later']; it may have",
        "broken.plain.question.later cannot be read",
        "broken.plain.context.first is {'ask': '{context}', 'into': 'pivot'}; write ask: PROMPT, or translate",
        "broken.plain.context makes no use of context",
        "broken.instructed has question; it needs question, context",
        "broken.instructed.question has nothing; it needs",
        "empty has 'nothing'; it needs plain, instructed",
    ]
    for wrong in where:
        assert any(wrong in line for line in told), wrong


def test_the_steps_that_come_with_it():
    assert set(INTERVENTIONS) == {"xlt", "self-translate"}
    for sections in INTERVENTIONS.values():
        assert [step.into for step in sections["plain"]["context"]][:2] == ["pivot", None]


SHIPPED = Path("data/sandbox")


@pytest.fixture(scope="module")
def knowledge(world, languages, books):
    drawn = built_in_items(world, BuiltIn(kind="new", items=6, seed=1))
    return {code: render(drawn, world, languages[code], books[code]) for code in ("eng", "spa", "zul")}


def test_with_the_sandbox(knowledge, languages):
    """In context it understands the steps; in English self-translate asks what is asked without it."""
    model, asking = load_model(SHIPPED), Asking(max_new_tokens=32)
    codes = ["eng", "spa", "zul"]
    bare = bare_exams(knowledge, {"eng": codes}, 4, [1])
    plain = hold_untaught(*model, exams_of(knowledge, {"eng": codes}, "{context}\n{question}", languages, 4, [1]), asking)["eng"]
    for name in INTERVENTIONS:
        ask = partial(ask_locally, *model, asking)
        held = answer_in_steps(together(bare), steps_of(name), ask, asked_of_sandbox, languages, "eng")
        table = apart(held, bare)["eng"]
        assert table.select("asked_in", "item", "seed", "epoch", "context").equals(
            plain.select("asked_in", "item", "seed", "epoch", "context")
        )
        assert set(table["state"]) <= {"answered", "unfinished", "unparsed"}
        assert (table["answer"].is_null() == (table["state"] != "answered")).all()
        assert table.filter(asked_in="eng", state="answered")["answer"].to_list() == knowledge["eng"]["answer"].to_list()
        spanish = table.filter(asked_in="spa", state="answered")
        assert spanish["steps"].list.len().to_list() == [3] * len(spanish)
        words = [question.split(" called ")[0] for question in knowledge["eng"]["ask_question"]]
        kept = [said[0].startswith(own) for said, own in zip(spanish["steps"], words, strict=True)]
        assert sum(kept) > 3, "questions come through translation, but for names"
        if name == "self-translate":
            english = table.filter(asked_in="eng").drop("steps")
            assert english.equals(plain.filter(asked_in="eng").select(english.columns))
