"""Lessons taught by fine-tuning jobs at an OpenAI-compatible endpoint.

A finished job is a record in the store of calls; until then a file `tuning/*.json` says what was begun, as for batches.
"""

import json
import random
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openai

from isogloss.config import Remote, RemoteTeaching
from isogloss.remote.chat import client_of
from isogloss.remote.failures import RemoteError
from isogloss.remote.jobs import Begun, explained, forget, made_once, when_ended
from isogloss.remote.prices import price_of, unpriced
from isogloss.remote.store import CallStore
from isogloss.store import key_of
from isogloss.teaching.lessons import Lesson

CHECKPOINTS = 3  # of so many last epochs OpenAI keeps one: developers.openai.com/api/docs/guides/supervised-fine-tuning
SUFFIX = 18  # characters that some servers take at most for their part of a new model's name
CLAIMED = 2 * 86400.0  # seconds that a job may take, waiting included
LOOK = 1.0  # seconds until it is looked again whether another process is done with the same job


def fine_tune(
    endpoint: Remote, lesson: Lesson, teaching: RemoteTeaching, seed: int, root: str | Path, budget_usd: float | None = None
) -> dict[int, str]:
    """Names of models that were taught the lesson, by epoch: the last one's, or every one's if `teaching.every_epoch`.

    Up to `CHECKPOINTS` epochs come from one job, if it keeps a checkpoint of each; else each comes from a job of its own, which
    goes on with the model of the epoch before. `root` keeps finished jobs, so only what is missing is made. Raises RemoteError
    for a job that failed or was cancelled, and for one that could take the price of all in the store beyond `budget_usd`.
    """
    epochs, name = teaching.epochs, endpoint.name
    with client_of(endpoint) as client:
        jobs = _Jobs(endpoint, client, CallStore(root), lesson, teaching, seed, budget_usd)
        if not teaching.every_epoch:
            return {epochs: jobs.trained(name, epochs)["tuned"]}
        without = key_of({"base_url": endpoint.base_url.rstrip("/"), "model": name, "checkpoints": "incomplete"})
        if epochs <= CHECKPOINTS and (jobs.store.get(without) is None or jobs.is_begun(name, epochs)):
            if found := by_epoch(jobs.trained(name, epochs), epochs):
                return found
            jobs.store.put(without, {"time": time.time()})  # no job is wasted on the other lessons
            print(f"{endpoint.base_url} does not keep {name} after every epoch: each is a job of its own from now on", flush=True)
        found = {}
        for epoch in range(1, epochs + 1):
            name = found[epoch] = jobs.trained(name, 1)["tuned"]
        return found


def by_epoch(record: dict, epochs: int) -> dict[int, str] | None:
    """The models of a job by epoch; None unless it has as many checkpoints as epochs, at even distances."""
    checkpoints = sorted(record["checkpoints"])[:-1] if epochs > 1 else []  # the last one is the model itself
    last = max((step for step, _ in record["checkpoints"]), default=0)
    even = all(abs(epochs * step - last * epoch) < epochs for epoch, (step, _) in enumerate(checkpoints, 1))
    if len(checkpoints) != epochs - 1 or not even:
        return None
    return {epoch: name for epoch, (_, name) in enumerate(checkpoints, 1)} | {epochs: record["tuned"]}


