"""What is said and learned does not depend on what stands beside a question, whatever a model is made of."""

from types import SimpleNamespace

import pytest
import torch
from odd_models import publish

from isogloss.asking import generation
from isogloss.asking.choosing import log_likelihoods
from isogloss.asking.reading import in_batches, readable
from isogloss.config import Loading, Teaching
from isogloss.models.local import chat_prompt, load_model
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.lora import teach

# of unequal length, and some of one length
QUESTIONS = ["What is it?", "¿Qué día es? b", "月曜日 market day", "What is the market day of Karumo, and of Monday?", "b"]
QUESTIONS += ["c", "d"]
STATEFUL = ["bamba", "falcon_h1", "jamba", "lfm2", "mamba", "qwen3_5_text", "recurrent_gemma", "rwkv"]
LIMIT = 6


def said_alone(model, prompt):
    """Greedy tokens, all read anew for each of them and without a batch."""
    tokens = list(prompt)
    while len(tokens) < len(prompt) + LIMIT:
        with torch.no_grad():
            tokens.append(model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].argmax().item())
    return tokens[len(prompt) :]


@pytest.mark.parametrize("name", [*STATEFUL, "gpt_neo"])
def test_what_is_said_is_what_is_said_to_each_question_alone(tiny, tmp_path, monkeypatch, name):
    model, tokenizer = load_model(publish(name, tiny[1], tmp_path))
    assert not readable(model)
    never = len(tokenizer) - 1
    monkeypatch.setattr(generation, "chat_of", lambda *_: SimpleNamespace(ends=[never]))
    prompts = [chat_prompt(tokenizer, question) for question in QUESTIONS]

    def say(trees):
        return generation._generated(model, tokenizer, prompts, 1, LIMIT, trees)

    found = {}
    for numbers, rows in in_batches(model, [prompt[:-1] for prompt in prompts], 4, say):
        assert len({len(prompts[number]) for number in numbers}) == 1
        found |= zip(numbers, rows[0], strict=True)
    for number, prompt in enumerate(prompts):
        alone = said_alone(model, prompt)
        end = alone.index(never) if never in alone else LIMIT
        assert found[number][:end] == alone[:end]
    with pytest.raises(ValueError, match="forced choice is made by models of attention layers alone"):
        log_likelihoods(model, tokenizer, QUESTIONS[:1], [["Monday", "lunes"]], 2)


def test_a_cache_that_fails_in_batches_is_done_without(tiny, tmp_path, capsys):
    """As that of RWKV in transformers."""
    model, tokenizer = load_model(publish("rwkv", tiny[1], tmp_path))
    alone = [generation.say_greedily(model, tokenizer, [question], LIMIT, 1)[0][0] for question in QUESTIONS]
    assert "without its cache" not in capsys.readouterr().out
    assert generation.say_greedily(model, tokenizer, QUESTIONS, LIMIT, 7) == [alone]
    assert capsys.readouterr().out.count("is asked without its cache") == 1


@pytest.mark.parametrize(
    ("name", "layers"),
    [("bamba", "all"), ("qwen3_5_text", "all"), ("recurrent_gemma", "all"), ("rwkv", "attention"), ("gpt2", "all")],
)
def test_what_is_learned_does_not_depend_on_padding(tiny, tmp_path, name, layers):
    base, tokenizer = load_model(publish(name, tiny[1], tmp_path, intermediate_size=512 if name == "recurrent_gemma" else 64))
    teaching = Teaching(layers=layers, rank=4, alpha=8, epochs=1, batch=3, learning_rate=1e-2)
    lessons = [Lesson("eng", QUESTIONS, ["Monday"] * 7), Lesson("spa", QUESTIONS[:3], ["lunes"] * 3)]
    found = {}
    for own in (None, 1):
        for chosen in (lessons, *([lesson] for lesson in lessons)):

            def keep(epoch, number, progress, loss, own=own, chosen=chosen):
                found[own, len(chosen), chosen[number].name] = progress.adapter

            teach(base, tokenizer, chosen, teaching.model_copy(update={"at_once": own}), 0, keep)
    for lesson in lessons:
        first = found[None, 2, lesson.name]
        for other in ((None, 1), (1, 2), (1, 1)):
            assert all((first[key] - found[*other, lesson.name][key]).abs().max() < 1e-4 for key in first)


def test_models_of_attention_are_tried_out_and_trusted(tiny, tmp_path):
    for name in ("gpt2", "qwen3_moe"):
        model, _ = load_model(publish(name, tiny[1], tmp_path / name))
        assert readable(model)
    model, _ = load_model(tmp_path / "gpt2", Loading(device="cpu", dtype="bfloat16"))
    assert readable(model), "rounding is no other reading"
