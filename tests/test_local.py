"""Loading models that others have made."""

import copy
import json
import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma3Config

from isogloss.asking.generation import say_greedily
from isogloss.config import Loading, Teaching
from isogloss.models.chat import chat_of
from isogloss.models.local import fingerprint, load_model
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.lora import teach

QUESTIONS = ["What?", "What is the market day of the place called Karumo?", "¿Qué día es?"]

WHOLE = {"missing_keys": set(), "unexpected_keys": set(), "mismatched_keys": set()}  # what transformers says of a whole model


@pytest.fixture
def folder(tiny, tmp_path):
    """A model as files."""
    model, tokenizer = tiny
    copy.deepcopy(model).float().save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def edit(path, **changes):
    """Change a JSON file; None takes an entry away."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}), encoding="utf-8")


@pytest.mark.parametrize(
    ("loading", "precision", "attention"),
    [
        (Loading(device="cpu"), torch.float32, "sdpa"),
        (Loading(device="cpu", dtype="bfloat16", attn_implementation="eager"), torch.bfloat16, "eager"),
    ],
)
def test_weights_are_loaded_as_the_config_says(tiny, folder, loading, precision, attention):
    model, tokenizer = load_model(folder, loading)
    assert model.dtype is precision
    assert model.config._attn_implementation == attention
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())
    assert tokenizer.padding_side == "left"
    expected = {name: p.to(precision) for name, p in tiny[0].state_dict().items()}
    assert all(torch.equal(p.cpu(), expected[name]) for name, p in model.state_dict().items())


def test_where_layers_go_is_left_to_accelerate(folder, monkeypatch):
    told, way = [], AutoModelForCausalLM.from_pretrained
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", lambda *names, **own: told.append(own) or way(*names, **own))
    model, tokenizer = load_model(folder, Loading(device_map="auto"))
    load_model(folder)
    assert [own.get("device_map") for own in told] == ["auto", None]
    assert say_greedily(model, tokenizer, QUESTIONS, 3, 3)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_in_half_precision_lessons_are_learned(folder, dtype):
    base, tokenizer = load_model(folder, Loading(device="cpu", dtype=dtype))
    heard = []
    teaching = Teaching(rank=4, alpha=4, epochs=6, batch=2, learning_rate=1e-2)
    teach(base, tokenizer, [Lesson("eng", QUESTIONS, ["Monday"] * 3)], teaching, 1, lambda *rest: heard.append(rest[-1]))
    assert heard[-1] < 0.7 * heard[0]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an accelerator")
def test_what_four_bits_need_is_said(folder):
    with pytest.raises(ImportError, match=r"needs an accelerator; write four_bit: false"):
        load_model(folder, Loading(four_bit=True))


def test_that_bitsandbytes_is_missing_is_said(folder, monkeypatch):
    monkeypatch.setattr("isogloss.models.local.is_bitsandbytes_available", lambda: False)
    with pytest.raises(ImportError, match=r"bitsandbytes is missing; pip install 'isogloss\[four-bit\]'"):
        load_model(folder, Loading(four_bit=True))


def test_a_model_too_large_for_the_accelerators_is_refused(tiny, folder, monkeypatch):
    """accelerate would leave layers on the disk, where none can be taught."""
    left_out = copy.deepcopy(tiny[0])
    left_out.model.layers[1].to("meta")
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", lambda *_, **__: (left_out, WHOLE))
    with pytest.raises(MemoryError, match="four_bit: true"):
        load_model(folder, Loading(device_map="auto"))


def test_all_that_is_wrong_with_a_folder_is_said(folder):
    (folder / "chat_template.jinja").unlink()
    edit(folder / "tokenizer_config.json", eos_token=None)
    with pytest.raises(ValueError, match="no chat template") as error:
        load_model(folder)
    assert "eos_token" in str(error.value)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(FileNotFoundError, match="no safetensors"):
        load_model(folder)
    with pytest.raises(FileNotFoundError, match="no safetensors"):
        load_model("organisation/name")


def test_a_model_of_pictures_is_refused(folder):
    Gemma3Config().save_pretrained(folder)
    with pytest.raises(ValueError, match=r"\(gemma3\) reads more than text"):
        load_model(folder)


def test_code_in_the_folder_is_not_run(folder):
    trap = folder / "ran"
    (folder / "own.py").write_text(f"open({str(trap)!r}, 'w')\n", encoding="utf-8")
    own = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}
    edit(folder / "config.json", auto_map=own)
    load_model(folder)  # the architecture is one that transformers has
    edit(folder / "config.json", auto_map=own, model_type="its_own")
    with pytest.raises(ValueError, match="trust_remote_code"):
        load_model(folder)
    assert not trap.exists()


def test_a_tokenizer_without_padding_pads_with_the_end(tiny, folder):
    edit(folder / "tokenizer_config.json", pad_token=None)
    model, tokenizer = load_model(folder)
    assert tokenizer.pad_token_id == tiny[1].eos_token_id
    expected = [say_greedily(model, tokenizer, [question], 12, 1)[0][0] for question in QUESTIONS]
    assert say_greedily(model, tokenizer, QUESTIONS, 12, 3) == [expected]


def test_answers_are_greedy_whatever_the_makers_prefer(folder):
    model, tokenizer = load_model(folder)
    said = [chat_of(tokenizer).prompt(question) for question in QUESTIONS]
    for tokens in said * 6:
        tokens.append(model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax().item())
    edit(folder / "generation_config.json", eos_token_id=sorted({tokens[-1] for tokens in said}))
    expected = say_greedily(*load_model(folder), QUESTIONS, 12, 3)
    assert any(ended for _, ended in expected[0])
    edit(folder / "generation_config.json", repetition_penalty=5.0, suppress_tokens=[tokens[-6] for tokens in said])
    for attention in ("sdpa", "eager"):
        loading = Loading(device="cpu", attn_implementation=attention)
        assert say_greedily(*load_model(folder, loading), QUESTIONS, 12, 3) == expected


def test_a_fingerprint_is_that_of_weights_and_tokenizer(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    assert fingerprint(folder) == fingerprint(tmp_path / "copy")
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copytree(folder, tmp_path / name)
        with (tmp_path / name / name).open("ab") as file:
            file.write(b" ")
    (tmp_path / "copy" / "tokenizer.json").rename(tmp_path / "copy" / "tokenizer.model")
    (tmp_path / "copy" / "tokenizer.model").write_text("another", encoding="utf-8")
    assert len({fingerprint(path) for path in tmp_path.iterdir()}) == 4
