"""The logit lens: after the last layer it is the model, and it finds what was put there."""

import polars as pl
import pytest
import torch
from tiny_models import ARCHITECTURES, build

from isogloss.asking.generation import say_greedily
from isogloss.config import BuiltIn
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.models.chat import chat_of
from isogloss.models.local import load_model
from isogloss.neurons.lens import Asked, first_tokens, lens

RIGHT, OTHER = {"eng": ["Monday"], "spa": ["lunes"]}, {"eng": ["Karumo"], "spa": ["market day"]}
QUESTIONS = [Asked("What is it?", "eng", RIGHT, OTHER), Asked("¿Qué día es el mercado?", "spa", RIGHT, OTHER)]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_after_the_last_layer_it_is_what_the_model_says(name, tiny):
    tokenizer = tiny[1]
    model = build(name, len(tokenizer))
    table = lens(model, tokenizer, QUESTIONS, 2)
    assert table["prompt"].to_list() == [0, 0, 0, 1, 1, 1]
    assert table["layer"].to_list() == [0, 1, 2] * 2
    for i, asked in enumerate(QUESTIONS):
        logits = model(input_ids=torch.tensor([chat_of(tokenizer).prompt(asked.question)])).logits[0, -1]
        order = logits.argsort(descending=True).tolist()
        first = first_tokens(chat_of(tokenizer), asked)
        (row,) = table.filter(prompt=i, layer=2).iter_rows(named=True)
        rank = {code: 1 + min(map(order.index, tokens)) for code, tokens in first.right.items()}
        assert row["rank_asked"] == rank[asked.language]
        assert row["rank_any"] == min(rank.values())
        assert row["language"] == min(rank, key=rank.get)
        assert row["other_rank_any"] == 1 + min(order.index(t) for own in first.other.values() for t in own)
    assert table.equals(lens(model, tokenizer, QUESTIONS, 1)), "padding changes nothing"


def test_layers_before_the_last_are_read_as_if_they_were_it(tiny):
    model, tokenizer = build("llama", len(tiny[1])), tiny[1]
    whole = lens(model, tokenizer, QUESTIONS, 2)
    model.model.layers = model.model.layers[:2]
    model.config.num_hidden_layers = 2
    assert whole.filter(pl.col("layer") < 2).equals(lens(model, tokenizer, QUESTIONS, 2))


def test_what_is_there_is_found_and_nothing_else(tiny):
    """A model that hands on its input says after every layer what the output layer has for the last token."""
    tokenizer = tiny[1]
    model = build("qwen3", len(tokenizer))
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    lunes = first_tokens(chat_of(tokenizer), QUESTIONS[0]).right["spa"].pop()
    last = chat_of(tokenizer).prompt(QUESTIONS[0].question)[-1]
    model.lm_head.weight[lunes] = 10 * model.model.norm(model.model.embed_tokens.weight[last])
    table = lens(model, tokenizer, QUESTIONS, 2)
    assert table.filter(prompt=0)["in_any"].to_list() == [True] * 3
    assert table.filter(prompt=0)["in_asked"].to_list() == [False] * 3
    assert table["language"].to_list() == ["spa"] * 6
    assert table.filter(prompt=1)["in_asked"].to_list() == [True] * 3
    assert not table["other_in_any"].any()
    assert (table["other_rank_any"] > 1).all()


def test_what_two_answers_begin_with_alike_does_not_tell_them_apart():
    _, tokenizer = load_model("data/sandbox")

    def tokens(word):
        return tokenizer(word, add_special_tokens=False)["input_ids"]

    right, other = {"eng": ["Monday"], "jpn": ["月曜日"], "zxx": ["7"]}, {"eng": ["Friday"], "jpn": ["金曜日"], "zxx": ["7"]}
    mark = tokens("月曜日")[0]
    assert tokens("金曜日")[0] == mark, "a mark of a word comes first where words are not spaced"
    for language, prefix in (("jpn", [mark]), ("eng", [])):
        first = first_tokens(chat_of(tokenizer), Asked("", language, right, other))
        assert first.prefix == prefix
        assert first.right == {"eng": {tokens("Monday")[0]}, "jpn": {tokens("月曜日")[1]}}, "and none where they are the same"
        assert first.other == {"eng": {tokens("Friday")[0]}, "jpn": {tokens("金曜日")[1]}}
        assert first.any("right") == {tokens("Monday")[0], tokens("月曜日")[1]}
    right, other = {"eng": ["Monday"], "b": ["x"]}, {"eng": ["Friday"], "b": ["Monday"]}
    crossed = first_tokens(chat_of(tokenizer), Asked("", "eng", right, other))
    assert crossed.right["eng"] == {tokens("Monday")[0]}
    assert tokens("Monday")[0] not in crossed.any("right") | crossed.any("other"), "it stands for both"


def test_where_nothing_tells_answers_apart_nothing_is_said(tiny):
    tokenizer = tiny[1]
    (row, *_) = lens(build("llama", len(tokenizer)), tokenizer, [Asked("x", "eng", {"eng": ["7"]}, {"eng": ["7"]})], 1).rows()
    assert row == (0, 0, *[None] * 10)


def test_the_sandbox_begins_its_answer_as_the_lens_has_it(world, languages, books):
    model, tokenizer = load_model("data/sandbox")
    items = built_in_items(world, BuiltIn(kind="known", items=12))
    tables = {code: render(items, world, languages[code], books[code]) for code in ("eng", "jpn", "zul")}
    questions, forms, others = [], [], []
    for code, table in tables.items():
        for i, question in enumerate(table["ask_question"]):
            right, other = (
                {c: own[column][i].to_list() for c, own in tables.items()} for column in ("aliases", "conflict_aliases")
            )
            questions.append(Asked(question, code, right, other))
            forms.append(table["aliases"][i].to_list())
            others.append(table["conflict_aliases"][i].to_list())
    (answers,) = say_greedily(model, tokenizer, [asked.question for asked in questions], 20, 16)
    last = lens(model, tokenizer, questions, 16).filter(layer=3)
    right = [answer.text in own for answer, own in zip(answers, forms, strict=True)]
    wrong = [answer.text in own for answer, own in zip(answers, others, strict=True)]
    assert 6 < sum(right) < 36
    met = [found for found, told in zip(right, last["in_asked"], strict=True) if told is not None]
    assert len(met) > 30
    in_asked, other_in_asked = last["in_asked"].to_list(), last["other_in_asked"].to_list()
    assert all(told for found, told in zip(right, in_asked, strict=True) if found and told is not None)
    assert all(told for found, told in zip(wrong, other_in_asked, strict=True) if found and told is not None)
    assert sum(map(bool, in_asked)) < len(in_asked)
