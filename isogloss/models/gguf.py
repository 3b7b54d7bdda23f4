"""GGUF files as folders in Hugging Face format."""

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from isogloss.models.fetch import SNAPSHOT
from isogloss.models.gguf_header import GGUFError, Header, problem_of, read_header
from isogloss.models.gguf_tokenizer import read_tokenizer, save_tokenizer

ONE_FILE = "1000TB"  # so that the names of the files are known before
ROPE_FACTORS = "rope_freqs.weight"
HALVES = {"F16": torch.float16, "BF16": torch.bfloat16}
# Keys under the architecture's name that config.json has, that are put into it here, or that say nothing about the model itself.
READ = {
    *("vocab_size", "context_length", "block_count", "embedding_length", "feed_forward_length"),
    *("attention.head_count", "attention.head_count_kv", "attention.layer_norm_rms_epsilon"),
    *("attention.key_length", "attention.value_length", "rope.dimension_count", "rope.freq_base"),
    *("rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length", "rope.scaling.finetuned"),
    "tensor_data_layout",
}
GEMMA = {"attention.sliding_window", "attn_logit_softcapping", "final_logit_softcapping", "rope.freq_base_swa"}
# The variants, by their layers, that scale queries by the width of all heads, not of one.
LARGEST_GEMMAS = {"gemma2": 46, "gemma3": 62}


def convert(path: str | Path, folder: str | Path, cache: str | Path, dtype: str = "auto", number: str = "1") -> None:
    """Put the model of a file into `folder`: config.json, generation_config.json, model.safetensors, its tokenizer and, last,
    snapshot.json.

    The weights are what llama.cpp computes with, in 32 bits, or in 16 where none of them loses anything by that, or in the
    `dtype` that they are loaded in later. They are kept in `cache`, by the file's SHA-256, the type and the `number` of the
    conversion, so that no file is converted twice. GGUFError if the file cannot be used.
    """
    path, folder = Path(path), Path(folder)
    if problem := problem_of(path):
        raise GGUFError(problem)
    digest = _sha256(path)
    kept = Path(cache) / f"{digest}-{dtype}-{number}"
    if not _whole(kept):
        _converted(path, digest, kept, dtype)
    _place(kept, folder)


def _converted(path: Path, digest: str, kept: Path, dtype: str) -> None:
    """Convert a file into a folder, which is there when all of it is."""
    header = read_header(path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=kept.parent) as draft:
        source, made = Path(draft, "source"), Path(draft, "made")
        source.mkdir()
        # nothing else beside it, lest transformers read that as well
        (source / "model.gguf").symlink_to(path.resolve())
        made.mkdir()
        save_tokenizer(read_tokenizer(source, "model.gguf", header), made, header.tokens)
        model = read_model(source, "model.gguf", header, dtype)
        model.save_pretrained(made, max_shard_size=ONE_FILE)
        (made / "model.safetensors").chmod((made / "config.json").stat().st_mode)  # safetensors writes for its owner alone
        about = {
            "gguf": path.name,
            "sha256": digest,
            "types": header.types,
            "dtype": str(model.dtype).removeprefix("torch."),
            "versions": {name: version(name) for name in ("gguf", "transformers")},
            "files": {file.name: {"bytes": file.stat().st_size, "sha256": _sha256(file)} for file in sorted(made.iterdir())},
        }
        (made / SNAPSHOT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(kept, ignore_errors=True)
        os.replace(made, kept)


def _whole(kept: Path) -> bool:
    """Whether a conversion is there and as it was made."""
    if not (kept / SNAPSHOT).is_file():
        return False
    files = json.loads((kept / SNAPSHOT).read_text(encoding="utf-8"))["files"]
    return all((kept / name).is_file() and _sha256(kept / name) == about["sha256"] for name, about in files.items())


def _place(kept: Path, folder: Path) -> None:
    """Put a conversion where models are, as further names of the same files where the disk can have that."""
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.safetensors", "*.json", "*.jinja"):
        for old in folder.glob(pattern):
            old.unlink()
    for file in sorted(kept.iterdir(), key=lambda file: (file.name == SNAPSHOT, file.name)):
        try:
            os.link(file, folder / file.name)
        except OSError:
            shutil.copyfile(file, folder / f".{file.name}")
            os.replace(folder / f".{file.name}", folder / file.name)
        os.utime(folder / file.name)  # made now, for Snakemake, which compares it with the file that it came from


def read_model(folder: Path, name: str, header: Header, dtype: str) -> PreTrainedModel:
    """The model of a file in a folder in which nothing else is, without a trace of its quantization; GGUFError if transformers
    reads only a part of what the file says."""
    config = AutoConfig.from_pretrained(folder, gguf_file=name, local_files_only=True)
    correct(config, header, _rope_factors(folder / name))
    precision = torch.float32 if dtype == "auto" else getattr(torch, dtype)
    model, found = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, config=config, dtype=precision, output_loading_info=True, local_files_only=True
    )
    if wrong := {what: sorted(map(str, names)) for what, names in found.items() if names}:
        raise GGUFError(f"the file does not fit the architecture {header.architecture}: {wrong}; write path: FOLDER")
    read, there = sum(p.numel() for p in model.parameters()), sum(t.size for t in header.tensors if t.name != ROPE_FACTORS)
    if read != there:
        raise GGUFError(f"of the file's {there:,} weights {read:,} are read; write path: FOLDER with the original model")
    if dtype == "auto" and header.unquantized:
        precision = _exact(model.parameters(), [HALVES[name] for name in header.types if name in HALVES])
    weights = {name: weight.to(precision) for name, weight in model.state_dict().items()}
    with torch.device("meta"):
        bare = AutoModelForCausalLM.from_config(config, dtype=precision)
    bare.load_state_dict(weights, assign=True)
    bare.tie_weights()
    bare.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id, eos_token_id=_ends(header), pad_token_id=config.pad_token_id
    )
    return bare


