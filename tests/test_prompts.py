"""What is said beside a question, and how answers are read, here and over the network."""

import polars as pl
import pytest

from isogloss.asking import remote
from isogloss.asking.exams import exams_of, with_parsed, worded
from isogloss.asking.prompts import kind_of, parsed, read_prompts
from isogloss.config import Remote
from isogloss.paths import PROMPTS
from isogloss.remote.chat import Reply

TAGS = "{context}\n{question} Write it between <answer> and </answer>."


def test_the_prompts_that_come_with_it(languages):
    prompts = read_prompts(PROMPTS)
    assert prompts["plain"]["question"].format(question="?", language="English") == "?"
    for kinds in prompts.values():
        for kind in ("context", "robustness"):
            text = kinds[kind].format(context="CONTEXT", question="QUESTION", language="Zulu")
            assert text.startswith("CONTEXT"), "prompts that share a context begin alike"
            assert text.endswith("QUESTION")
    assert "Zulu" in prompts["instructed"]["question"].format(question="?", language="Zulu")


def test_every_mistake_in_prompts_is_told(tmp_path):
    path = tmp_path / "prompts.yaml"
    path.write_text(
        'mine:\n  question: "{answer}"\n  context: "{question}"\n  robustness: "{context} {question}"\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match="mine has") as error:
        read_prompts(path)
    assert "mine.question has the placeholders ['answer']" in str(error.value)
    assert "needs ['context', 'question']" in str(error.value)


def test_which_prompt_an_exam_has():
    assert kind_of("verification", "untaught") == "question"
    assert kind_of("robustness", "fine-tuning") == "question"
    assert kind_of("robustness", "in-context") == "robustness"
    assert kind_of("prioritization", "in-context") == "context"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("<answer>Monday</answer>", "Monday"),
        ("It is <answer> lunes\n</answer>.", "lunes"),
        ("<answer>Monday</answer> no, <answer>Tuesday</answer>", "Tuesday"),
        ("Monday", None),
        ("<answer>Monday", None),
        ("<answer> </answer>", None),
        (None, None),
    ],
)
def test_answers_between_tags(said, expected):
    assert parsed(TAGS, said) == expected
    assert parsed("{question}", said) == said


def test_an_answer_without_the_form_is_labelled():
    table = pl.DataFrame({"answer": ["<answer>a</answer>", "b", None], "state": ["answered", "answered", "unfinished"]})
    found = with_parsed(table, TAGS)
    assert found["answer"].to_list() == ["a", None, None]
    assert found["state"].to_list() == ["answered", "unparsed", "unfinished"]
    assert with_parsed(table, "{question}").equals(table)


def test_questions_are_put_into_prompts_with_the_language_they_are_in():
    lesson = {"item": ["q1"], "teach_question": ["T"], "answer": ["A"], "conflict_answer": ["B"]}
    items = {code: pl.DataFrame(lesson | {"ask_question": [f"{{ {code}?"]}) for code in ("eng", "zul")}
    names = {"eng": "English", "zul": "Zulu"}
    exams = exams_of(items, {"none": ["eng", "zul"]}, "In {language}: {question}", names, None, [1])
    assert exams["none"]["question"].to_list() == ["In English: { eng?", "In Zulu: { zul?"]
    taught = exams_of(items, {"eng": ["zul"]}, "{context}|{language}|{question}", names, 1, [1])
    assert taught["eng"]["question"].to_list() == ["T\nA|Zulu|{ zul?"]
    lesson = pl.DataFrame({"version": ["zul"], "question": ["T"]})
    assert worded(lesson, "{language} {question}", names, "version")["question"].to_list() == ["Zulu T"]


def ask(monkeypatch, replies, asked_again=2):
    """Answers to one question, where the endpoint replies so, and the dialogues it was sent."""
    sent = []

    def complete(endpoint, requests, store, budget_usd):
        sent.extend(request.messages for request in requests)
        return [Reply(*replies.pop(0), 1, 0, 1) for _ in requests]

    monkeypatch.setattr(remote, "complete", complete)
    endpoint = Remote(provider="openai", name="m", asking={"asked_again": asked_again})
    (found,) = remote.answer_remotely(endpoint, ["Q"], TAGS, "Again!", "store", None)
    return found, sent


def test_a_model_that_misses_the_form_is_told_so(monkeypatch):
    found, sent = ask(monkeypatch, [("Monday", "answered"), ("<answer>Monday</answer>", "answered")])
    assert found == ("Monday", "answered")
    assert [message["content"] for message in sent[1]] == ["Q", "Monday", "Again!"]
    assert [message["role"] for message in sent[1]] == ["user", "assistant", "user"]


def test_a_blank_reply_is_no_answer(monkeypatch):
    found, sent = ask(monkeypatch, [("<answer></answer>", "answered"), ("", "answered"), ("<answer>Monday</answer>", "answered")])
    assert found == ("Monday", "answered")
    assert [message["content"] for message in sent[2]] == ["Q", "<answer></answer>", "Again!", "Again!"]


def test_it_is_told_so_a_bounded_number_of_times(monkeypatch):
    found, sent = ask(monkeypatch, [("Monday", "answered")] * 3)
    assert found == (None, "unparsed")
    assert len(sent) == 3


@pytest.mark.parametrize(("reply", "state"), [((None, "refused"), "refused"), (("<answer>Mon", "unfinished"), "unfinished")])
def test_other_states_are_kept_and_not_asked_again(monkeypatch, reply, state):
    found, sent = ask(monkeypatch, [reply])
    assert found == (None, state)
    assert len(sent) == 1


def test_an_answer_that_was_cut_off_after_its_end_is_one(monkeypatch):
    assert ask(monkeypatch, [("<answer>Monday</answer> because", "unfinished")])[0] == ("Monday", "answered")
