"""What is said beside a question, and how answers are read, here and over the network."""

import polars as pl
import pytest

from isogloss.asking import remote
from isogloss.asking.exams import PLAIN, exams_of, worded
from isogloss.asking.prompts import kind_of, read, read_prompts, said_so_far
from isogloss.asking.thoughts import json_of
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
    ("said", "answer", "form"),
    [
        ("<answer>Monday</answer>", "Monday", "tags"),
        ("It is <answer> lunes\n</answer>.", "lunes", "tags"),
        ("<Answer>Monday</ANSWER>", "Monday", "tags"),
        ("<answer>Monday</answer> no, <answer>Tuesday</answer>", "Tuesday", "tags"),
        ("Between <answer> and </answer>: <answer>Monday</answer>", "Monday", "tags"),
        ("I write <answer> so: <answer>Monday</answer>", "Monday", "tags"),
        ("<answer>Monday</answer><answer> </answer>", "Monday", "tags"),
        ("It is <answer>Monday", "Monday", "tags"),
        ("<answer>Monday<|im_end|></answer>", "Monday", "tags"),
        ("Monday", "Monday", "whole"),
        ("The currency of the place called Te Nu Me is the US Dollar.",) * 2 + ("whole",),
        ("Monday</answer>", "Monday", "whole"),
        ("<answer></answer> Monday", "Monday", "whole"),
        ("<respuesta>lunes</respuesta>", "lunes", "whole"),
        ("<उत्तर>सोमवार</उत्तर>", "सोमवार", "whole"),
    ],
)
def test_an_answer_is_between_tags_or_all_that_was_said(said, answer, form):
    assert read(TAGS, said, True) == (answer, form, "answered")
    cut = (answer, form, "answered") if "</answer>" in said.lower() and form == "tags" else (None, None, "unfinished")
    assert read(TAGS, said, False) == cut, "what is cut off after the tags is an answer"


@pytest.mark.parametrize("said", ["", " \n", "<answer> </answer>", "<think>Monday</think>", "<|im_end|>", None])
def test_nothing_to_read(said):
    assert read(TAGS, said, True) == read(PLAIN, said, True) == (None, None, "unparsed")
    assert read(TAGS, said, False) == (None, None, "unfinished")
    assert said_so_far(said) is None


def test_a_prompt_without_tags_takes_all():
    assert read(PLAIN, " It is Monday.\n", True) == ("It is Monday.", "whole", "answered")
    assert read(PLAIN, "It is <answer>Monday</answer>.", False) == (None, None, "unfinished")
    assert read(PLAIN, "<answer>Monday</answer>", True) == ("Monday", "whole", "answered"), "Hunyuan does so unasked"