def _exact(weights: Iterable[torch.Tensor], types: list[torch.dtype]) -> torch.dtype:
    """The type, of those given, that has all weights exactly; else float32."""
    weights = list(weights)
    for precision in types:
        if all(torch.equal(weight.to(precision).float(), weight) for weight in weights):
            return precision
    return torch.float32


def _ends(header: Header) -> list[int]:
    """The tokens that end a text, a turn or a message."""
    keys = ("eos_token_id", "eot_token_id", "eom_token_id")
    return sorted({header.metadata[f"tokenizer.ggml.{key}"] for key in keys if f"tokenizer.ggml.{key}" in header.metadata})


def correct(config: Any, header: Header, factors: list[float] | None) -> None:
    """Put into a config what transformers leaves out of it; GGUFError if the file says something that would be lost."""
    gemma = header.architecture.startswith("gemma")
    prefix = header.architecture + "."
    known = READ | (GEMMA if gemma else set())
    if lost := sorted(key for key in header.metadata if key.startswith(prefix) and key.removeprefix(prefix) not in known):
        said = ", ".join(f"{key} = {header.metadata[key]}" for key in lost)
        raise GGUFError(f"the file says {said}, which is not read; write path: FOLDER with the original model")
    heads = header.own("attention.head_count")
    width = header.own("attention.key_length", header.own("rope.dimension_count", config.hidden_size // heads))
    for key in ("attention.value_length", "rope.dimension_count"):
        if header.own(key, width) != width:
            raise GGUFError(f"the file says {prefix}{key} = {header.own(key)} with heads of {width}, which is not read")
    config.head_dim = width
    config.vocab_size = header.tokens
    if gemma:
        largest = config.num_hidden_layers == LARGEST_GEMMAS[header.architecture]
        config.query_pre_attn_scalar = config.hidden_size // heads if largest else width
        for name in ("attn_logit_softcapping", "final_logit_softcapping"):
            if f"{prefix}{name}" in header.metadata:
                setattr(config, name, header.own(name))
    _correct_rope(config, header, factors)


def _correct_rope(config: Any, header: Header, factors: list[float] | None) -> None:
    """How positions are told apart in long texts."""
    kind, factor = header.own("rope.scaling.type", "none"), header.own("rope.scaling.factor", 1.0)
    scaling: dict[str, Any] = {}
    if kind == "linear":
        scaling = {"rope_type": "linear", "factor": factor}
    elif kind == "yarn":
        before = header.own("rope.scaling.original_context_length")
        scaling = {"rope_type": "yarn", "factor": factor, "original_max_position_embeddings": before}
    elif kind != "none":
        raise GGUFError(f"the file says rope.scaling.type = {kind}, which is not read; write path: FOLDER")
    if factors is not None:
        scaling = llama3_scaling(factors, config.rope_parameters["rope_theta"])
    if header.architecture == "gemma3":
        config.rope_parameters["full_attention"].update(scaling)
        config.rope_parameters["sliding_attention"]["rope_theta"] = header.own("rope.freq_base_swa", 10000.0)
    elif scaling:
        config.rope_parameters.update(scaling)


def _rope_factors(path: Path) -> list[float] | None:
    from gguf import GGUFReader

    return next((tensor.data.tolist() for tensor in GGUFReader(path).tensors if tensor.name == ROPE_FACTORS), None)


def llama3_scaling(factors: list[float], theta: float) -> dict[str, Any]:
    """The scaling of Llama 3.1 and later, of which a file has only what wavelengths are divided by; GGUFError if these are of
    another kind."""
    scaling = {
        "rope_type": "llama3",
        "factor": round(max(factors)),
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    for i, found in enumerate(factors):
        turns = 8192 * theta ** (-i / len(factors)) / (2 * math.pi)  # in the original context
        smooth = min(max((turns - 1) / 3, 0), 1)
        if not math.isclose(found, 1 / ((1 - smooth) / scaling["factor"] + smooth), rel_tol=1e-3):
            raise GGUFError("the file scales positions in a way that is not read (rope_freqs.weight); write path: FOLDER")
    return scaling


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
