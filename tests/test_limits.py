"""Prompts longer than a model was made for, and tokens it has no vectors for."""

import polars as pl
import pytest
from odd_models import publish
from transformers import AutoConfig

from isogloss.asking.choosing import log_likelihoods
from isogloss.asking.exams import exams_of
from isogloss.asking.generation import say_greedily
from isogloss.asking.room import check_room
from isogloss.config import Teaching
from isogloss.models.limits import TooLongError, positions
from isogloss.models.local import chat_prompt, load_model
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.lora import teach

LONG = "What is the market day of the place called Karumo? " * 8


@pytest.mark.parametrize("name", ["gpt2", "llama", "opt"])
def test_prompts_that_are_too_long_are_not_asked(tiny, tmp_path, name):
    limit = "n_positions" if name == "gpt2" else "max_position_embeddings"
    own = {"opt": {"ffn_dim": 64, "word_embed_proj_dim": 32}}.get(name, {})
    model, tokenizer = load_model(publish(name, tiny[1], tmp_path, **{limit: 60}, **own))
    longest = len(chat_prompt(tokenizer, LONG))
    assert longest > 60
    assert say_greedily(model, tokenizer, ["What?"], 4, 1)
    with pytest.raises(
        TooLongError, match=rf"1 of 2 prompts, the longest of {longest} tokens, .* than the 60 positions .*context: {{pairs"
    ):
        say_greedily(model, tokenizer, ["What?", LONG], 4, 1)
    with pytest.raises(TooLongError, match=r"2 of 2 prompts.*max_new_tokens"):
        say_greedily(model, tokenizer, ["What?", LONG], 58, 1)
    with pytest.raises(TooLongError, match="questions with an option"):
        log_likelihoods(model, tokenizer, [LONG], [["Monday", "lunes"]], 1)
    with pytest.raises(TooLongError, match="1 of 1 pairs of the lesson eng"):
        teach(model, tokenizer, [Lesson("eng", [LONG], ["Monday"])], Teaching(rank=2), 1, lambda *_: None)


def items(code, question):
    names = [f"i{i}" for i in range(6)]
    table = {"item": names, "teach_question": [question] * 6, "ask_question": [question] * 6, "answer": ["Monday"] * 6}
    return pl.DataFrame(table | {"conflict_answer": ["lunes"] * 6})


def test_exams_with_too_many_pairs_are_refused_with_how_many_fit(tiny, tmp_path):
    model, tokenizer = load_model(publish("llama", tiny[1], tmp_path, max_position_embeddings=150))
    tables = {"eng": items("eng", "What is it?"), "zul": items("zul", "Kuyini lokhu, futhi kungani kunjalo?")}
    names = {"eng": "English", "zul": "Zulu"}

    def with_pairs(pairs):
        return exams_of(tables, {"eng": ["eng", "zul"], "zul": ["zul"]}, "{context}\n{question}", names, pairs, [1])

    def longest(pairs):
        return max(len(chat_prompt(tokenizer, text)) for exam in with_pairs(pairs).values() for text in exam["question"])

    fits = max(pairs for pairs in range(1, 7) if longest(pairs) + 8 <= 150)
    assert 0 < fits < 6
    check_room(model, tokenizer, with_pairs(fits), 8, fits, with_pairs)
    with pytest.raises(
        TooLongError, match=rf"prompts \(zul \d\), the longest of {longest(6)} .*write context: {{pairs: {fits}}}"
    ):
        check_room(model, tokenizer, with_pairs(6), 8, 6, with_pairs)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("llama", {"max_position_embeddings": 64}, 64),
        ("gpt2", {"n_positions": 32}, 32),
        ("mpt", {"max_seq_len": 48}, 48),
        ("mistral", {"max_position_embeddings": 64, "sliding_window": 8}, 64),
        ("mamba", {}, None),
        (
            "qwen2",
            {
                "max_position_embeddings": 64,
                "rope_parameters": {
                    "rope_type": "yarn",
                    "factor": 4.0,
                    "original_max_position_embeddings": 64,
                    "rope_theta": 1e4,
                },
            },
            256,
        ),
        (
            "llama",
            {
                "max_position_embeddings": 128,
                "rope_parameters": {
                    "rope_type": "llama3",
                    "factor": 8.0,
                    "original_max_position_embeddings": 64,
                    "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0,
                    "rope_theta": 1e4,
                },
            },
            128,
        ),
    ],
)
def test_how_many_positions_a_model_was_made_for(name, settings, expected):
    assert positions(AutoConfig.for_model(name, **settings)) == expected


def test_tokens_without_vectors_are_named(tiny, tmp_path):
    model, tokenizer = load_model(publish("llama", tiny[1], tmp_path))
    size = len(tokenizer)
    tokenizer.add_tokens(["<new>"])
    assert say_greedily(model, tokenizer, ["What?"], 3, 1)
    with pytest.raises(ValueError, match=rf"no vectors for: {size} \(it has {size}\); put the tokenizer"):
        say_greedily(model, tokenizer, ["What? <new>"], 3, 1)
