"""Asking: batches answer as single questions do, and an unfinished answer is said to be one."""

import copy

import polars as pl
import pytest
import torch
from transformers import GenerationConfig

from isogloss.asking.choosing import likeliest, log_likelihoods
from isogloss.asking.exam import ANSWER_SCHEMA, hold_all, questions
from isogloss.asking.generation import answer_greedily
from isogloss.config import Asking, SandboxRecipe, Teaching
from isogloss.models.local import chat_prompt
from isogloss.models.sandbox.pretrain import build_model
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


def narrow_sandbox(tokenizer, local_window):
    """The sandbox's architecture, random."""
    sizes = {"width": 32, "layers": 2, "heads": 2, "feed_forward": 64, "local_window": local_window}
    model = build_model(SandboxRecipe(**sizes), tokenizer).double().requires_grad_(False).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)  # with the usual spread so narrow a model says the same whatever it is asked
    return model


def test_a_first_layer_that_looks_back_a_little_does_so_in_batches_too(tiny):
    """The sandbox's architecture: padding must not eat up what its first layer sees."""
    _, tokenizer = tiny
    model = narrow_sandbox(tokenizer, 5)
    long = [*QUESTIONS, " ".join(QUESTIONS)]
    prompts = [chat_prompt(tokenizer, question) for question in long]
    batch = tokenizer.pad({"input_ids": prompts}, return_tensors="pt", padding_side="left")
    model.generation_config.eos_token_id = None  # all say the same number of tokens
    settings = GenerationConfig(max_new_tokens=9, do_sample=False, pad_token_id=tokenizer.pad_token_id, eos_token_id=None)
    together = model.generate(**batch, generation_config=settings)[:, batch["input_ids"].shape[1] :]
    for prompt, found in zip(prompts, together, strict=True):
        tokens = list(prompt)
        for _ in range(9):
            tokens.append(model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax().item())
        assert found.tolist() == tokens[len(prompt) :]
    assert len({tuple(found.tolist()) for found in together}) > 1


@pytest.mark.parametrize("local_window", [None, 5, 40])
def test_a_context_is_read_once_for_all_its_questions(tiny, local_window):
    """Answers are those to each question alone, whatever the lengths and whether or not a layer sees the whole context."""
    base, tokenizer = tiny
    model = narrow_sandbox(tokenizer, local_window) if local_window else base
    contexts = ["Karumo: lunes", "x", "What is the market day of the place called Karumo?\nMonday\nWhat?\nlunes"]
    pairs = [(context, question) for question in QUESTIONS for context in contexts] + [("asked of only once", "What?")]
    before, asked = map(list, zip(*pairs, strict=True))
    texts = [f"{context}\n{question}" for context, question in pairs]
    tokenizer = ending_often(model, tokenizer, texts)
    expected = [one_by_one(model, tokenizer, text, 30) for text in texts]
    assert sum(answer is not None for answer in expected) > len(expected) / 2
    assert len(set(expected)) > 3
    read = []
    hook = model.model.embed_tokens.register_forward_hook(lambda module, inputs, output: read.append(inputs[0].numel()))
    for batch in (1, 2, 3, 20):
        assert answer_greedily(model, tokenizer, asked, 30, batch, before) == expected
    read.clear()
    answer_greedily(model, tokenizer, asked, 1, 3, before)
    together = sum(read)
    read.clear()
    answer_greedily(model, tokenizer, texts, 1, 1)
    hook.remove()
    assert together < 0.8 * sum(read), "not every question brings its context"
    exam = pl.DataFrame({"asked_in": ["eng"] * len(asked), "item": texts, "question": asked, "before": before})
    table = hold_all(model, tokenizer, exam, Asking(max_new_tokens=30, batch=3), "eng", {})
    assert table["answer"].to_list() == expected


def ending_often(model, tokenizer, texts):
    """The tokenizer with such an end of answers that a random model says it, but seldom at once."""
    said = []
    for text in texts:
        tokens = chat_prompt(tokenizer, text)
        start = len(tokens)
        for _ in range(20):
            tokens.append(model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax().item())
        said.append(tokens[start:])
    end = max({token for tokens in said for token in tokens}, key=lambda token: sum(token in tokens[2:] for tokens in said))
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)
    return tokenizer


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


def test_forced_choice_sums_what_the_model_says_token_by_token(tiny):
    base, tokenizer = tiny
    options = [["Monday", "lunes", "月曜日"], ["Karumo", "x"], ["Понедельник", "market day of the place"], ["a", "b", "c", "d"]]
    found = log_likelihoods(base, tokenizer, QUESTIONS, options, 3)
    for question, answers, values in zip(QUESTIONS, options, found, strict=True):
        for answer, value in zip(answers, values, strict=True):
            prompt = chat_prompt(tokenizer, question)
            tokens = [*prompt, *tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
            with torch.no_grad():
                logits = base(input_ids=torch.tensor([tokens])).logits[0].log_softmax(-1)
            expected = sum(logits[i - 1, tokens[i]].item() for i in range(len(prompt), len(tokens)))
            assert value == pytest.approx(expected, abs=1e-9)
    assert likeliest([[-3.0, -1.0, -1.0], [0.0, -5.0]]) == [1, 0]
    with pytest.raises(ValueError, match="option 2 of 'What\\?' is empty"):
        log_likelihoods(base, tokenizer, ["What?"], [["a", ""]], 3)
