"""Activations are those of the gates, whatever the architecture, and changing them is changing the weights behind them."""

import copy

import numpy as np
import polars as pl
import pytest
import torch
from tiny_models import ARCHITECTURES, build
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel

from isogloss.asking.generation import say_greedily
from isogloss.config import BuiltIn, SandboxRecipe, Teaching
from isogloss.knowledge.builtin import built_in_items, new_items, render
from isogloss.models.local import load_model
from isogloss.models.sandbox.corpus import Corpus, read_shares, table
from isogloss.neurons.hooks import gates, layers, sizes
from isogloss.neurons.interventions import NeuronIntervention, Steering, intervened, load
from isogloss.neurons.perplexity import perplexity
from isogloss.neurons.record import Activations, record
from isogloss.neurons.selection import random_like
from isogloss.neurons.texts import Text, documents, held_out, sentences
from isogloss.teaching.stacked import new_adapter, stacked

TOKENS = [[5, 9, 11, 7, 3, 8, 2, 14, 6], [4, 1], [13, 12, 10], [9] * 6, [5, 3, 100, 150, 42]]


def text(tokens):
    """A first token that is read and not counted; all others are scored."""
    return Text(tokens, [i > 0 for i in range(len(tokens))], [i > 0 for i in range(len(tokens))])


TEXTS = {"aaa": [text(tokens) for tokens in TOKENS], "bbb": [text(tokens) for tokens in TOKENS[1:4]]}


def some(seed=1, share=0.2):
    """A set of neurons in the first and the last layer."""
    found = np.random.default_rng(seed).random((3, 48)) < share
    found[1] = False
    return found


def logits(model):
    return model(input_ids=torch.tensor([TOKENS[0]])).logits


def hooks_of(model):
    return sum(len(module._forward_hooks) for module in model.modules())


def zeroed(model, neurons):
    """A copy without what neurons write."""
    edited = copy.deepcopy(model)
    for layer, own in zip(layers(edited), neurons, strict=True):
        layer.mlp.down_proj.weight[:, torch.from_numpy(own)] = 0
    return edited


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_zero_is_zeroing_the_weights(name):
    model, neurons = build(name), some()
    assert sizes(model.config) == (3, 48, 32)
    expected = logits(zeroed(model, neurons))
    before = logits(model)
    with intervened(model, NeuronIntervention("zero", 1, neurons)):
        assert torch.allclose(logits(model), expected, atol=1e-12)
    with intervened(model, NeuronIntervention("flip", 0.5, neurons)):
        assert torch.allclose(logits(model), expected, atol=1e-12)
    assert not torch.allclose(before, expected, atol=1e-3)
    assert torch.equal(logits(model), before), "it is as it was"