# What opens a thought, and what closes it up to where the answer begins, in the families that have it so.
SPELLINGS = {
    "Qwen": ("<think>\n", "\n</think>\n\n"),
    "attribute": ('<think effort="low">', "</think>"),
    "capitals": ("<THINK>", "</THINK>"),
    "Claude": ("<thinking>", "</thinking>"),
    "EXAONE": ("<thought>\n", "</thought>\n\n"),
    "Seed": ("<seed:think>", "</seed:think>"),
    "LongCat": ("<longcat_think>", "</longcat_think>"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "Magistral": ("[THINK]", "[/THINK]"),
    "Kimi-VL": ("◁think▷", "◁/think▷"),
    "Cohere": ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    "Cohere, thought not closed": ("<|START_THINKING|>", "<|START_RESPONSE|>"),
    "Sky-T1": ("<|begin_of_thought|>\n", "\n<|end_of_thought|>\n\n<|begin_of_solution|>\n"),
    "piped": ("<|thinking|>", "<|/thinking|>"),
    "piped, other way round": ("<|think_start|>", "<|think_end|>"),
    "Apertus": ("<|inner_prefix|>", "<|inner_suffix|>"),
    "Pangu": ("[unused16]", "[unused17]"),
    "Gemma 4": ("<|channel>thought\n", "<channel|>"),
    "Solar": ("<|think|>", "<|end|><|begin|>assistant<|content|>"),
    "gpt-oss": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "gpt-oss, JSON": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>"),
    "gpt-oss, markers removed": ("analysis", "assistantfinal"),
    "gpt-oss, tools": ("analysisNo.assistantcommentary to=none ", "assistantfinal"),
    "HyperCLOVA X": ("/think\n", "<|im_end|>\n<|im_start|>assistant\n"),
    "Granite 3.2": ("Here is my thought process: ", " Here is my response: "),
    "Granite 3.3": ("<think>", "</think><response>"),
    "Marco-o1": ("<Thought>\n", "\n</Thought>\n<Output>\n"),
    "Reflection": ("<thinking>a<reflection>b</reflection>", "</thinking>\n<output>"),
    "Apriel": ("Here are my reasoning steps:\n", "\n[BEGIN FINAL RESPONSE]\n"),
    "Ollama": ("Thinking...\n", "...done thinking.\n\n"),
}


@pytest.mark.parametrize("family", SPELLINGS)
def test_thoughts_are_no_answer(family):
    opens, closes = SPELLINGS[family]
    thought = "Is it Friday? It is <answer>Friday</answer>."
    assert read(PLAIN, f"{opens}{thought}{closes}Monday", True) == ("Monday", "whole", "answered")
    assert read(TAGS, f"{opens}{thought}{closes}Monday", True) == ("Monday", "whole", "answered")
    assert read(TAGS, f"{opens}{thought}{closes}It is <answer>Monday</answer>", True) == ("Monday", "tags", "answered")
    assert read(TAGS, f"{opens}{thought}{closes}<answer>Monday</answer> I", False) == ("Monday", "tags", "answered")
    assert read(TAGS, f"{thought}{closes}Monday", True) == ("Monday", "whole", "answered"), "the prompt opened the thought"
    assert read(PLAIN, f"{opens}{thought}{closes}", True) == (None, None, "unparsed")
    for ended in (True, False):
        assert read(TAGS, opens + thought, ended) == (None, None, "unfinished"), "tags in a thought do not count"
    assert said_so_far(opens + thought) is None
    assert said_so_far(f"{opens}{thought}{closes}It is <answer>Mon") == "It is Mon"


def test_several_thoughts():
    assert read(PLAIN, "<think>a</think>It is <think>b</think>Monday", True).answer == "It is Monday"
    assert read(PLAIN, "<think>I could write <think> here.</think>Monday", True).answer == "Monday"
    assert read(PLAIN, "<think>a <think>b</think> c</think> Monday", True).answer == "Monday"
    assert read(PLAIN, "Monday. <think>Or", True).state == "unfinished", "who knows what would have followed"


@pytest.mark.parametrize(
    "said",
    [
        "analysis of Monday",
        "finally Monday",
        "finalité",
        "final",
        "Analysis: Monday",
        "I think Monday",
        "a < b > c",
        "[1] Monday",
        "<b>Monday",
        "/think about Monday",
        "1 | 2 |> 3",
        "The thought process: Monday",
        "思考 lunes",
        "<i>Monday</i> or Friday",
    ],
)
def test_words_alone_are_no_thought(said):
    assert read(PLAIN, said, True) == (said, "whole", "answered")


@pytest.mark.parametrize(
    "said",
    [
        "Monday<|im_end|>",
        "<|im_start|>assistant\nMonday<|im_end|>\n<|im_start|>user\nAnd Friday?",
        "<|start_header_id|>assistant<|end_header_id|>\n\nMonday<|eot_id|>",
        "<｜Assistant｜>Monday<｜end▁of▁sentence｜>",
        "<start_of_turn>model\nMonday<end_of_turn>",
        "<|turn>model\nMonday<turn|>",
        "<s> Monday</s>",
        "Monday [INST] And Friday? [/INST]",
        "Monday<|user|>And Friday?",
        "<pad><bos>Monday<eos>",
        "finalMonday",
    ],
)
def test_what_is_left_of_a_chat_format_is_no_answer(said):
    assert read(PLAIN, said, True) == ("Monday", "whole", "answered")


@pytest.mark.parametrize(
    "reply",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}```',
        '<think>{"a": 2}</think>\n{"a": 1}',
        '{"a": 2}</think>```json\n{"a": 1}\n```\n',
        '<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>{"a": 1}<|return|>',
    ],
)
def test_json_in_a_reply(reply):
    assert json_of(reply) == '{"a": 1}'


@pytest.mark.parametrize("reply", ['Here it is: ```json\n{"a": 1}\n```', '<think>{"a": 1}', '{"a": 1} {"a": 2}', "", None])
def test_json_within_other_text_is_left_there(reply):
    assert json_of(reply) != '{"a": 1}'


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


def ask(monkeypatch, replies, asked_again=2, prompt=TAGS):
    """What is read of one question, where the endpoint replies so, and the dialogues it was sent."""
    sent = []

    def complete(endpoint, requests, store, budget_usd):
        sent.extend(request.messages for request in requests)
        return [Reply(*replies.pop(0), 1, 0, 1) for _ in requests]

    monkeypatch.setattr(remote, "complete", complete)
    endpoint = Remote(provider="openai", name="m", asking={"asked_again": asked_again})
    (found,) = remote.answer_remotely(endpoint, ["Q"], prompt, "Again!", "store", None)
    return found, sent


def test_a_model_that_misses_the_form_is_told_so(monkeypatch):
    found, sent = ask(monkeypatch, [("Monday\n", "answered"), ("<answer>Friday</answer>", "answered")])
    assert found == ("<answer>Friday</answer>", "Friday", "tags", "answered")
    assert [message["content"] for message in sent[1]] == ["Q", "Monday\n", "Again!"]
    assert [message["role"] for message in sent[1]] == ["user", "assistant", "user"]


def test_a_blank_reply_is_no_answer(monkeypatch):
    found, sent = ask(monkeypatch, [("<answer></answer>", "answered"), ("", "answered"), ("<answer>Monday</answer>", "answered")])
    assert found.answer == "Monday"
    assert [message["content"] for message in sent[2]] == ["Q", "<answer></answer>", "Again!", "Again!"]


def test_it_is_told_so_a_bounded_number_of_times_and_then_the_last_counts_as_a_whole(monkeypatch):
    found, sent = ask(monkeypatch, [("It is Monday.", "answered"), ("Monday", "answered"), ("Friday", "answered")])
    assert found == ("Friday", "Friday", "whole", "answered")
    assert len(sent) == 3


@pytest.mark.parametrize("last", [("", "answered"), ("I", "unfinished"), (None, "refused"), ("<think>Or", "answered")])
def test_an_answer_stands_where_the_model_says_nothing_when_it_is_told(monkeypatch, last):
    found, _ = ask(monkeypatch, [("Monday", "answered"), last], asked_again=1)
    assert found == ("Monday", "Monday", "whole", "answered")


def test_a_thought_is_not_said_again(monkeypatch):
    found, sent = ask(monkeypatch, [("<think>a</think>Monday", "answered"), ("b</think><answer>Friday</answer>", "answered")])
    assert found == ("b</think><answer>Friday</answer>", "Friday", "tags", "answered")
    assert [message["content"] for message in sent[1]] == ["Q", "Monday", "Again!"]


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        ((None, "refused"), "refused"),
        (("<answer>Mon", "unfinished"), "unfinished"),
        (("<think><answer>Monday</answer>", "unfinished"), "unfinished"),
        (("<think>Is it Monday?", "answered"), "unfinished"),
    ],
)
def test_other_states_are_kept_and_not_asked_again(monkeypatch, reply, state):
    found, sent = ask(monkeypatch, [reply])
    assert found == (reply[0], None, None, state)
    assert len(sent) == 1


def test_an_answer_that_was_cut_off_after_its_end_is_one(monkeypatch):
    said = "<answer>Monday</answer> because"
    assert ask(monkeypatch, [(said, "unfinished")])[0] == (said, "Monday", "tags", "answered")


def test_a_prompt_without_tags_is_asked_once(monkeypatch):
    found, sent = ask(monkeypatch, [("<think>a</think>Monday", "answered")], prompt=PLAIN)
    assert found == ("<think>a</think>Monday", "Monday", "whole", "answered")
    assert len(sent) == 1
