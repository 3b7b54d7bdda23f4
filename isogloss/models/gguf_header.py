"""What a GGUF file says of itself, read without its weights, and why some files cannot be used.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import mmap
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC = b"GGUF"
VERSIONS = (2, 3)
SUFFIX = ".gguf"
HALVES = ("BF16", "F16")
EMBEDDINGS = "token_embd.weight"
PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")
# Architectures whose conversion is tested against the model that a file was made from.
ARCHITECTURES = ("gemma2", "gemma3", "llama", "qwen2", "qwen3")
# What splits text before bytes are merged (tokenizer.ggml.pre), where the same tokens as the original's are known to come out.
BYTE_LEVEL, SENTENCEPIECE = "gpt2", "llama"
PRE_TOKENIZERS = ("llama-bpe", "qwen2", "smollm")
SPLIT = "is one part of several; join them with llama-gguf-split --merge FIRST_PART WHOLE.gguf and write path: WHOLE.gguf"
# Files of this format that hold something else, by general.type.
OTHERS = {
    "adapter": "an adapter, not a model; write path: FILE.gguf of a whole model",
    "mmproj": "the part of a model that sees or hears; write path: FILE.gguf of the part that reads text",
    "imatrix": "statistics for quantization, not a model; write path: FILE.gguf of a model",
    "vocab": "a vocabulary without weights; write path: FILE.gguf of a whole model",
}
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


class GGUFError(ValueError):
    """A file cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of a file: its shape as torch has it, and its type by name (`Q4_K`, `F16`)."""

    name: str
    shape: tuple[int, ...]
    type: str
    end: int  # bytes from the start of the file

    @property
    def size(self) -> int:
        """How many numbers it has."""
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True)
class Header:
    """Metadata by key (lists of texts by their length) and the tensors of a file."""

    metadata: dict[str, Any]
    tensors: tuple[Tensor, ...]

    @property
    def architecture(self) -> str:
        """As llama.cpp calls it."""
        return self.metadata["general.architecture"]

    @property
    def types(self) -> dict[str, int]:
        """How many tensors are of which type, by name."""
        found = [tensor.type for tensor in self.tensors]
        return {name: found.count(name) for name in sorted(set(found))}

    @property
    def weights(self) -> int:
        """How many numbers all tensors have."""
        return sum(tensor.size for tensor in self.tensors)

    @property
    def unquantized(self) -> bool:
        """Whether it has weights of 16 bits and none in blocks."""
        types = set(self.types)
        return types <= {"F32", *HALVES} and not types <= {"F32"}

    @property
    def tokens(self) -> int:
        """How many tokens have an embedding."""
        return next(tensor.shape[0] for tensor in self.tensors if tensor.name == EMBEDDINGS)

    def own(self, key: str, default: Any = None) -> Any:
        """A value under the architecture's name."""
        return self.metadata.get(f"{self.architecture}.{key}", default)


def is_gguf(path: str | Path) -> bool:
    """Whether a path names such a file, by its ending."""
    return str(path).lower().endswith(SUFFIX)


def read_header(path: str | Path) -> Header:
    """The header of a file, in well under a second. GGUFError if it is no such file or not all of it is there."""
    path = Path(path)
    if path.stat().st_size < 24:
        raise GGUFError(f"{path} is no GGUF file: it has {path.stat().st_size} bytes; download it again")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as blob:
        if blob[:4] != MAGIC:
            raise GGUFError(f"{path} is no GGUF file: it does not begin with GGUF; download it again, or write path: FOLDER")
        version, tensors, values = struct.unpack_from("<IQQ", blob, 4)
        if version not in VERSIONS:
            raise GGUFError(f"{path} is of a version of GGUF that is not read ({version}); make it again with llama.cpp of today")
        try:
            header = _parse(_Reader(blob), tensors, values)
        except (struct.error, IndexError, UnicodeDecodeError, KeyError) as error:
            raise GGUFError(f"{path} is cut short or damaged ({error}); download it again") from error
        end = max((tensor.end for tensor in header.tensors), default=0)
        if end > len(blob):
            raise GGUFError(f"{path} is cut short: it has {len(blob):,} of {end:,} bytes; download it again")
    return header


def problem_of_name(path: str | Path) -> str | None:
    """The same, as far as the name tells."""
    if PART.search(str(path)):
        return f"{path} {SPLIT}"
    if Path(path).name.lower().startswith("mmproj"):
        return f"{path} is {OTHERS['mmproj']}"
    return None