@dataclass(frozen=True)
class _Jobs:
    """The jobs of a lesson."""

    endpoint: Remote
    client: openai.OpenAI
    store: CallStore
    lesson: Lesson
    teaching: RemoteTeaching
    seed: int
    budget: float | None

    def is_begun(self, model: str, epochs: int) -> bool:
        """Whether such a job is done or under way."""
        key = self._key(model, epochs)
        return self.store.get(key) is not None or self._path(key).exists()

    def trained(self, model: str, epochs: int) -> dict[str, Any]:
        """The record of a job of so many epochs that begins with `model`, once it is done."""
        key, usd, waiting = self._key(model, epochs), self._most_usd(epochs), False
        path = self._path(key)
        while (record := self.store.get(key)) is None:
            made = path.exists() and Begun.read(path).made  # and has its price already
            if claim := self.store.claim([key], usd, CLAIMED, None if made else self._budget(usd)):
                try:
                    begun = self._left_open(path) or self._started(model, epochs, path)
                    self.store.put(key, self._ended(begun, path))
                    forget(self.client, path, begun.file)
                finally:
                    self.store.release(claim)
                continue
            if not waiting:
                print(
                    f"{self.lesson.name}: waiting for another process, which has this job or the rest of the budget; if it was "
                    f"killed on another machine: rm {self.store.root}/claims/*.json",
                    flush=True,
                )
            waiting = True
            time.sleep(LOOK * random.uniform(0.5, 1.5))
        return record

    def _key(self, model: str, epochs: int) -> str:
        job = {"model": model, "hyperparameters": self._settings(epochs), "seed": self.seed, "lesson": self._examples}
        return key_of(job | {"base_url": self.endpoint.base_url.rstrip("/")})

    def _path(self, key: str) -> Path:
        return self.store.root / "tuning" / f"{key}.json"

    def _settings(self, epochs: int) -> dict[str, Any]:
        settings: dict[str, Any] = {"n_epochs": epochs, "batch_size": self.teaching.batch}
        if self.teaching.learning_rate_multiplier is not None:
            settings["learning_rate_multiplier"] = self.teaching.learning_rate_multiplier
        return settings

    @property
    def _examples(self) -> list[dict]:
        pairs = zip(self.lesson.questions, self.lesson.answers, strict=True)
        return [
            {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
            for question, answer in pairs
        ]

    @property
    def _content(self) -> bytes:
        return "".join(json.dumps(example, ensure_ascii=False) + "\n" for example in self._examples).encode()

    def _most_usd(self, epochs: int) -> float:
        """The most that a job can cost: no tokenizer makes more tokens than there are bytes. 0 where there is no price."""
        price = price_of(self.endpoint.name)
        return len(self._content) * epochs * ((price and price.training) or 0.0) / 1e6

    def _budget(self, usd: float) -> float | None:
        """The budget. Raises RemoteError where it has not so much left, or where there is no price to tell."""
        price, spent = price_of(self.endpoint.name), self.store.spent
        if self.budget is not None and (price is None or price.training is None):
            raise RemoteError(unpriced(self.endpoint.name))
        if self.budget is not None and spent + usd > self.budget:
            raise RemoteError(
                f"budget_usd: {self.budget:g} does not allow the fine-tuning of {self.lesson.name}, which may cost up to "
                f"{usd:.6f} USD: {spent:.6f} USD are spent; write budget_usd: {spent + usd:.2g} or more"
            )
        return self.budget

    def _left_open(self, path: Path) -> Begun | None:
        """The job that an earlier run began, if it was made; one that never was is forgotten."""
        begun = Begun.read(path) if path.exists() else None
        if begun and begun.made is None:
            with explained(self.endpoint, "there is no list of fine-tuning jobs"):
                begun = replace(begun, made=self._made_from(begun.file)).write(path)
        if begun and begun.made is None:
            forget(self.client, path, begun.file)
            return None
        return begun

    def _made_from(self, file: str) -> str | None:
        return next((job.id for job in self.client.fine_tuning.jobs.list(limit=100) if job.training_file == file), None)

    def _started(self, model: str, epochs: int, path: Path) -> Begun:
        method: Any = {"type": "supervised", "supervised": {"hyperparameters": self._settings(epochs)}}
        suffix = re.sub("[^0-9A-Za-z]+", "-", f"{self.lesson.name}-{self.seed}")[:SUFFIX].strip("-")
        once = self.client.with_options(max_retries=0).fine_tuning.jobs
        with explained(self.endpoint, f"there is no fine-tuning, or not of {model}; name a model that can be"):
            file = self.client.files.create(file=("lesson.jsonl", self._content), purpose="fine-tune").id
            begun = Begun([path.stem], file).write(path)
            made = made_once(
                self.endpoint,
                lambda: once.create(model=model, training_file=file, method=method, seed=self.seed, suffix=suffix).id,
                lambda: self._made_from(file),
            )
        print(f"{self.lesson.name}: fine-tuning job {made} of {epochs} epochs submitted", flush=True)
        return replace(begun, made=made).write(path)

    def _ended(self, begun: Begun, path: Path) -> dict[str, Any]:
        """Wait for a job; its record. Raises RemoteError where it failed."""
        lost = f"job {begun.made} is not there (any more); use the key it was made with, or have it made anew: rm {path}"
        with explained(self.endpoint, lost):
            job = when_ended(self.endpoint, lambda: self.client.fine_tuning.jobs.retrieve(begun.made))
        if job.status != "succeeded":
            forget(self.client, path, begun.file)
            why = f": {job.error.message}" if job.error and job.error.message else ""
            raise RemoteError(
                f"{self.lesson.name}: fine-tuning job {job.id} {job.status}{why}; "
                "when that is put right, the same command makes a new job"
            )
        record = {"tuned": job.fine_tuned_model, "job": job.id, "trained_tokens": job.trained_tokens, "time": time.time()}
        price = price_of(self.endpoint.name)
        if price and price.training is not None and job.trained_tokens is not None:
            record["usd"] = job.trained_tokens * price.training / 1e6
        return record | {"checkpoints": self._checkpoints(job.id)}

    def _checkpoints(self, job: str) -> list[tuple[int, str]]:
        """Steps and models; none where the server does not offer them."""
        with explained(self.endpoint, ""):
            try:
                found = self.client.fine_tuning.jobs.checkpoints.list(job, limit=100)
                return [(checkpoint.step_number, checkpoint.fine_tuned_model_checkpoint) for checkpoint in found]
            except openai.NotFoundError:
                return []
