"""Which part of a model adapters reach: said, and refused where `layers` promises more."""

import json

import pytest
import torch
from odd_models import publish
from peft import PeftModel

from isogloss.config import Teaching
from isogloss.models.local import load_model
from isogloss.teaching.cohort import teach_cohort
from isogloss.teaching.coverage import coverage
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.stacked import layer_of, linear, new_adapter

LESSON = Lesson("eng", ["What is it?", "What?"], ["Monday", "lunes"])
MIXTURES = ["gpt_oss", "granitemoe", "mixtral", "qwen2_moe", "qwen3_moe"]


def teaching(layers, **own):
    return Teaching(layers=layers, rank=2, alpha=2, epochs=1, batch=2, learning_rate=1e-3, **own)


def by_hand(model):
    """The share of a model's matrices that are in linear layers, without embeddings and the output layer."""
    inside = {name: p for name, p in model.model.layers.named_parameters() if p.dim() > 1}
    linears = {f"{name}.weight" for name, module in model.model.layers.named_modules() if type(module) is torch.nn.Linear}
    return sum(p.numel() for name, p in inside.items() if name in linears) / sum(p.numel() for p in inside.values())


@pytest.mark.parametrize("name", MIXTURES)
def test_experts_are_not_left_out_without_a_word(tiny, tmp_path, capsys, name):
    base, tokenizer = load_model(publish(name, tiny[1], tmp_path / "model"))
    for layers in ("all", "full"):
        with pytest.raises(
            ValueError, match=rf"layers: {layers} cannot be kept.*experts.*write layers: attention under teaching"
        ) as error:
            teach_cohort(base, tokenizer, "base", [LESSON], teaching(layers), 1, tmp_path / "store", "1")
        assert f"adapters reach {100 * by_hand(base):.1f} % of the weights" in str(error.value)
    finished = teach_cohort(base, tokenizer, "base", [LESSON], teaching("attention"), 1, tmp_path / "store", "1")
    record = json.loads((finished["eng"][1] / "teaching.json").read_text(encoding="utf-8"))
    attention = sum(layer.weight.numel() for layer in linear(base, "attn").values())
    rest = sum(p.numel() for p in base.model.layers.parameters() if p.dim() > 1) - attention
    assert record["adapted"] == pytest.approx(attention / (attention + rest))
    assert any("experts" in part for part in record["not_adapted"])
    assert f"layers: attention: adapters reach {100 * record['adapted']:.1f} % of the weights" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["mamba", "falcon_h1"])
def test_layers_that_peft_refuses_are_named_with_what_to_do(tiny, tmp_path, name):
    base, _ = load_model(publish(name, tiny[1], tmp_path, **({"hidden_size": 128} if name == "mamba" else {})))
    with pytest.raises(ValueError, match=r"PEFT puts no adapters on some layers of .*name a model without") as error:
        new_adapter(base, teaching("all"), 1)
    assert ("layers: attention" in str(error.value)) == (name == "falcon_h1")


def test_a_model_that_goes_past_its_layers_is_refused(tiny, tmp_path):
    """Jamba reads the weights of dt_proj itself."""
    base, tokenizer = load_model(publish("jamba", tiny[1], tmp_path / "model", intermediate_size=512))
    with pytest.raises(ValueError, match="takes the weights of a linear layer past the layer"):
        teach_cohort(base, tokenizer, "base", [LESSON], teaching("all"), 1, tmp_path / "store", "1")


@pytest.mark.parametrize("layers", ["all", "attention", "full"])
def test_layers_of_gpt2_are_linear_too(tiny, tmp_path, layers):
    """They are of the class Conv1D, with the weights the other way round."""
    base, tokenizer = load_model(publish("gpt2", tiny[1], tmp_path / "model"))
    before = {name: p.clone() for name, p in base.named_parameters()}
    finished = teach_cohort(base, tokenizer, "base", [LESSON], teaching(layers), 1, tmp_path / "store", "1")
    merged = PeftModel.from_pretrained(base, finished["eng"][1]).merge_and_unload()
    changed = {name for name, p in merged.named_parameters() if not torch.equal(p, before[name])}
    parts = ("attn",) if layers == "attention" else ("attn", "mlp")
    assert changed == {name for name in before if name.endswith("weight") and any(f".{part}." in name for part in parts)}


def test_of_a_dense_model_everything_is_reached(tiny):
    adapter, _ = new_adapter(tiny[0], teaching("all"), 1)
    found = coverage(tiny[0], {layer_of(name) for name in adapter})
    assert (found.share, found.left_out) == (1.0, [])
    half = coverage(tiny[0], {layer_of(name) for name in adapter if ".mlp." in name})
    assert half.share == pytest.approx(3 * 32 * 64 / (3 * 32 * 64 + 4 * 32 * 32))
