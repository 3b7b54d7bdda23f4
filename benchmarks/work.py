"""What is taught and asked in the benchmarks, and how ways to do it are timed."""

import gc
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
import psutil
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.exams import after_contexts, questions, worded
from isogloss.asking.prompts import read_prompts
from isogloss.config import BuiltIn, SandboxTeaching, Teaching
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.models.local import load_model
from isogloss.models.sandbox.pretrain import matmul_peak
from isogloss.paths import LANGUAGES, PHRASEBOOK, PROMPTS
from isogloss.teaching.lessons import Lesson, content

SANDBOX = "data/sandbox"


@dataclass
class Work:
    """The built-in knowledge in some languages, to be taught to a model: `count` items, all lessons at once.

    The shipped sandbox is asked bare questions; any other `model`, a folder of weights, is told what to do beside them.
    """

    languages: list[str]
    count: int
    epochs: int
    threads: int
    repeats: int
    model: str = SANDBOX
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
        """The model and its tokenizer."""
        return load_model(self.model)

    @property
    def teaching(self) -> Teaching:
        """How it is taught."""
        return SandboxTeaching(epochs=self.epochs) if self.model == SANDBOX else Teaching(epochs=self.epochs, batch=8)

    @property
    def prompts(self) -> dict[str, str]:
        """What stands beside a question, by kind."""
        return read_prompts(PROMPTS)["plain" if self.model == SANDBOX else "instructed"]

    @property
    def names(self) -> dict[str, str]:
        """What the languages are called."""
        return {code: language.name for code, language in read_languages(LANGUAGES).items()}

    @property
    def lessons(self) -> list[Lesson]:
        """A lesson a language."""
        said = {code: content(code, self.items) for code in self.languages}
        return [Lesson.of(code, worded(own, self.prompts["question"], self.names, "version")) for code, own in said.items()]

    @property
    def exam(self) -> pl.DataFrame:
        """Every item in every language."""
        return worded(questions(self.items), self.prompts["question"], self.names)

    def exam_after(self, code: str, pairs: int) -> pl.DataFrame:
        """The same after a context of so many pairs in a language."""
        exam = after_contexts(questions(self.items), content(code, self.items), pairs, [1])
        return worded(exam, self.prompts["context"], self.names)


@dataclass(frozen=True)
class Row:
    """A line of the summary: seconds, the share `peak` of the machine's matrix products that ours reaches, and the most memory
    that was resident meanwhile, the model's included (None: not measured)."""

    benchmark: str
    ours_seconds: float
    baseline: str
    baseline_seconds: float
    target: float | None = None
    peak: float | None = None
    ours_mb: float | None = None
    baseline_mb: float | None = None


@dataclass(frozen=True)
class Measured:
    """What a way to do the work needed, its seconds a median, and what it gave the first time."""

    seconds: float
    mb: float
    result: object


class Memory(threading.Thread):
    """Watches how much memory of this process is resident, and keeps the most, in MB."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most = 0.0
        self._over = threading.Event()

    def run(self) -> None:
        process = psutil.Process()
        while not self._over.wait(0.02):
            self.most = max(self.most, process.memory_info().rss / 1e6)

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self.join()


def alternate(ways: dict[str, Callable[[], object]], repeats: int) -> dict[str, Measured]:
    """All ways in turn, `repeats` times."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    most, results = dict.fromkeys(ways, 0.0), {}
    for turn in range(repeats):
        for name, way in ways.items():
            gc.collect()
            began = time.perf_counter()
            with Memory() as memory:
                found = way()
            seconds[name].append(time.perf_counter() - began)
            most[name] = max(most[name], memory.most)
            results.setdefault(name, found)
            print(f"{name}, run {turn + 1}: {seconds[name][-1]:.1f} s, {memory.most:.0f} MB", flush=True)
    return {name: Measured(statistics.median(own), most[name], results[name]) for name, own in seconds.items()}


def compared_row(benchmark: str, found: dict[str, Measured], baseline: str, target: float, ours: Callable[[], object]) -> Row:
    """A line of the summary: `ours` beside a baseline, with the share of the machine's matrix products that it reaches."""
    own, other = found["ours"], found[baseline]
    share = operations(ours) / own.seconds / matmul_peak(torch.float32)
    return Row(benchmark, own.seconds, baseline, other.seconds, target, share, own.mb, other.mb)


def operations(way: Callable[[], object]) -> int:
    """Floating-point operations of the matrix products and the attention of one run."""
    with FlopCounterMode(display=False) as counter:
        way()
    return counter.get_total_flops()
