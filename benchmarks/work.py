"""What is taught and asked in the benchmarks, and how ways to do it are timed."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.exams import questions
from isogloss.config import BuiltIn, SandboxTeaching, Teaching
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.models.local import load_model
from isogloss.paths import LANGUAGES, PHRASEBOOK
from isogloss.teaching.lessons import Lesson, content

SANDBOX = "data/sandbox"


@dataclass
class Work:
    """The built-in knowledge in some languages, to be taught to the shipped sandbox: `count` items, all lessons at once."""

    languages: list[str]
    count: int
    epochs: int
    threads: int
    repeats: int
    asked_at_once: int = 64
    items: dict[str, pl.DataFrame] = field(init=False)

    def __post_init__(self):
        torch.set_num_threads(self.threads)
        table, world = read_languages(LANGUAGES), World("data/world")
        drawn = built_in_items(world, BuiltIn(kind="new", items=self.count))
        self.items = {
            code: render(drawn, world, table[code], read_phrasebook(PHRASEBOOK.format(language=code))) for code in self.languages
        }

    @cached_property
    def loaded(self) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """The sandbox and its tokenizer."""
        return load_model(SANDBOX)

    @property
    def teaching(self) -> Teaching:
        """How the sandbox is taught."""
        return SandboxTeaching(epochs=self.epochs)

    @property
    def lessons(self) -> list[Lesson]:
        """A lesson a language."""
        return [Lesson.of(code, content(code, self.items)) for code in self.languages]

    @property
    def exam(self) -> pl.DataFrame:
        """Every item in every language."""
        return questions(self.items)


@dataclass(frozen=True)
class Row:
    """A line of the summary; `peak` is the share of the machine's matrix products that ours reaches (None: not asked for)."""

    benchmark: str
    ours_seconds: float
    baseline: str
    baseline_seconds: float
    target: float | None = None
    peak: float | None = None


def alternate(ways: dict[str, Callable[[], object]], repeats: int) -> tuple[dict[str, float], dict[str, object]]:
    """Median seconds of each way, all of them in turn `repeats` times, and what each gave the first time."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    results = {}
    for turn in range(repeats):
        for name, way in ways.items():
            began = time.perf_counter()
            found = way()
            seconds[name].append(time.perf_counter() - began)
            results.setdefault(name, found)
            print(f"{name}, run {turn + 1}: {seconds[name][-1]:.1f} s", flush=True)
    return {name: statistics.median(own) for name, own in seconds.items()}, results


def operations(way: Callable[[], object]) -> int:
    """Floating-point operations of the matrix products and the attention of one run."""
    with FlopCounterMode(display=False) as counter:
        way()
    return counter.get_total_flops()
