"""The memory that jobs ask for, against what they take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from isogloss.config import Teaching
from isogloss.models import memory
from isogloss.models.memory import Shape, Stored
from isogloss.models.sandbox.tokenizer import train_tokenizer
from isogloss.teaching.stacked import new_adapter, units
from tests import memory_jobs
from tests.memory_jobs import BATCH, CONTEXT, NEW, TEACHING

REAL = os.environ.get("ISOGLOSS_REAL_MODELS")
SHAPES = {
    "wide vocabulary": {"vocab_size": 100_000, "num_hidden_layers": 4, "intermediate_size": 1024},
    "deep": {"vocab_size": 4096, "num_hidden_layers": 32, "intermediate_size": 768},
    "wide layers": {"vocab_size": 4096, "num_hidden_layers": 6, "intermediate_size": 6144},
}
ESTIMATES = {
    "teach": lambda stored, dtype, lessons: memory.of_teaching(stored, dtype, lessons, TEACHING),
    "ask": lambda stored, dtype, lessons: memory.of_asking(stored, dtype, BATCH, NEW, adapters=lessons, teaching=TEACHING),
    "in_context": lambda stored, dtype, lessons: memory.of_asking(stored, dtype, BATCH, NEW, context=CONTEXT),
    "choose": lambda stored, dtype, lessons: memory.of_choosing(stored, dtype, BATCH),
    "record": lambda stored, dtype, lessons: memory.of_texts(stored, dtype, BATCH),
    "perplexity": lambda stored, dtype, lessons: memory.of_scoring(stored, dtype, BATCH),
}


def ratios(folders, jobs, codes, dtype="float32"):
    """What is estimated by what is measured, by folder, job and precision."""
    asked = [(folder, job, dtype, "+".join(codes)) for folder in folders for job in jobs]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", memory_jobs.__file__],
        input="".join(" ".join(map(str, each)) + "\n" for each in asked),
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    peaks = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("peak ")]
    assert len(peaks) == len(asked), done.stderr[-2000:]
    assert all(peaks), done.stderr[-2000:]
    found = {}
    for (folder, job, *_), peak in zip(asked, peaks, strict=True):
        estimate = ESTIMATES[job](Stored.of(folder), dtype, len(codes))
        found[f"{Path(folder).name}, {job}, {dtype}"] = estimate / peak
        print(f"{Path(folder).name}, {job}, {dtype}: {estimate / 1e6:.0f} of {peak / 1e6:.0f} MB, {estimate / peak:.2f}")
    return found


def outside(found):
    return {name: round(ratio, 2) for name, ratio in found.items() if not 1 <= ratio <= 1.5}


def test_a_shape_is_read_from_any_config():
    qwen = {"hidden_size": 896, "num_hidden_layers": 24, "intermediate_size": 4864, "vocab_size": 151936}
    qwen |= {"num_attention_heads": 14, "num_key_value_heads": 2}
    assert Shape.of(qwen) == Shape.of({"text_config": qwen}) == Shape(24, 896, 4864, 896, 128, 151936)
    gpt2 = {"n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257}
    assert Shape.of(gpt2) == Shape(12, 768, 3072, 768, 768, 50257)
    experts = qwen | {"num_experts_per_tok": 8, "moe_intermediate_size": 768, "head_dim": 128}
    assert Shape.of(experts) == Shape(24, 896, 6144, 1792, 256, 151936)


def test_what_is_missing_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"hidden_size": 8, "num_attention_heads": 2, "vocab_size": 9}')
    with pytest.raises(FileNotFoundError, match="no safetensors"):
        Stored.of(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(ValueError, match=r"no num_hidden_layers or .* write resources: {mem_mb: \.\.\.}"):
        Stored.of(tmp_path)


def test_adapters_have_as_many_numbers_as_peft_gives_them(tiny):
    base, _ = tiny
    for layers in ("all", "attention", "full"):
        teaching = Teaching(layers=layers, rank=4)
        adapter, _ = new_adapter(base, teaching, 1)
        count, trained = Shape.of(base.config.to_dict()).adapter(teaching)
        assert count == sum(w.numel() for w in adapter.values())
        fixed = sum(adapter[name].numel() for name in units(adapter)) if layers == "full" else 0
        assert trained == count - fixed


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read as Linux has them")
def test_jobs_take_what_is_estimated(tmp_path):
    known = [question for table in memory_jobs.items(["eng"]).values() for question in table["ask_question"]]
    tokenizer = train_tokenizer(known * 20, 700)  # as one that was not made for French
    for name, sizes in SHAPES.items():
        torch.manual_seed(0)
        settings = LlamaConfig(hidden_size=256, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True, **sizes)
        LlamaForCausalLM(settings).save_pretrained(tmp_path / name.replace(" ", "-"))
        tokenizer.save_pretrained(tmp_path / name.replace(" ", "-"))
    found = ratios(sorted(tmp_path.iterdir()), ESTIMATES, ["eng", "fra"])
    assert not outside(found)


@pytest.mark.skipif(not REAL, reason="ISOGLOSS_REAL_MODELS names no folder with models")
def test_real_models_take_what_is_estimated():
    folders = [path.parent for path in sorted(Path(REAL).glob("*/model.safetensors"))]
    if not folders:
        pytest.skip(f"{REAL} has no folder with safetensors weights")
    found = ratios(folders, ESTIMATES, ["eng", "fra", "tam", "tha", "swa"])
    assert not outside(found)