def problem_of(path: str | Path) -> str | None:
    """Why a file cannot be used, as far as its header tells; None if nothing is known against it."""
    if problem := problem_of_name(path):
        return problem
    if not Path(path).is_file():
        return f"there is no {path}; write path: FILE.gguf or path: FOLDER"
    try:
        header = read_header(path)
    except GGUFError as error:
        return str(error)
    if reason := _unusable(header):
        return f"{path} {reason}"
    return None


def has_chat_template(path: str | Path) -> bool:
    """Whether a file says how its model is asked."""
    return "tokenizer.chat_template" in read_header(path).metadata


def _unusable(header: Header) -> str | None:
    known, kind = header.metadata, header.metadata.get("general.type", "model")
    if kind in OTHERS:
        return f"is {OTHERS[kind]}"
    architecture = known.get("general.architecture")
    if architecture == "clip":
        return f"is {OTHERS['mmproj']}"
    if known.get("split.count", 1) > 1:
        return SPLIT
    if EMBEDDINGS not in {tensor.name for tensor in header.tensors}:
        return f"is {OTHERS['vocab']}"
    if architecture not in ARCHITECTURES:
        return (
            f"has the architecture {architecture}; of GGUF files {', '.join(ARCHITECTURES)} are read. Write path: FOLDER "
            "with the model in Hugging Face format"
        )
    family, split = known.get("tokenizer.ggml.model"), known.get("tokenizer.ggml.pre")
    if family not in (BYTE_LEVEL, SENTENCEPIECE) or (family == BYTE_LEVEL and split not in PRE_TOKENIZERS):
        return (
            f"has the tokenizer {family} ({split}), for which it is not known that the original's tokens come out; known are "
            f"{SENTENCEPIECE} and {BYTE_LEVEL} with {', '.join(PRE_TOKENIZERS)}. Write path: FOLDER with the model in Hugging "
            "Face format"
        )
    if (
        family == SENTENCEPIECE
        and not architecture.startswith("gemma")
        and not known.get("tokenizer.ggml.add_space_prefix", True)
    ):
        return "puts no blank before a text, which is not read (tokenizer.ggml.add_space_prefix); write path: FOLDER"
    return None


class _Reader:
    """A position in the bytes of a file."""

    def __init__(self, blob: mmap.mmap):
        self.blob, self.at = blob, 24

    def numbers(self, form: str) -> tuple:
        """The next numbers, in the notation of struct."""
        found = struct.unpack_from("<" + form, self.blob, self.at)
        self.at += struct.calcsize("<" + form)
        return found

    def skip_text(self) -> None:
        """Go behind the next text."""
        self.at += 8 + struct.unpack_from("<Q", self.blob, self.at)[0]

    def text(self) -> str:
        """The next text."""
        start = self.at + 8
        self.skip_text()
        if self.at > len(self.blob):
            raise IndexError("a text ends behind the file")
        return self.blob[start : self.at].decode("utf-8")

    def value(self, kind: int) -> Any:
        """The next value; of a list of texts only how many there are."""
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            return self.numbers(_NUMBERS[kind])[0]
        inner, count = self.numbers("IQ")
        if inner != _STRING:
            return list(self.numbers(f"{count}{_NUMBERS[inner]}"))
        for _ in range(count):
            self.skip_text()
        return count


def _parse(reader: _Reader, tensors: int, values: int) -> Header:
    metadata = {}
    for _ in range(values):
        key = reader.text()
        metadata[key] = reader.value(*reader.numbers("I"))
    entries = []
    for _ in range(tensors):
        name = reader.text()
        shape = reader.numbers(f"{reader.numbers('I')[0]}Q")
        entries.append((name, tuple(reversed(shape)), *reader.numbers("IQ")))
    unit = metadata.get("general.alignment", 32)
    start = -(-reader.at // unit) * unit
    return Header(metadata, tuple(_tensors(entries, start)))


def _tensors(entries: list[tuple], start: int) -> Iterator[Tensor]:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType  # needed for files of this format alone

    for name, shape, number, offset in entries:
        kind = next((known for known in GGMLQuantizationType if known == number), None)
        if kind is None:
            raise KeyError(f"type {number} of {name}")
        of_block, size = GGML_QUANT_SIZES[kind]
        bare = Tensor(name, shape, kind.name, 0)
        yield Tensor(name, shape, kind.name, start + offset + bare.size // of_block * size)