def naive(model, tokens):
    """Gate activations [layers, tokens, neurons] from what goes into each feed-forward part, and residual streams."""
    into, last = [], []
    handles = [layer.mlp.register_forward_pre_hook(lambda _, inputs: into.append(inputs[0][0])) for layer in layers(model)]
    handles.append(model.get_decoder().norm.register_forward_pre_hook(lambda _, inputs: last.append(inputs[0][0])))
    streams = model(input_ids=torch.tensor([tokens]), output_hidden_states=True).hidden_states
    for handle in handles:
        handle.remove()
    found = []
    for layer, x in zip(layers(model), into, strict=True):
        split = hasattr(layer.mlp, "gate_proj")
        gate = layer.mlp.gate_proj(x) if split else layer.mlp.gate_up_proj(x)[..., :48]
        gemma = model.config.model_type.startswith("gemma")
        found.append(functional.gelu(gate, approximate="tanh") if gemma else functional.silu(gate))
    return torch.stack(found), torch.stack([*(stream[0] for stream in streams[1:-1]), *last])


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_is_recorded_is_what_fires(name, tmp_path):
    model = build(name)
    recorded = record(model, TEXTS, 2)
    assert hooks_of(model) == 0
    assert recorded.languages == ["aaa", "bbb"]
    assert [recorded.active.dtype, recorded.activation.dtype] == [np.int64, np.float64]
    for i, (language, own) in enumerate(TEXTS.items()):
        values, streams = (
            torch.cat(parts, dim=1)[:, torch.tensor([c for one in own for c in one.counted])].numpy()
            for parts in zip(*(naive(model, one.tokens) for one in own), strict=True)
        )
        assert recorded.tokens[i] == values.shape[1] == sum(len(one.tokens) - 1 for one in own)
        assert np.array_equal(recorded.active[i], (values > 0).sum(axis=1))
        assert np.allclose(recorded.activation[i], values.sum(axis=1), atol=1e-10)
        assert np.allclose(recorded.probability[language], (values > 0).mean(axis=1))
        assert np.allclose(recorded.mean[language], values.mean(axis=1), atol=1e-10)
        assert np.allclose(recorded.residual[i], streams.sum(axis=1), atol=1e-9)
    both = (recorded.mean["aaa"] + recorded.mean["bbb"]) / 2
    assert np.allclose(recorded.mean_over(["bbb", "aaa"]), both)
    for path in (tmp_path / "one", tmp_path / "two"):
        record(model, {language: iter(own) for language, own in TEXTS.items()}, 2).save(path)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    loaded = Activations.load(tmp_path / "one")
    assert loaded.languages == recorded.languages
    assert all(np.array_equal(getattr(loaded, key), getattr(recorded, key)) for key in ("tokens", "active", "residual"))


def test_half_precision_is_added_up_in_more():
    model = build("llama").bfloat16()
    recorded = record(model, {"aaa": [text([5, 9, 11] * 200)]}, 2)
    values, _ = naive(model, [5, 9, 11] * 200)
    assert np.array_equal(recorded.active[0], (values[:, 1:] > 0).sum(dim=1).numpy())
    assert np.allclose(recorded.activation[0], values[:, 1:].double().sum(dim=1).numpy(), rtol=1e-3, atol=1e-2)


def seen(model, module):
    """What comes out of a module, with all that changes it."""
    found = []
    handle = module.register_forward_hook(lambda _, __, output: found.append(output[0].numpy()))
    logits(model)
    handle.remove()
    return found[0]


@pytest.mark.parametrize("name", ["phi3", "qwen3"])
def test_operations(name):
    model, neurons = build(name), some()
    values = np.random.default_rng(2).normal(size=neurons.shape)
    gate, own, mean = gates(model)[0], neurons[0], values[0]
    plain = seen(model, gate)
    expected = {
        ("zero", 0.25): 0.75 * plain,
        ("flip", 1.0): -plain,
        ("flip", 0.25): 0.5 * plain,
        ("mean", 1.0): 0 * plain + mean,
        ("mean", 0.25): 0.75 * plain + 0.25 * mean,
        ("add", 2.0): plain + 2 * mean,
    }
    for (operation, strength), result in expected.items():
        with intervened(model, NeuronIntervention(operation, strength, neurons, values)):
            found = seen(model, gate)
        assert np.allclose(found[:, own], result[:, own], atol=1e-12), operation
        assert np.array_equal(found[:, ~own], plain[:, ~own]), operation


def test_steering(tmp_path):
    model = build("gemma3_text")
    recorded = record(model, TEXTS, 2)
    steering = Steering.towards(recorded, "aaa", 1, 0.5)
    steering.save(tmp_path / "vectors")
    plain = seen(model, layers(model)[1])
    with intervened(model, load(tmp_path / "vectors"), "bbb"):
        found = seen(model, layers(model)[1])
    assert np.allclose(found - plain, 0.5 * (recorded.mean_residual["aaa"] - recorded.mean_residual["bbb"])[1])
    assert not steering.vectors["aaa"].any()
    with (
        pytest.raises(ValueError, match="no vector for language ccc; there are those for aaa, bbb"),
        intervened(model, steering, "ccc"),
    ):
        pass
    with pytest.raises(ValueError, match="layer 3 is out of range; the model has layers 0 to 2"):
        Steering.towards(recorded, "aaa", 3, 1.0)
    with pytest.raises(ValueError, match="ccc was not recorded; write one of aaa, bbb"):
        Steering.towards(recorded, "ccc", 1, 1.0)
    for wrong, message in (
        (Steering(7, 1.0, steering.vectors), "layer 7 is out of range"),
        (Steering(1, 1.0, {"bbb": np.zeros(31)}), "a vector has 31 numbers, the model's residual stream 32"),
    ):
        with pytest.raises(ValueError, match=message), intervened(model, wrong, "bbb"):
            pass
    assert hooks_of(model) == 0


