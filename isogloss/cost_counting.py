"""How many tokens the texts of the configured study have, and the calls that contain them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from statistics import mean

import polars as pl
import tiktoken
from tokenizers import Tokenizer

from isogloss.asking.steps import Interventions
from isogloss.config import Config, Remote
from isogloss.knowledge.translators import FIELDS
from isogloss.languages import Language
from isogloss.paths import PRICES

# Tokens of the chat format around a message and before a reply (OpenAI cookbook, How to count tokens with tiktoken).
MESSAGE, REPLY = 4, 3
BYTES_PER_TOKEN = 4
# Mean tokens, so estimated, of the built-in sets in 19 languages: for sets of which no text is there yet.
TYPICAL = {"ask": 17, "pair": 20, "answer": 4, "text": 10, "name": 3}


@dataclass(frozen=True)
class Counting:
    """How the tokens of a model are counted."""

    count: Callable[[str], int]
    how: str


ESTIMATE = Counting(lambda text: math.ceil(len(text.encode()) / BYTES_PER_TOKEN), f"estimated: UTF-8 bytes / {BYTES_PER_TOKEN}")


@dataclass(frozen=True)
class Tokens:
    """Expected tokens of calls. `cached` are those of the prompts that were sent before; `at_most` bounds the completions."""

    prompt: float = 0
    cached: float = 0
    completion: float = 0
    at_most: float = 0
    training: float = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def counting_of(entry: object, folder: str | Path | None) -> Counting:
    """How the tokens of an entry of the config (one of `models` or `translators`) are counted: as tiktoken does if it knows the
    model and can load its vocabulary, with the tokenizer in a local model's `folder` if that is there, else by estimate."""
    if isinstance(entry, Remote):
        try:
            encoding = tiktoken.encoding_for_model(entry.name)
        except (KeyError, OSError, ValueError):  # unknown to it, not to be had offline, not what it should be
            return ESTIMATE
        return Counting(lambda text: len(encoding.encode(text, disallowed_special=())), f"tiktoken, {encoding.name}")
    path = Path(folder, "tokenizer.json") if folder else None
    if path is None or not path.is_file():
        return ESTIMATE
    tokenizer = Tokenizer.from_file(str(path))
    return Counting(lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids), f"tokenizers, {path}")


@dataclass(frozen=True)
class Study:
    """What a plan is made from: the config, the language table, the prompts by section and kind, the items by (knowledge set,
    language) as far as they are there, how tokens are counted by model or translator (else by estimate), the table of prices, the
    folder of Snakemake's benchmarks, multiple-choice items by name as far as they are there, and the steps that questions may be
    asked in."""

    config: Config
    languages: dict[str, Language]
    prompts: dict[str, dict[str, str]]
    tables: dict[tuple[str, str], pl.DataFrame]
    countings: dict[str, Counting]
    prices: str | Path = PRICES
    benchmarks: str | Path = "results/benchmarks"
    choices: dict[str, pl.DataFrame] = field(default_factory=dict)
    steps: Interventions = field(default_factory=dict)

    @cached_property
    def _known(self) -> dict[tuple, dict[str, float]]:
        return {}

    def count(self, model: str, text: str) -> int:
        """Tokens of a text."""
        return self.countings.get(model, ESTIMATE).count(text)

    def texts(self, knowledge: str) -> dict[str, pl.DataFrame]:
        """What is there of a knowledge set, by language."""
        return {code: table for (name, code), table in self.tables.items() if name == knowledge}

    def items(self, knowledge: str) -> int | None:
        """How many items a set has; None if nobody has looked yet."""
        return next((len(table) for table in self.texts(knowledge).values()), self.config.knowledge[knowledge].items)

    def lengths(self, model: str, knowledge: str, language: str) -> dict[str, float]:
        """Mean tokens: ask (question of the exam), pair (question taught and answer, a line each), answer, text (any of them),
        name (of a place); of all languages that are there, if this is not."""
        if (key := (model, knowledge, language)) not in self._known:
            there = self.texts(knowledge)
            tables = [there[language]] if language in there else list(there.values())
            rows = [row for table in tables for row in table.select(FIELDS).rows(named=True)]
            names = [name for table in tables if "name" in table.columns for name in table["name"].drop_nulls()]
            own = {"name": mean(self.count(model, name) for name in names)} if names else {}
            self._known[key] = TYPICAL | self._lengths(model, rows) | own
        return self._known[key]

    def _lengths(self, model: str, rows: list[dict]) -> dict[str, float]:
        written = {
            "ask": [row["ask_question"] for row in rows],
            "pair": [f"{row['teach_question']}\n{row['answer']}\n" for row in rows],
            "answer": [row["answer"] for row in rows],
            "text": [text for row in rows for text in row.values()],
        }
        return {key: mean(self.count(model, text) for text in texts) for key, texts in written.items()} if rows else TYPICAL

    def calls(self, model: str, number: int, messages: list[str], more: float, reply: float, cached: float = 0) -> Tokens:
        """Tokens of calls with these messages and so many tokens `more`."""
        frame = sum(self.count(model, text) + MESSAGE for text in messages) + REPLY
        limit = self.config.models[model].asking.max_new_tokens
        return Tokens(number * (frame + more), number * cached, number * reply, number * limit)
