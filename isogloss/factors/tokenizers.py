"""How well a tokenizer serves each language, and how alike two languages are to it."""

import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from isogloss.factors.corpora import Corpus
from isogloss.languages import Language

POWER = 2.5  # of the Renyi entropy (Zouhar et al. 2023, "Tokenization and the Noiseless Channel")
UNSPACED = frozenset({"Han", "Japanese", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan"})  # scripts without blanks between words


class Encoder(Protocol):
    """A tokenizer."""

    def encode(self, text: str) -> list[int]:
        """Token ids of a text alone, with no special tokens around it."""
        ...

    def decode(self, ids: list[int]) -> str:
        """The text of token ids."""
        ...


@dataclass(frozen=True)
class HuggingFace:
    """A tokenizer of `tokenizers` or of `transformers`."""

    tokenizer: Any

    def encode(self, text: str) -> list[int]:
        """Token ids of a text."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return list(getattr(encoding, "ids", encoding))

    def decode(self, ids: list[int]) -> str:
        """The text of token ids."""
        return self.tokenizer.decode(ids)


@dataclass(frozen=True)
class Tiktoken:
    """An encoding of `tiktoken`."""

    encoding: Any

    def encode(self, text: str) -> list[int]:
        """Token ids of a text; what looks like a special token is plain text."""
        return self.encoding.encode_ordinary(text)

    def decode(self, ids: list[int]) -> str:
        """The text of token ids."""
        return self.encoding.decode(ids)


def load_tiktoken(name: str) -> Tiktoken:
    """A published encoding, for example o200k_base (GPT-4o), which tiktoken downloads once.

    Raises ValueError for a name there is not, ConnectionError where it can not be downloaded.
    """
    import requests
    import tiktoken

    names = tiktoken.list_encoding_names()
    if name not in names:
        raise ValueError(f"tiktoken has no encoding {name}; write one of {', '.join(names)}")
    try:
        return Tiktoken(tiktoken.get_encoding(name))
    except requests.RequestException as error:
        raise ConnectionError(
            f"tiktoken could not download {name}; where there is a network, run TIKTOKEN_CACHE_DIR=tiktoken python -c "
            f"\"import tiktoken; tiktoken.get_encoding('{name}')\", then copy that folder here and set TIKTOKEN_CACHE_DIR to it"
        ) from error


def load_encoder(tokenizer: str | None, encoding: str | None) -> Encoder | None:
    """A model's tokenizer, from its `tokenizer.json` or by the name of its tiktoken encoding.

    None where neither is known, and, with a line that says so, where the encoding cannot be downloaded.
    """
    if tokenizer:
        from tokenizers import Tokenizer

        return HuggingFace(Tokenizer.from_file(tokenizer))
    try:
        return load_tiktoken(encoding) if encoding else None
    except ConnectionError as error:
        print(f"the factors of the tokenizer are left out: {error}", flush=True)
        return None


@dataclass(frozen=True)
class Encoded:
    """A corpus and the token ids of each of its sentences, by language."""

    corpus: Corpus
    tokens: dict[str, list[list[int]]]


def encode(encoder: Encoder, corpus: Corpus) -> Encoded:
    """Every sentence as token ids."""
    return Encoded(corpus, {code: [encoder.encode(text) for text in texts] for code, texts in corpus.sentences.items()})


def tokenizer_languages(encoded: Encoded, languages: Sequence[Language]) -> pl.DataFrame:
    """One row a language of the corpus: language, corpus, sentences, tokens_per_sentence, tokens_per_character, fertility,
    renyi_efficiency, average_rank (units: `isogloss.factors.columns`). `languages` say in which script each is written."""
    scripts = {language.iso639_3: language.script for language in languages}
    rows = []
    for code, sentences in encoded.tokens.items():
        texts = encoded.corpus.sentences[code]
        total = sum(map(len, sentences))
        counts = list(Counter(itertools.chain.from_iterable(sentences)).values())
        rows.append(
            {
                "language": code,
                "corpus": encoded.corpus.name,
                "sentences": len(sentences),
                "tokens_per_sentence": total / len(sentences),
                "tokens_per_character": total / sum(len(unicodedata.normalize("NFC", text)) for text in texts),
                "fertility": None if scripts[code] in UNSPACED else total / sum(len(text.split()) for text in texts),
                "renyi_efficiency": renyi_efficiency(counts),
                "average_rank": average_rank(counts),
            }
        )
    return pl.DataFrame(rows, schema_overrides={"fertility": pl.Float64, "renyi_efficiency": pl.Float64})


def tokenizer_pairs(encoded: Encoded) -> pl.DataFrame:
    """One row an ordered pair: taught_in, asked_in, corpus, tokens_per_sentence_ratio (1 or more), tokens_per_sentence_taught,
    tokens_per_sentence_asked and jsd (bits)."""
    length = {code: sum(map(len, sentences)) / len(sentences) for code, sentences in encoded.tokens.items()}
    counts = {code: Counter(itertools.chain.from_iterable(sentences)) for code, sentences in encoded.tokens.items()}
    jsd = {frozenset(pair): jensen_shannon(*(counts[code] for code in pair)) for pair in itertools.combinations(counts, 2)}
    rows = [
        {
            "taught_in": taught,
            "asked_in": asked,
            "corpus": encoded.corpus.name,
            "tokens_per_sentence_ratio": max(length[taught], length[asked]) / min(length[taught], length[asked]),
            "tokens_per_sentence_taught": length[taught],
            "tokens_per_sentence_asked": length[asked],
            "jsd": jsd[frozenset((taught, asked))],
        }
        for taught, asked in itertools.permutations(counts, 2)
    ]
    return pl.DataFrame(rows)


def renyi_efficiency(counts: Iterable[int], power: float = POWER) -> float | None:
    """Renyi entropy of token frequencies over the logarithm of the number of distinct tokens; None where there is but one."""
    p = np.array(list(counts), dtype=np.float64)
    if len(p) < 2:
        return None
    return float(np.log(np.sum((p / p.sum()) ** power)) / (1 - power) / np.log(len(p)))


def average_rank(counts: Iterable[int]) -> float:
    """Expected frequency rank of a token, the most frequent being 1: how much of a vocabulary a language uses.

    Limisiewicz et al. 2023, "Tokenization Impacts Multilingual Language Modeling".
    """
    p = np.sort(np.array(list(counts), dtype=np.float64))[::-1]
    return float(np.arange(1, len(p) + 1) @ p / p.sum())


def jensen_shannon(one: Counter[int], two: Counter[int]) -> float:
    """Jensen-Shannon divergence in bits of two token distributions: 0 for equal ones, 1 for those that share no token."""
    ids = sorted(one.keys() | two.keys())
    p, q = (np.array([counts[i] for i in ids]) / counts.total() for counts in (one, two))
    middle = (p + q) / 2

    def divergence(r: np.ndarray) -> float:
        seen = r > 0
        return float(np.sum(r[seen] * np.log2(r[seen] / middle[seen])))

    return (divergence(p) + divergence(q)) / 2