def test_an_intervention_is_kept_in_a_file(tmp_path):
    values = np.random.default_rng(2).normal(size=(3, 48))
    for given in (NeuronIntervention("mean", 0.5, some(), values), NeuronIntervention("flip", 1.0, some())):
        given.save(tmp_path / "one")
        given.save(tmp_path / "two")
        found = load(tmp_path / "one")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
        assert (found.operation, found.strength) == (given.operation, given.strength)
        assert np.array_equal(found.neurons, given.neurons)
        assert (found.values is None) if given.values is None else np.array_equal(found.values, given.values)


def test_interventions_that_make_no_sense():
    neurons = some()
    with pytest.raises(ValueError, match="no operation double; write one of zero, flip, mean, add"):
        NeuronIntervention("double", 1.0, neurons)
    with pytest.raises(ValueError, match="operation add needs mean activations"):
        NeuronIntervention("add", 1.0, neurons)
    with pytest.raises(ValueError, match="are not of neurons"):
        NeuronIntervention("add", 1.0, neurons, np.zeros((3, 47)))
    model = build("llama")
    with (
        pytest.raises(ValueError, match=r"are \(3, 47\), the model has \(3, 48\)"),
        intervened(model, NeuronIntervention("zero", 1.0, neurons[:, 1:])),
    ):
        pass


def test_nothing_is_hooked_after_an_error():
    model = build("qwen2")
    before = logits(model)
    with intervened(model, NeuronIntervention("zero", 1.0, some())):
        assert hooks_of(model) == 2, "the layer without any is left alone"
        with pytest.raises(RuntimeError, match="oh"), intervened(model, NeuronIntervention("zero", 1.0, some())):
            raise RuntimeError("oh")
        assert hooks_of(model) == 2
    with pytest.raises(IndexError):
        record(model, {"aaa": [text([5, 100_000])]}, 1)
    assert hooks_of(model) == 0
    assert torch.equal(logits(model), before)


def test_other_models_are_refused():
    model = GPT2LMHeadModel(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=50))
    message = "architecture gpt2 have no known gate activation to record or change; take one of cohere, .*, phi3, qwen2, qwen3"
    for refused in (lambda: gates(model), lambda: sizes(model.config), lambda: record(model, TEXTS, 2)):
        with pytest.raises(ValueError, match=message):
            refused()
    model = build("llama")
    layers(model)[2].mlp.act_fn = layers(model)[0].mlp.act_fn
    with pytest.raises(ValueError, match=r"layers of LlamaForCausalLM share a module mlp\.act_fn"):
        gates(model)
    layers(model)[1].mlp = torch.nn.Identity()
    with pytest.raises(ValueError, match=r"layer 1 of LlamaForCausalLM has no module mlp\.act_fn"):
        gates(model)
    del model.model.layers[0]
    with pytest.raises(ValueError, match=r"LlamaForCausalLM has 2 layers where its config.json has 3"):
        gates(model)


