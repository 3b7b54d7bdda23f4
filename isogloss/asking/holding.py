"""Exams held: asked of a model taught a lesson (or nothing), several lessons at once."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.exams import PLAIN, apart, together, with_said
from isogloss.asking.generation import say_greedily
from isogloss.asking.prompts import Said, parsed
from isogloss.asking.reading import fitting
from isogloss.config import Asking
from isogloss.models import memory
from isogloss.models.chat import Spoken
from isogloss.teaching.stacked import Adapter, stacked

WEIGHTS = "adapter_model.safetensors"


def hold(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    exam: pl.DataFrame,
    asking: Asking,
    lessons: int = 1,
    prompt: str = PLAIN,
) -> list[pl.DataFrame]:
    """The exam with the columns raw, answer, form and state, as in `isogloss.asking.exams.ANSWER_SCHEMA`, a table for each of the
    adapters stacked in `model`. The questions were made from `prompt`, which tells whether answers stand between tags."""
    asked = exam["question"].to_list()
    held = say_greedily(model, tokenizer, asked, asking.max_new_tokens, asking.batch, lessons)
    return [with_said(exam, [_heard(prompt, spoken) for spoken in own]) for own in held]


def _heard(prompt: str, spoken: Spoken) -> Said:
    return Said(spoken.text, *parsed(prompt, *spoken))


def hold_untaught(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    exams: dict[str, pl.DataFrame],
    asking: Asking,
    prompt: str = PLAIN,
) -> dict[str, pl.DataFrame]:
    """The exams of several lessons, of a model that is taught nothing or in context; epoch 0, and seed 0 where an exam has none
    of its own. Columns seed, epoch, asked_in, item, context, question, and those from `hold`."""
    (held,) = hold(model, tokenizer, together(exams), asking, prompt=prompt)
    return apart(held, exams)


def hold_taught(
    base: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    exams: dict[str, pl.DataFrame],
    asking: Asking,
    adapters: dict[str, dict[tuple[int, int], str | Path]],
    prompt: str = PLAIN,
) -> dict[str, pl.DataFrame]:
    """The exams of several lessons, each held with every adapter of the lesson, keyed by (seed, epoch). Adapters that are asked
    in a language answer together, as many as memory is meant for. Columns seed, epoch, asked_in, item, context (null), question,
    and those from `hold`.

    Where two exams have a language, they ask the same questions in it.
    """
    asked: dict[tuple, list[pl.DataFrame]] = {}
    by_language = {code: part for exam in exams.values() for (code,), part in exam.group_by("asked_in", maintain_order=True)}
    for code, part in by_language.items():
        lessons = [lesson for lesson, exam in exams.items() if code in exam["asked_in"]]
        asked.setdefault(tuple((lesson, *key) for lesson in lessons for key in adapters[lesson]), []).append(part)
    parts: dict[str, list[pl.DataFrame]] = {lesson: [] for lesson in exams}
    for group, tables in asked.items():
        for some in _in_memory(base, group, adapters):
            folders = [adapters[lesson][seed, epoch] for lesson, seed, epoch in some]
            with stacked(base, *read_adapters(folders), base.dtype):
                held = hold(base, tokenizer, pl.concat(tables), asking, len(some), prompt)
            for (lesson, seed, epoch), table in zip(some, held, strict=True):
                own = {"seed": pl.lit(seed), "epoch": pl.lit(epoch), "context": pl.lit(None, dtype=pl.List(pl.String))}
                parts[lesson].append(table.with_columns(**own))
    whole = {}
    for lesson, exam in exams.items():
        order = {key: number for number, key in enumerate(exam.select("asked_in", "item").iter_rows())}
        table = pl.concat(parts[lesson])
        rank = [order[key] for key in table.select("asked_in", "item").iter_rows()]
        whole[lesson] = table.with_columns(rank=pl.Series(rank)).sort("seed", "epoch", "rank").drop("rank")
    return whole


def _in_memory(base: PreTrainedModel, group: tuple, adapters: dict[str, dict[tuple[int, int], str | Path]]) -> Iterator[tuple]:
    """The adapters of a group, by lesson, seed and epoch, as many together as memory is meant for."""
    lesson, *key = group[0]
    size = (Path(adapters[lesson][tuple(key)]) / WEIGHTS).stat().st_size * (1 + base.dtype.itemsize / memory.SINGLE)
    count = fitting(base, len(group), size, memory.ADAPTED)
    for first in range(0, len(group), count):
        yield group[first : first + count]


def ask_locally(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, asking: Asking, prompts: list[str], form: str
) -> list[Said]:
    """What is said to each prompt, and what was read from it, as of `isogloss.asking.remote.answer_remotely`; `form` is what the
    prompts were made from."""
    (said,) = say_greedily(model, tokenizer, prompts, asking.max_new_tokens, asking.batch)
    return [_heard(form, spoken) for spoken in said]


def read_adapters(folders: list[str | Path]) -> tuple[list[Adapter], float]:
    """The weights of adapters in PEFT's format, and how they are scaled; ValueError if not all alike, or one is damaged."""
    settings = [json.loads((Path(folder) / "adapter_config.json").read_text(encoding="utf-8")) for folder in folders]
    weights = [_read_weights(Path(folder) / WEIGHTS) for folder in folders]
    scales = {own["lora_alpha"] / own["r"] for own in settings}
    if len(scales) > 1:
        raise ValueError(f"{', '.join(map(str, folders))} are scaled differently: lora_alpha / r is {sorted(scales)}")
    return weights, scales.pop()


def _read_weights(path: Path) -> Adapter:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}); delete it, and it is taught again") from None
