"""How much memory a job with a model takes on a processor, from its folder and what is done with it.

Nothing is loaded for that, and torch is not imported: a plan asks it for every job. What depends on texts is bounded where they
are read: teaching takes as many pairs through a model at a time as `KEPT` allows, asking as many prompts as `READ`.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from isogloss.config import Teaching

SINGLE = 4  # bytes of a number in float32
BYTES = {"auto": 4, "float32": 4, "bfloat16": 2, "float16": 2}  # of a number on a processor, as it is loaded
FILED = {"auto": "F32", "float32": "F32", "bfloat16": "BF16", "float16": "F16"}  # what safetensors files call them
IMPORTS = 460e6  # bytes of torch, transformers and what else a job imports
TOKENIZER = 10  # times the size of its file
SPARE = 1.4  # times what is in use that the allocator holds, where sizes change from pass to pass
KEPT = 0.8e9  # bytes that go through a model when it is taught are kept for the backward pass, at most
READ = 3e9  # bytes of a batch of prompts, at most, and of their answers
ADAPTED = 2e9  # bytes of adapters that are asked together, at most
SCORED = 0.5e9  # bytes of the logits of tokens whose probabilities are wanted, at most
LARGER = 8  # times that on an accelerator, which needs many rows to be busy
FEWEST = 256  # tokens that are always taken together
PAIR, PROMPT = 48, 48  # tokens of a question with its answer, and of a question, beside the instruction
BARE = 12  # tokens of a question without instruction to a model whose tokenizer was made for its language
OPTION, TEXT = 8, 48  # tokens of an answer to choose, and of a text
# What a configuration calls the sizes of a model, the older names last.
NAMES = {
    "width": ("hidden_size", "d_model", "n_embd"),
    "layers": ("num_hidden_layers", "encoder_layers", "num_layers", "n_layer"),
    "heads": ("num_attention_heads", "encoder_attention_heads", "num_heads", "n_head"),
    "inner": ("intermediate_size", "encoder_ffn_dim", "ffn_dim", "d_ff", "n_inner"),
    "words": ("vocab_size",),
}


@dataclass(frozen=True)
class Shape:
    """Sizes of a model: layers, width, neurons of a layer that a token meets, widths of the queries and of the keys of a layer,
    and the vocabulary."""

    layers: int
    width: int
    inner: int
    queries: int
    keys: int
    words: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Shape":
        """From the content of config.json; KeyError with what it lacks."""
        config = config.get("text_config") or config

        def size(name: str, default: int | None = None) -> int:
            found = next((config[each] for each in NAMES[name] if config.get(each)), default)
            if found is None:
                raise KeyError(" or ".join(NAMES[name]))
            return found

        width, heads = size("width"), size("heads")
        head = config.get("head_dim") or config.get("d_kv") or width // heads
        inner = size("inner", 4 * width)
        if experts := config.get("num_experts_per_tok"):
            inner = experts * (config.get("moe_intermediate_size") or inner) + (
                config.get("shared_expert_intermediate_size") or 0
            )
        keys = head * (config.get("num_key_value_heads") or heads)
        return cls(size("layers"), width, inner, head * heads, keys, size("words"))

    @property
    def layer(self) -> int:
        """Numbers of a token in a layer that are kept for the backward pass: what enters the norms and the products, queries,
        keys and values (repeated for every query), what attention gives, and the gate before and after its activation, the
        other half of it and their product."""
        return 4 * (self.width + self.queries + self.inner)

    @property
    def cached(self) -> int:
        """Numbers of a token that are its keys and values."""
        return 2 * self.layers * self.keys

    def kept(self, teaching: Teaching, size: int = SINGLE) -> int:
        """Bytes of a token that are kept for the backward pass, of numbers of a `size`, and the gradients of the layer that is
        gone through; with checkpointing, all but what enters each layer is computed again."""
        layer = self.layer + sum(self.ranks(teaching))
        return size * (self.layers * self.width + 2 * layer if teaching.checkpointing else (self.layers + 1) * layer)

    def learned(self) -> int:
        """Bytes of a learned token beside those of any token: its logits, their softmax and its gradient."""
        return 3 * SINGLE * self.words

    def scored(self) -> int:
        """Bytes of a token whose probability is wanted: its logits and their softmax."""
        return 2 * SINGLE * self.words

    def read(self, size: int = SINGLE) -> int:
        """Bytes of a token that is read: its keys and values, twice when they move, and one layer's numbers."""
        return size * (2 * self.cached + 4 * self.width + 2 * self.queries + 3 * self.inner)

    def said(self, tokens: int, size: int = SINGLE) -> int:
        """Bytes of a prompt and its answer, so many tokens: their keys and values, and the logits of the last."""
        return size * tokens * self.cached + 2 * SINGLE * self.words

    def asked(self, teaching: Teaching, size: int = SINGLE) -> int:
        """Bytes of an adapter that is asked: as it is in its file, and as the model uses it."""
        return self.adapter(teaching)[0] * (SINGLE + size)

    def sides(self, teaching: Teaching) -> list[tuple[int, int]]:
        """Widths of what enters and leaves each linear layer, of a layer of the model, that is adapted."""
        d, i = self.width, self.inner
        attention = [(d, self.queries), (d, self.keys), (d, self.keys), (self.queries, d)]
        return attention if teaching.layers == "attention" else [*attention, (d, i), (d, i), (i, d)]

    def ranks(self, teaching: Teaching) -> list[int]:
        """The width between the two matrices of an adapter, of each of these layers."""
        return [min(side) if teaching.layers == "full" else teaching.rank for side in self.sides(teaching)]

    def adapter(self, teaching: Teaching) -> tuple[int, int]:
        """Numbers of an adapter, and how many of them are trained."""
        sides, ranks = self.sides(teaching), self.ranks(teaching)
        count = self.layers * sum(rank * sum(side) for side, rank in zip(sides, ranks, strict=True))
        return count, self.layers * sum(map(math.prod, sides)) if teaching.layers == "full" else count


