"""A first look at a model that runs here: what it says, and the time and the memory that takes."""

import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import polars as pl
import psutil
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.holding import hold
from isogloss.config import Asking, Teaching
from isogloss.languages import Language
from isogloss.models.chat import chat_of
from isogloss.models.look import (
    EPOCHS,
    SEED,
    Answer,
    Counts,
    Here,
    Look,
    Part,
    Precision,
    Taught,
    apart,
    drawn,
    exams,
    looked_at,
    only,
    texts_of,
)
from isogloss.models.look import TAUGHT as PAIRS
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.lora import Progress, batches, examples, teach
from isogloss.teaching.losses import IGNORED, summed_losses
from isogloss.teaching.mixtures import told
from isogloss.teaching.stacked import Adapter, new_adapter, stacked

LOOKS = 0.05  # seconds between two looks at the memory
LARGER = (1, 2, 4)  # times the batch, to see what larger ones would bring
REPEATS = 3  # of such a step, of which the fastest counts
COMPARED_SECONDS = 10  # after which precisions are compared on no further answer
MB = 10**6


def look_locally(
    name: str,
    load: Callable[[], tuple[PreTrainedModel, PreTrainedTokenizerBase]],
    known: dict[str, pl.DataFrame],
    new: dict[str, pl.DataFrame],
    knowledge: dict[Part, str],
    prompts: dict[str, str],
    languages: dict[str, Language],
    pairs: int,
    asking: Asking,
    teaching: Teaching,
    together: int,
) -> Look:
    """Load a model, ask it, teach it a short lesson, and ask that.

    `known` and `new` are items by language (`known` may be empty), `knowledge` the names of the sets by part, `prompts` the texts
    by kind, `pairs` those of a context, `together` the lessons taught at a time.
    """
    began = time.perf_counter()
    memory = Memory()
    with memory.watched("loaded"):
        model, tokenizer = load()
    loading = time.perf_counter() - began
    chat = chat_of(tokenizer)
    counts = Counts(lambda text: len(chat.prompt(text)), lambda text: _count(tokenizer, text), asking.max_new_tokens)
    asked = exams(known, new, prompts, {code: language.name for code, language in languages.items()}, pairs)
    texts = texts_of(asked, prompts)
    answers: list[Answer] = []
    seconds: dict[Part, float] = {}
    for part in ("known", "in-context"):
        if part not in asked:
            continue
        with memory.watched("asking"):
            start = time.perf_counter()
            (held,) = hold(model, tokenizer, pl.concat(asked[part].values()), asking, prompt=texts[part])
            seconds[part] = time.perf_counter() - start
        print(f"{part}: {len(held)} answers in {seconds[part]:.1f} s", flush=True)
        answers += looked_at(part, apart(held, asked[part]), known if part == "known" else new, languages, counts)
    with memory.watched("teaching"):
        adapters, taught = _taught(model, tokenizer, new, prompts["question"], languages, teaching, together)
    with memory.watched("asking"):
        start, held_each = time.perf_counter(), {}
        for lesson, exam in asked["lesson"].items():
            with stacked(model, [adapters[lesson]], teaching.scale, model.dtype):
                (held_each[lesson],) = hold(model, tokenizer, exam, asking, prompt=texts["lesson"])
        seconds["lesson"] = time.perf_counter() - start
        answers += looked_at("lesson", held_each, new, languages, counts)
        writing = {times * asking.batch: _step_seconds(model, times * asking.batch) for times in LARGER}
    reading, precision = compared(model, tokenizer, _to_compare(answers, asked))
    config = model.config.get_text_config()
    return Look.since(
        began,
        texts,
        model=name,
        languages=list(languages),
        knowledge={part: knowledge[part] for part in asked},
        pairs=pairs,
        answers=answers,
        seconds=seconds,
        here=Here(
            device=model.device.type,
            dtype=precision[0],
            threads=torch.get_num_threads(),
            parameters=sum(p.numel() for p in model.parameters()),
            vocabulary=config.vocab_size,
            context=getattr(config, "max_position_embeddings", None),
            loading_seconds=loading,
            **memory.most,
            memory=memory.all,
            accelerator=memory.accelerator,
            writing=writing,
            reading=reading,
            taught=taught,
            precision=precision[1],
        ),
    )


def _count(tokenizer: PreTrainedTokenizerBase, text: str) -> int:
    return len(tokenizer(text, add_special_tokens=False)["input_ids"])


