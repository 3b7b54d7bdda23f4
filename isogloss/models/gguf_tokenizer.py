"""The tokenizer of a GGUF file, as the original has it."""

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, normalizers, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from isogloss.models.gguf_header import BYTE_LEVEL, Header

BLANK = "▁"  # how SentencePiece spells it


def read_tokenizer(folder: str | Path, name: str, header: Header) -> PreTrainedTokenizerBase:
    """The tokenizer of a file in a folder in which nothing else is.

    What transformers builds from such a file lacks what the file does not state and llama.cpp knows by the name of the
    pre-tokenizer: it is put right here.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name, local_files_only=True, trust_remote_code=False)
    known = header.metadata
    tokenizer.model_max_length = header.own("context_length")
    if known["tokenizer.ggml.model"] == BYTE_LEVEL:
        _as_original(tokenizer, known)
    elif header.architecture.startswith("gemma"):
        # a file spells these with blanks, and so transformers does not recognise them as tokens that are whole in a text
        runs = [token for token in tokenizer.get_vocab() if len(token) > 1 and not token.strip(BLANK)]
        tokenizer.add_tokens([AddedToken(token, normalized=False) for token in sorted(runs, key=len)])
    return tokenizer


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path, size: int) -> None:
    """Write a tokenizer of `size` tokens. What transformers adds behind them, as it does if a vocabulary lacks <|endoftext|>, no
    model has numbers for."""
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    written["added_tokens"] = [token for token in written["added_tokens"] if token["id"] < size]
    path.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _as_original(tokenizer: PreTrainedTokenizerBase, known: dict[str, Any]) -> None:
    split, backend = known["tokenizer.ggml.pre"], tokenizer.backend_tokenizer
    if split == "qwen2":
        # accents and vowel signs are one character with their letter, where there is one
        backend.normalizer = normalizers.NFC()
    if split == "smollm":
        # each digit is a token
        digits, rest = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.pre_tokenizer = pre_tokenizers.Sequence([digits, rest])
    if split == "llama-bpe":
        # a word that is a token is that token, whatever merges lead to it
        backend.model.ignore_merges = True
        tokenizer.add_bos_token = known.get("tokenizer.ggml.add_bos_token", True)
