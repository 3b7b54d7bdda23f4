"""Asking: batches answer as single questions do, and an unfinished answer is said to be one."""

import polars as pl
import torch

from isogloss.asking.exam import ANSWER_SCHEMA, hold_all, questions
from isogloss.asking.generation import answer_greedily
from isogloss.config import Asking, Teaching
from isogloss.models.local import chat_prompt
from isogloss.teaching.cohort import teach_cohort
from isogloss.teaching.lora import Lesson

QUESTIONS = ["What?", "What is the market day of the place called Karumo?", "¿Qué día es?", "月曜日 lunes"]


def one_by_one(model, tokenizer, question, limit):
    """Greedy decoding without batches, padding or a cache."""
    tokens = chat_prompt(tokenizer, question)
    start = len(tokens)
    for _ in range(limit):
        with torch.no_grad():
            token = model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax().item()
        if token == tokenizer.eos_token_id:
            return tokenizer.decode(tokens[start:], skip_special_tokens=True).strip()
        tokens.append(token)
    return None


def taught(tiny, root):
    """An adapter that has learned to answer some questions, so that not all answers are unfinished."""
    teaching = Teaching(rank=4, alpha=4, epochs=30, batch=2, learning_rate=1e-2)
    lesson = Lesson("eng", QUESTIONS[:3], ["Monday", "Karumo market", "lunes"])
    return teach_cohort(*tiny, "base", [lesson], teaching, 1, root, "1")["eng"][30]


def test_batches_answer_as_single_questions_do(tiny, tmp_path):
    base, tokenizer = tiny
    expected = [one_by_one(base, tokenizer, question, 12) for question in QUESTIONS]
    for batch in (1, 3, 10):
        assert answer_greedily(base, tokenizer, QUESTIONS, 12, batch) == expected
    exam = pl.DataFrame({"asked_in": ["eng"] * 4, "item": ["a", "b", "c", "d"], "question": QUESTIONS})
    folder = taught(tiny, tmp_path)
    table = hold_all(base, tokenizer, exam, Asking(max_new_tokens=12, batch=3), "eng", {(1, 30): folder})
    assert table["answer"].to_list()[:3] == ["Monday", "Karumo market", "lunes"]
    assert table.schema == pl.Schema(ANSWER_SCHEMA)
    assert table["epoch"].unique().to_list() == [30]


def test_an_unfinished_answer_is_labelled(tiny, tmp_path):
    base, tokenizer = tiny
    exam = pl.DataFrame({"asked_in": ["eng"], "item": ["a"], "question": [QUESTIONS[1]]})
    folder = taught(tiny, tmp_path)
    table = hold_all(base, tokenizer, exam, Asking(max_new_tokens=1, batch=3), "eng", {(1, 30): folder})
    assert table["answer"].to_list() == [None]
    assert table["state"].to_list() == ["unfinished"]
    untaught = hold_all(base, tokenizer, exam, Asking(max_new_tokens=1, batch=3), None, {})
    assert untaught["taught_in"].to_list() == [None]
    assert untaught["epoch"].to_list() == [0]


def test_questions_of_all_languages_are_one_exam():
    table = pl.DataFrame({"item": ["a", "b"], "ask_question": ["x", "y"], "answer": ["1", "2"]})
    exam = questions({"eng": table, "spa": table})
    assert exam.rows() == [("eng", "a", "x"), ("eng", "b", "y"), ("spa", "a", "x"), ("spa", "b", "y")]