def at_most(shape: Shape, teaching: Teaching, size: int = SINGLE, accelerated: bool = False) -> float:
    """Bytes of what goes through a model together when it is taught; a few hundred tokens always may."""
    return max(KEPT * (LARGER if accelerated else 1), FEWEST * shape.kept(teaching, size))


def together(shape: Shape, teaching: Teaching, size: int = SINGLE, accelerated: bool = False) -> int:
    """How many adapters are asked together at most."""
    return max(1, int(ADAPTED * (LARGER if accelerated else 1) / shape.asked(teaching, size)))


@dataclass(frozen=True)
class Stored:
    """A model in a folder: its shape, how many numbers its weights are, the bytes of them by precision, and of its tokenizer."""

    shape: Shape
    numbers: int
    bytes: Mapping[str, int]
    tokenizer: int

    @classmethod
    def of(cls, folder: str | Path) -> "Stored":
        """From a folder in Hugging Face format. FileNotFoundError if there is none or no weights; ValueError if its config.json
        lacks a size."""
        folder = Path(folder)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        files = sorted(folder.glob("*.safetensors"))
        if not files:
            raise FileNotFoundError(f"{folder} has no safetensors weights")
        try:
            shape = Shape.of(config)
        except KeyError as error:
            raise ValueError(
                f"{folder / 'config.json'} has no {error.args[0]}, so the memory of jobs is not known; "
                "write resources: {mem_mb: ...} for the model"
            ) from None
        numbers, found = 0, {}
        for path in files:
            for tensor in _tensors(path, path.stat().st_mtime_ns):
                start, end = tensor["data_offsets"]
                numbers += math.prod(tensor["shape"])
                found[tensor["dtype"]] = found.get(tensor["dtype"], 0) + end - start
        size = sum(path.stat().st_size for path in folder.glob("tokenizer.json"))
        return cls(shape, numbers, found, size)

    def base(self, dtype: str) -> tuple[float, float]:
        """Bytes of a job that has the model in a precision (auto: float32), and at most while it is loaded.

        Weights in the precision of their file are its pages, all of which are read when a way of reading is tried out; others
        stand beside them until all are there.
        """
        fixed = IMPORTS + TOKENIZER * self.tokenizer
        weights = self.numbers * BYTES[dtype]
        other = sum(size for kind, size in self.bytes.items() if kind != FILED[dtype])
        return fixed + weights, fixed + weights + other


@cache
def _tensors(path: Path, _: int) -> list[dict]:
    """What the head of a safetensors file says of its tensors."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        head = json.loads(file.read(size))
    return [tensor for name, tensor in head.items() if name != "__metadata__"]


def of_teaching(stored: Stored, dtype: str, lessons: int, teaching: Teaching) -> int:
    """Bytes of a job that teaches so many lessons at once."""
    shape, size = stored.shape, BYTES[dtype]
    pairs = lessons * (teaching.at_once or teaching.batch)
    kept = min(
        at_most(shape, teaching, size),
        (FEWEST // 4 + pairs * PAIR) * (shape.kept(teaching, size) + shape.learned() // 8),
    )
    numbers, trained = shape.adapter(teaching)
    # of each lesson weights, gradients and two moments; once more those that all began with, as a file and as it is written
    adapters = SINGLE * (lessons * (numbers + 3 * trained) + 4 * numbers)
    return _whole(stored, dtype, kept + adapters)


def of_asking(
    stored: Stored,
    dtype: str,
    batch: int,
    new: int = 0,
    context: int = 0,
    prompt: int = PROMPT,
    adapters: int = 0,
    teaching: Teaching | None = None,
) -> int:
    """Bytes of a job that asks so many questions at a time after a `context` of so many pairs, or has texts translated; of as
    many `adapters` at once (0: none), taught so. A `prompt` has so many tokens of its own, an answer at most `new`."""
    shape, size = stored.shape, BYTES[dtype]
    adapters = min(adapters, together(shape, teaching, size)) if teaching else 1
    prompts = adapters * batch
    length = prompt + context * PAIR * prompt // PROMPT
    read = min(READ, prompts * length * shape.read(size))
    said = min(READ, prompts * shape.said(length + new // 2, size))
    return _whole(stored, dtype, max(read, said) + (adapters * shape.asked(teaching, size) if teaching else 0))


def of_choosing(stored: Stored, dtype: str, batch: int) -> int:
    """Bytes of a job that has so many options at a time chosen among, or of one that looks at texts or prompts from inside: what
    each says is measured token by token."""
    shape, size = stored.shape, BYTES[dtype]
    read = min(READ, batch * PROMPT * shape.read(size))
    return _whole(stored, dtype, read + min(SCORED, batch * OPTION * shape.scored()))


def of_texts(stored: Stored, dtype: str, batch: int) -> int:
    """Bytes of a job that reads so many texts at a time and keeps nothing of them."""
    return _whole(stored, dtype, batch * TEXT * stored.shape.read(BYTES[dtype]))


def of_scoring(stored: Stored, dtype: str, batch: int) -> int:
    """Bytes of a job that measures how likely every token is of so many texts at a time."""
    shape = stored.shape
    return _whole(stored, dtype, batch * TEXT * shape.read(BYTES[dtype]) + min(SCORED, batch * TEXT * shape.scored()))


def _whole(stored: Stored, dtype: str, work: float) -> int:
    base, loading = stored.base(dtype)
    return int(max(loading, base + SPARE * work))