class Memory:
    """The most memory in MB that the process has, or on an accelerator the model, by what was being done."""

    def __init__(self) -> None:
        self.accelerator = torch.cuda.is_available()
        self.all = int((torch.cuda.get_device_properties(0).total_memory if self.accelerator else _memory()) / MB)
        self.most: dict[str, int] = {}

    @contextmanager
    def watched(self, doing: str) -> Iterator[None]:
        """Within it, what there is counts as of what is being done."""
        over = threading.Event()
        if self.accelerator:
            torch.cuda.reset_peak_memory_stats()
        thread = threading.Thread(target=self._watch, args=(doing, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, doing: str, over: threading.Event) -> None:
        process, done = psutil.Process(), False
        while not done:
            done = over.wait(LOOKS)  # and once more at the end
            used = torch.cuda.max_memory_allocated() if self.accelerator else process.memory_info().rss
            self.most[doing] = max(self.most.get(doing, 0), int(used / MB))


def _memory() -> int:
    return psutil.virtual_memory().total


def _taught(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    new: dict[str, pl.DataFrame],
    prompt: str,
    languages: dict[str, Language],
    teaching: Teaching,
    together: int,
) -> tuple[dict[str, Adapter], Taught]:
    """The adapter of each language after a short lesson, and how it was learned; fewer languages at a time where memory does not
    suffice."""
    items = only(new, drawn(new, PAIRS, "lesson"))
    names = {code: language.name for code, language in languages.items()}
    lessons = [told(code, items, prompt, names, None, None, SEED) for code in items]
    own = teaching.model_copy(update={"epochs": EPOCHS})
    fresh, _ = new_adapter(model, own, SEED)
    losses = {lesson.name: [_untaught_loss(model, tokenizer, lesson, own.batch)] for lesson in lessons}
    adapters: dict[str, Adapter] = {}
    steps = math.ceil(len(lessons[0].questions) / own.batch)
    waiting = [lessons[i : i + together] for i in range(0, len(lessons), together)]
    rates: list[tuple[int, float]] = []  # lessons together, seconds of a step of one
    while waiting:
        part = waiting.pop(0)
        ends: list[float] = []

        def on_epoch(epoch: int, number: int, progress: Progress, loss: float, part=part, ends=ends) -> None:
            losses[part[number].name].append(loss)
            adapters[part[number].name] = progress.adapter
            if number == 0:
                ends.append(time.perf_counter())

        try:
            teach(model, tokenizer, part, own, SEED, on_epoch, 0, [Progress(fresh)] * len(part))
        except torch.OutOfMemoryError:
            if len(part) == 1:
                raise
            for lesson in part:
                del losses[lesson.name][1:]
            half = len(part) // 2
            waiting[:0] = [part[:half], part[half:]]
            continue
        rates.append((len(part), (ends[-1] - ends[0]) / (EPOCHS - 1) / steps / len(part)))  # the first epoch is a warm-up
    count, seconds = max(rates)
    return adapters, Taught(
        steps=EPOCHS * steps,
        pairs=len(lessons[0].questions),
        together=count,
        seconds=seconds,
        losses=losses,
        guess=math.log(model.config.get_text_config().vocab_size),
        adapter_bytes=sum(4 * weight.numel() for weight in fresh.values()),
    )


@torch.inference_mode()
def _untaught_loss(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, lesson: Lesson, size: int) -> float:
    """The mean loss of a lesson's batches in its first epoch, before it is taught."""
    losses = []
    for batch in batches(examples(lesson, tokenizer), size, random.Random(f"{SEED}-1")):
        learned = sum(label != IGNORED for _, labels in batch for label in labels)
        losses.append(float(summed_losses(model, [batch], tokenizer.pad_token_id)[0]) / learned)
    return sum(losses) / len(losses)


@torch.inference_mode()
def _step_seconds(model: PreTrainedModel, batch: int) -> float:
    """Seconds in which so many answers get a token each."""
    token = torch.zeros((batch, 1), dtype=torch.long, device=model.device)
    best = math.inf
    for _ in range(REPEATS + 1):  # the first is a warm-up
        start = time.perf_counter()
        model(input_ids=token, use_cache=False).logits[:, -1].argmax(dim=-1).tolist()  # waits for an accelerator
        best = min(best, time.perf_counter() - start)
    return best


def _to_compare(answers: list[Answer], asked: dict[Part, dict[str, pl.DataFrame]]) -> list[tuple[str, str]]:
    """Prompts and what was said to them by the untaught model, of every language in turn."""
    part: Part = "known" if "known" in asked else "in-context"
    prompts = {(row["asked_in"], row["item"]): row["question"] for exam in asked[part].values() for row in exam.to_dicts()}
    said = sorted((own for own in answers if own.part == part), key=lambda own: own.item)
    return [(prompts[own.language, own.item], own.raw or "") for own in said]


@torch.inference_mode()
def compared(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, said: list[tuple[str, str]]
) -> tuple[float, tuple[str, Precision | None]]:
    """Seconds a token of reading; the model's precision, and how bfloat16 compares with it on prompts and what was said to them.

    None unless the model is in float32 on a processor: accelerators compute in bfloat16 by default. Greedy answers stay the same
    where each of their tokens stays the likeliest, which one forward pass shows. Afterwards the model is in bfloat16.
    """
    chat, dtype = chat_of(tokenizer), str(model.dtype).removeprefix("torch.")
    rows = []
    for prompt, raw in said:
        asked = chat.prompt(prompt)
        rows.append((len(asked), asked + tokenizer(raw, add_special_tokens=False)["input_ids"]))

    def passed(chosen: list[tuple[int, list[int]]]) -> tuple[list[float], list[list[int]]]:
        seconds, likeliest = [], []
        began = time.perf_counter()
        for start, tokens in [*chosen[:1], *chosen]:  # the first once more, as a warm-up
            if time.perf_counter() - began > COMPARED_SECONDS and len(seconds) > 1:
                break
            now = time.perf_counter()
            logits = model(input_ids=torch.tensor([tokens], device=model.device), use_cache=False).logits
            likeliest.append(logits[0, start - 1 :].argmax(dim=-1).tolist())  # the end as well
            seconds.append(time.perf_counter() - now)
        return seconds[1:], likeliest[1:]

    seconds, own = passed(rows)
    reading = sum(seconds) / max(1, sum(len(tokens) for _, tokens in rows[: len(seconds)]))
    if dtype != "float32" or model.device.type != "cpu" or not seconds:
        return reading, (dtype, None)
    model.to(torch.bfloat16)
    other_seconds, other = passed(rows[: len(seconds)])
    count = len(other)
    return reading, (
        dtype,
        Precision(
            other="bfloat16",
            seconds=sum(seconds[:count]) / count,
            other_seconds=sum(other_seconds) / count,
            answers=count,
            same=sum(a == b for a, b in zip(own, other, strict=False)),
        ),
    )
