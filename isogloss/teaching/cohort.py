"""Teach the lessons of a cohort and keep every finished epoch in the store."""

import shutil
from dataclasses import asdict
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.config import Teaching
from isogloss.paths import ADAPTER_FILES
from isogloss.store import Store, key_of, link_or_copy
from isogloss.teaching.lora import Lesson, teach

STATE, WEIGHTS = "optimizer.pt", "weights.safetensors"


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
    """The adapter folder of every lesson and epoch; what the store already has is not trained again."""
    finished = {}
    for lesson in lessons:
        content = {"model": base_fingerprint, "lesson": asdict(lesson), "teaching": teaching.model_dump(), "seed": seed}
        store = Store(store_root, key_of(content | {"version": version}))
        done = 0
        while done < teaching.epochs and store.get(_name(done + 1)):
            done += 1
        if done < teaching.epochs:
            resume = _resume(store, done)
            start = done if resume else 0
            print(f"{lesson.name}: epochs {start + 1} to {teaching.epochs}", flush=True)
            teach(base, tokenizer, lesson, teaching, seed, _keep(store, lesson.name, teaching.epochs), resume)
        finished[lesson.name] = {epoch: store.get(_name(epoch)) for epoch in range(1, teaching.epochs + 1)}
    return finished


def _name(epoch: int) -> str:
    return f"epoch-{epoch}"


def _keep(store: Store, lesson: str, epochs: int):
    """A callback that stores each epoch; only the newest unfinished one keeps what training needs to go on."""

    def on_epoch(epoch: int, model: PeftModel, state: dict, loss: float) -> None:
        def write(folder: Path) -> None:
            model.save_pretrained(folder)
            _make_anonymous(folder)
            if epoch < epochs:
                trainable = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
                save_file(trainable, folder / WEIGHTS)
                torch.save(state, folder / STATE)

        store.put(_name(epoch), write)
        if before := store.get(_name(epoch - 1)):
            for name in (WEIGHTS, STATE):
                (before / name).unlink(missing_ok=True)
        print(f"{lesson}: epoch {epoch}, mean loss {loss:.4f}", flush=True)

    return on_epoch


def _make_anonymous(folder: Path) -> None:
    """Keep the two files of the PEFT format; the model card that PEFT adds says nothing here."""
    for path in folder.iterdir():
        if path.name not in ADAPTER_FILES:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _resume(store: Store, done: int) -> tuple[int, dict, dict] | None:
    """What training needs to go on after epoch `done`; None where it has to begin again."""
    folder = store.get(_name(done))
    if folder is None or not (folder / STATE).exists() or not (folder / WEIGHTS).exists():
        return None
    return done, load_file(folder / WEIGHTS), torch.load(folder / STATE, weights_only=True)


def publish(finished: dict[int, Path], target: str) -> None:
    """Put the stored epochs of a lesson in their place among the results; `target` has an `{epoch}` placeholder."""
    for epoch, folder in finished.items():
        for name in ADAPTER_FILES:
            link_or_copy(folder / name, Path(target.format(epoch=epoch)) / name)