def test_languages_without_text_are_named(tiny, world, languages, books):
    _, tokenizer = tiny
    message = "there is no text in bbb, ccc; give some"
    with pytest.raises(ValueError, match=message):
        record(build("llama"), {"aaa": TEXTS["aaa"], "bbb": [], "ccc": [text([4])]}, 2)
    with pytest.raises(ValueError, match="there is no text in bbb, ccc that is longer than a token"):
        perplexity(build("llama"), {"aaa": TEXTS["aaa"], "bbb": [], "ccc": [text([4])]}, 2)
    with pytest.raises(ValueError, match=message):
        sentences(tokenizer, {"aaa": ["What"], "bbb": [], "ccc": [" "]}, 10)
    nothing = pl.DataFrame(schema={"kind": pl.String})
    with pytest.raises(ValueError, match=message):
        documents(tokenizer, {"aaa": pl.DataFrame({"kind": ["list"]}), "bbb": nothing, "ccc": nothing}, 100)


@pytest.mark.parametrize("name", ["cohere", "gemma2", "qwen3"])
def test_perplexity(name):
    model = build(name)
    found = perplexity(model, TEXTS, 2)
    for row, own in zip(found.iter_rows(named=True), TEXTS.values(), strict=True):
        each = []
        for one in own:
            log_p = model(input_ids=torch.tensor([one.tokens])).logits[0].log_softmax(dim=-1)
            each += [-log_p[i, token].item() for i, token in enumerate(one.tokens[1:])]
        assert row["tokens"] == len(each)
        assert row["nll"] == pytest.approx(np.mean(each))
        assert row["perplexity"] == pytest.approx(np.exp(np.mean(each)))
    assert found["language"].to_list() == ["aaa", "bbb"]


def test_only_what_is_scored_is_surprising():
    model = build("llama")
    own = Text(TOKENS[0], [True] * 9, [i in (3, 8) for i in range(9)])
    (row,) = perplexity(model, {"aaa": [own, text([4, 1])]}, 2).iter_rows(named=True)
    log_p = logits(model)[0].log_softmax(dim=-1)
    short = model(input_ids=torch.tensor([[4, 1]])).logits[0, 0].log_softmax(dim=-1)[1]
    assert row["tokens"] == 3
    assert row["nll"] == pytest.approx(-(log_p[2, TOKENS[0][3]] + log_p[7, TOKENS[0][8]] + short).item() / 3)


def test_sentences_are_read_whole_and_special_tokens_are_not_counted(tiny):
    tokenizer = copy.deepcopy(tiny[1])
    tokenizer.add_special_tokens({"bos_token": "<bos>"})
    first = tokenizer.bos_token_id
    text_of = {"eng": ["<bos>What is the market day", "<bos>Karumo"]}
    one, other = sentences(tokenizer, text_of, 5)["eng"]
    assert one.tokens[0] == other.tokens[0] == first
    assert len(one.tokens) == 5
    assert one.counted == one.scored == [False] + [True] * 4
    (plain,) = sentences(tokenizer, {"eng": ["What is"]}, 5)["eng"]
    assert plain.counted[0]
    assert not plain.scored[0], "nothing comes before it"


RECIPE = SandboxRecipe(documents=20_000, first_documents=2000, context_places=500)
CODES = ["eng", "jpn", "zul"]


@pytest.fixture(scope="module")
def drawn(world, languages, books):
    return held_out(RECIPE, [languages[code] for code in CODES], books, world, 200, "record")


def test_held_out_documents_are_the_same_in_every_language(drawn, world, languages, books):
    assert [len(own) for own in drawn.values()] == [200] * 3
    assert all(set(own["language"]) == {code} for code, own in drawn.items())
    assert drawn["eng"]["kind"].to_list() == drawn["jpn"]["kind"].to_list() == drawn["zul"]["kind"].to_list()
    tallies = [own.filter(kind="tally")["answers"].to_list() for own in drawn.values()]
    assert tallies[0] == tallies[1] == tallies[2] != []
    again = held_out(RECIPE, [languages[code] for code in CODES], books, world, 200, "record")
    assert all(again[code].equals(own) for code, own in drawn.items())
    other = held_out(RECIPE, [languages["eng"]], books, world, 200, "perplexity")["eng"]
    assert not set(map(str, other.rows())) & set(map(str, drawn["eng"].rows()))


