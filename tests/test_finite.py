"""Numbers that are none stop the work where they come up, and teaching that went astray is said."""

import copy
import json
import math

import pytest
import torch
from safetensors.torch import load_file, save_file
from test_folders import save

from isogloss.asking.choosing import log_likelihoods
from isogloss.asking.generation import say_greedily
from isogloss.config import Loading, Teaching
from isogloss.models.local import load_model
from isogloss.neurons.perplexity import perplexity
from isogloss.neurons.record import record
from isogloss.neurons.texts import Text
from isogloss.teaching.cohort import diverged, teach_cohort
from isogloss.teaching.lessons import Lesson

LESSONS = [Lesson("eng", ["What is it?", "What?"], ["Monday", "lunes"]), Lesson("spa", ["¿Qué?"], ["lunes"])]
TEACHING = Teaching(rank=2, alpha=2, epochs=2, batch=2, learning_rate=1e-3)
HALF = Loading(device="cpu", dtype="float16")


@pytest.fixture
def folder(tiny, tmp_path):
    """A model whose last feed-forward part leaves the range of float16 within itself."""
    save(tiny, tmp_path / "model")
    path = tmp_path / "model" / "model.safetensors"
    weights = load_file(path)
    for name, w in weights.items():
        if "layers.1.mlp" in name:
            weights[name] = w / 1e6 if "down_proj" in name else w * 1e3
    save_file(weights, path, metadata={"format": "pt"})
    return tmp_path / "model"


def spoiled(tiny):
    """A model in memory whose last norm is infinite."""
    model = copy.deepcopy(tiny[0]).float()
    model.model.norm.weight.data[3] = torch.inf
    return model, tiny[1]


def test_a_model_that_leaves_the_range_of_its_precision_is_not_asked(folder):
    whole = load_model(folder)
    assert say_greedily(*whole, ["What?"], 3, 1)
    with pytest.raises(ValueError, match=r"not finite in torch.float16; write dtype: float32 .* smaller learning_rate"):
        say_greedily(*load_model(folder, HALF), ["What?"], 3, 1)


def test_losses_that_are_no_numbers_stop_teaching(tiny, tmp_path):
    with pytest.raises(
        ValueError,
        match=r"the loss \((nan|inf)\) is not finite in epoch 1 of the lesson eng \(dtype float32, learning_rate 0.001\)",
    ):
        teach_cohort(*spoiled(tiny), "base", LESSONS, TEACHING, 1, tmp_path, "1")
    assert not list(tmp_path.rglob("epoch-*")), "nothing is kept"


def test_adapters_that_are_no_numbers_are_not_kept(tiny, tmp_path, monkeypatch):
    """The loss of a last step is a number, and what comes of it is none."""
    step = torch.optim.AdamW.step

    def astray(optimizer, *rest):
        step(optimizer, *rest)
        optimizer.param_groups[0]["params"][0].data[0, 0] = torch.nan

    one_step = Teaching(rank=2, alpha=2, epochs=1, batch=2, learning_rate=1e-3)
    monkeypatch.setattr(torch.optim.AdamW, "step", astray)
    with pytest.raises(ValueError, match="the adapter is not finite in epoch 1 of the lesson eng"):
        teach_cohort(copy.deepcopy(tiny[0]).float(), tiny[1], "base", LESSONS[:1], one_step, 1, tmp_path, "1")
    assert not list(tmp_path.rglob("epoch-*"))


def test_likelihoods_perplexities_and_activations_that_are_no_numbers_are_refused(tiny):
    model, tokenizer = spoiled(tiny)
    with pytest.raises(ValueError, match=r"log-likelihoods are not finite in torch.float32; write dtype"):
        log_likelihoods(model, tokenizer, ["What?"], [["Monday", "lunes"]], 2)
    texts = {"eng": [Text([5, 6, 7], [True] * 3, [False, True, True])]}
    with pytest.raises(ValueError, match=r"losses in eng are not finite in torch.float32"):
        perplexity(model, texts, 1)
    model.model.layers[0].mlp.gate_proj.weight.data.fill_(torch.nan)
    with pytest.raises(ValueError, match=r"activations in eng are not finite in torch.float32"):
        record(model, texts, 1)


def test_teaching_that_diverges_is_said_and_kept(tiny, tmp_path, capsys):
    base = copy.deepcopy(tiny[0]).float()
    wild = Teaching(rank=4, alpha=4, epochs=3, batch=1, learning_rate=100)
    finished = teach_cohort(base, tiny[1], "base", LESSONS, wild, 1, tmp_path, "1")
    told = capsys.readouterr().out
    assert "Warning: eng: teaching diverged: the last epoch's loss of" in told
    assert "write a learning_rate below 100 under teaching" in told
    kept = json.loads((finished["eng"][3] / "teaching.json").read_text(encoding="utf-8"))
    assert "teaching diverged" in kept["problem"]
    assert len(kept["losses"]) == 3
    tame = Teaching(rank=4, alpha=4, epochs=8, batch=1, learning_rate=1e-2)
    finished = teach_cohort(base, tiny[1], "base", LESSONS[1:], tame, 1, tmp_path, "1")
    assert json.loads((finished["spa"][8] / "teaching.json").read_text(encoding="utf-8"))["problem"] is None
    assert "Warning" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([9.0, 8.3178], "no better than guessing tokens (8.32)"),
        ([0.5, 1.6], "far above that of the first (0.50)"),
        ([0.5, 1.4], None),
        ([3.0, 2.0, 0.1], None),
    ],
)
def test_what_counts_as_astray(losses, expected):
    found = diverged(losses, math.log(4096))
    assert (found is None) if expected is None else (expected in found)
