"""Teach the lessons of a cohort and keep every finished epoch in the store."""

import itertools
import zipfile
from dataclasses import asdict
from pathlib import Path

import torch
from peft import LoraConfig
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.config import Teaching
from isogloss.models.chat import form_of
from isogloss.paths import ADAPTER_FILES
from isogloss.progress import Meter
from isogloss.store import Store, key_of, link_or_copy
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.lora import Progress, teach
from isogloss.teaching.stacked import new_adapter

STATE, WEIGHTS = "optimizer.pt", "adapter_model.safetensors"


def teach_cohort(
    base: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    base_fingerprint: str,
    lessons: list[Lesson],
    teaching: Teaching,
    seed: int,
    store_root: str | Path,
    version: str,
) -> dict[str, dict[int, Path]]:
    """The adapter folder of every lesson and epoch; what the store already has is not trained again.

    Lessons that have come equally far go on together, in parts where memory does not suffice for all; MemoryError if not even for
    one.
    """
    fresh, configuration = new_adapter(base, teaching, seed)
    stores = {}
    precision = str(base.dtype) + (" from 4 bits" if getattr(base, "is_quantized", False) else "")
    for lesson in lessons:
        content = {"model": base_fingerprint, "precision": precision, "lesson": asdict(lesson), "seed": seed}
        content["chat"] = form_of(tokenizer)
        content["teaching"] = teaching.model_dump(exclude={"at_once", "checkpointing"})  # results do not depend on these
        stores[lesson.name] = Store(store_root, key_of(content | {"version": version}))
        _drop_damaged(stores[lesson.name], lesson.name, teaching.epochs)

    def done(lesson: Lesson) -> int:
        return _done(stores[lesson.name], teaching.epochs)

    unfinished = sorted((lesson for lesson in lessons if done(lesson) < teaching.epochs), key=done)
    waiting = [list(group) for _, group in itertools.groupby(unfinished, key=done)]
    while waiting:
        together = waiting.pop(0)
        epoch = done(together[0])
        print(f"{', '.join(lesson.name for lesson in together)}: epochs {epoch + 1} to {teaching.epochs}", flush=True)
        meter = Meter("epochs of a lesson", len(together) * (teaching.epochs - epoch))
        keep = _keep([stores[lesson.name] for lesson in together], together, configuration, teaching.epochs, meter)
        folders = [stores[lesson.name].get(_name(epoch)) for lesson in together]
        resume = [_progress(folder) if epoch else Progress(fresh) for folder in folders]
        try:
            with meter:
                teach(base, tokenizer, together, teaching, seed, keep, epoch, resume)
        except torch.OutOfMemoryError as error:
            if len(together) == 1:
                remedy = (
                    f"write at_once: {max(1, (teaching.at_once or teaching.batch) // 2)} or checkpointing: true under teaching"
                )
                raise MemoryError(f"the memory does not suffice for teaching {together[0].name} alone; {remedy}") from error
            half = len(together) // 2
            print(f"the memory does not suffice for {len(together)} lessons at once; half as many are tried", flush=True)
            waiting[:0] = [together[:half], together[half:]]
    return {name: {epoch: store.get(_name(epoch)) for epoch in range(1, teaching.epochs + 1)} for name, store in stores.items()}


def _name(epoch: int) -> str:
    return f"epoch-{epoch}"


def _done(store: Store, epochs: int) -> int:
    """Up to which epoch a lesson is finished; 0 where training could not go on from there."""
    done = next((epoch - 1 for epoch in range(1, epochs + 1) if not store.get(_name(epoch))), epochs)
    return done if done == epochs or (done and (store.get(_name(done)) / STATE).exists()) else 0


def _drop_damaged(store: Store, lesson: str, epochs: int) -> None:
    """Take epochs out of the store whose files end too soon, as after a power cut."""
    for epoch in range(1, epochs + 1):
        folder = store.get(_name(epoch))
        if folder and not _is_whole(folder):
            print(f"{lesson}: epoch {epoch} is damaged in {folder}, and is taught again", flush=True)
            store.drop(_name(epoch))


def _is_whole(folder: Path) -> bool:
    try:
        with safe_open(folder / WEIGHTS, "pt"):  # compares the file's length with what its head says
            pass
    except (SafetensorError, OSError):
        return False
    # torch writes ZIP files, whose table of contents is at their end
    return not (folder / STATE).exists() or zipfile.is_zipfile(folder / STATE)


def _progress(folder: Path) -> Progress:
    return Progress(load_file(folder / WEIGHTS), torch.load(folder / STATE, weights_only=True, map_location="cpu"))


def _keep(stores: list[Store], lessons: list[Lesson], configuration: LoraConfig, epochs: int, meter: Meter):
    """A callback that stores each epoch; only the newest unfinished one keeps what training needs to go on."""

    def on_epoch(epoch: int, number: int, progress: Progress, loss: float) -> None:
        def write(folder: Path) -> None:
            save_file(progress.adapter, folder / WEIGHTS, metadata={"format": "pt"})
            configuration.save_pretrained(folder)
            if epoch < epochs:
                torch.save(progress.optimizer, folder / STATE)

        store = stores[number]
        store.put(_name(epoch), write)
        if before := store.get(_name(epoch - 1)):
            (before / STATE).unlink(missing_ok=True)
        print(f"{lessons[number].name}: epoch {epoch}, mean loss {loss:.4f}", flush=True)
        meter.add(1)

    return on_epoch


def publish(finished: dict[int, Path], target: str) -> None:
    """Put the stored epochs of a lesson in their place among the results; `target` has an `{epoch}` placeholder."""
    for epoch, folder in finished.items():
        for name in ADAPTER_FILES:
            link_or_copy(folder / name, Path(target.format(epoch=epoch)) / name)