def test_held_out_documents_were_not_read_and_name_nothing_reserved(drawn, world, languages, books):
    shares = read_shares("data/common_crawl_language_share.csv", CODES)
    read = table(Corpus(world, [languages[code] for code in CODES], books, shares, RECIPE).documents())
    known = set(map(str, read.rows()))
    rows = [str(row) for own in drawn.values() for row in own.rows()]
    assert sum(row in known for row in rows) <= 0.005 * len(rows)
    assert len(set(rows)) > 0.99 * len(rows)
    said = "\n".join(drawn["eng"]["prompts"].explode())
    reserved = [world.syllables.spell(item.fact.place, "Latin") for item in new_items(world, 120, 1)]
    known_names = Corpus(world, [languages["eng"]], books, shares, RECIPE).context_places
    assert not [name for name in reserved if name in said]
    assert any(world.syllables.spell(name, "Latin") in said for name in known_names), "this would find them"


def test_nothing_can_be_held_out_of_single_facts(world, languages, books):
    mix = RECIPE.mix.model_copy(update=dict.fromkeys(("list", "tally", "lookup", "choice"), 0.0))
    with pytest.raises(ValueError, match=r"recipe\.mix has nothing but fact, parallel, translation"):
        held_out(RECIPE.model_copy(update={"mix": mix}), [languages["eng"]], books, world, 2, "record")


def test_documents_count_without_the_chat_format_and_answers_are_scored(drawn):
    _, tokenizer = load_model("data/sandbox")
    read = list(documents(tokenizer, drawn, 384)["jpn"])
    prompts, answers = drawn["jpn"].row(0)[2:]
    end, first = tokenizer.eos_token_id, read[0]
    marks = {end, *tokenizer.convert_tokens_to_ids(["<|user|>", "<|assistant|>"])}
    assert [token in marks for token in first.tokens] == [not counted for counted in first.counted]
    wanted = [token for token, scored in zip(first.tokens, first.scored, strict=True) if scored]
    each = (tokenizer(answer, add_special_tokens=False)["input_ids"] for answer in answers)
    assert wanted == [token for answer in each for token in [*answer, end]]
    assert len(prompts) == first.tokens.count(end)


def test_the_sandbox_answers_as_if_its_weights_were_changed(world, languages, books):
    """Many prompts at once, as trees, with adapters stacked: as if the columns behind the neurons were zero, adapters' too."""
    model, tokenizer = load_model("data/sandbox")
    items = built_in_items(world, BuiltIn(kind="known", items=8))
    asked = [
        question for code in CODES for question in render(items, world, languages[code], books[code])["ask_question"].to_list()
    ]
    neurons = random_like(np.zeros((4, 512), dtype=bool), 0)
    neurons[:] = np.random.default_rng(0).random(neurons.shape) < 0.1
    adapters = []
    for seed in (1, 2):
        adapter, _ = new_adapter(model, Teaching(), seed)
        torch.manual_seed(seed)
        adapters.append({name: 0.02 * torch.randn_like(tensor) for name, tensor in adapter.items()})

    def answers(model, adapters):
        with stacked(model, adapters, 1.0):
            return say_greedily(model, tokenizer, asked, 12, 16, len(adapters))

    edited = zeroed(model, neurons)
    cut = copy.deepcopy(adapters)
    for adapter in cut:
        for name, tensor in adapter.items():
            if "down_proj.lora_A" in name:
                tensor[:, torch.from_numpy(neurons[int(name.split("layers.")[1].split(".")[0])])] = 0
    untouched = answers(model, adapters), say_greedily(model, tokenizer, asked, 12, 16)
    with intervened(model, NeuronIntervention("zero", 1.0, neurons)):
        found = answers(model, adapters), say_greedily(model, tokenizer, asked, 12, 16)
    assert found == (answers(edited, cut), say_greedily(edited, tokenizer, asked, 12, 16))
    assert all(one != other for one, other in zip(found, untouched, strict=True))
    assert untouched == (answers(model, adapters), say_greedily(model, tokenizer, asked, 12, 16))
