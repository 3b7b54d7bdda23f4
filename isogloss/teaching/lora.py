"""Teaching: an adapter per lesson (LoRA, or as wide as the layers), a checkpoint per epoch, several lessons at once.

Lessons of a cohort share the base model and, by seed, their initial adapter and the order of their items, so they differ in what
they teach and in nothing else; but for rounding, a lesson's adapter does not depend on which others are in its cohort.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_layers import GradientCheckpointingLayer

from isogloss.config import Teaching
from isogloss.models.chat import chat_of
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.losses import IGNORED, Pair, passes, summed_losses
from isogloss.teaching.stacked import Adapter, new_adapter, stacked, units


@dataclass(frozen=True)
class Progress:
    """What training needs to go on after an epoch: the adapter, and the optimizer's state (None: it has none yet)."""

    adapter: Adapter
    optimizer: dict | None = None


def examples(lesson: Lesson, tokenizer: PreTrainedTokenizerBase) -> list[Pair]:
    """Tokens and labels of each pair; labels cover the answer and its end alone. ValueError as in
    `isogloss.models.chat.Chat.with_answers`."""
    chat, pairs = chat_of(tokenizer), []
    for question, answer in zip(lesson.questions, lesson.answers, strict=True):
        prompt, target = chat.with_answer(question, answer)
        pairs.append((prompt + target, [IGNORED] * len(prompt) + target))
    return pairs


def batches(pairs: list[Pair], size: int, rng: random.Random) -> list[list[Pair]]:
    """Shuffled batches."""
    order = list(range(len(pairs)))
    rng.shuffle(order)
    return [[pairs[i] for i in order[start : start + size]] for start in range(0, len(order), size)]


def _learned(labels: list[int]) -> int:
    return sum(label != IGNORED for label in labels)


def step_losses(model: PreTrainedModel, parts: list[list[Pair]], at_once: int, pad: int) -> torch.Tensor:
    """Mean loss over the learned tokens of each lesson's batch [lessons]; the gradients of their sum are added up, `at_once`
    pairs of a lesson at a time."""
    learned = torch.tensor([sum(_learned(labels) for _, labels in part) for part in parts], device=model.device)
    whole = torch.zeros(len(parts))
    half = model.dtype if model.dtype in (torch.bfloat16, torch.float16) else None
    for first in range(0, max(map(len, parts)), at_once):
        # where the base has half the precision, the adapters stay in float32
        with torch.autocast(model.device.type, dtype=half, enabled=half is not None):
            each = summed_losses(model, [part[first : first + at_once] for part in parts], pad) / learned
        each.sum().backward()
        whole = whole + each.detach().cpu()
    return whole


@contextmanager
def checkpointed(model: PreTrainedModel, wanted: bool) -> Iterator[None]:
    """`model` computes the activations of its layers again in the backward pass, if that is `wanted`, and drops out nothing."""
    if not wanted:
        yield
        return
    model.gradient_checkpointing_enable({"use_reentrant": False})
    for module in model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.training = True  # else it keeps all; what it contains stays in evaluation mode
    try:
        yield
    finally:
        model.gradient_checkpointing_disable()
        model.eval()


def teach(
    base: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    lessons: list[Lesson],
    teaching: Teaching,
    seed: int,
    on_epoch: Callable[[int, int, Progress, float], None],
    done: int = 0,
    resume: list[Progress] | None = None,
) -> None:
    """Train an adapter for each lesson, all at once; afterwards `base` is as it was.

    `on_epoch(epoch, number of the lesson, progress, mean loss)` is called for every lesson after every epoch. `resume` has every
    lesson's progress after the epoch `done` (None: fresh adapters); the epochs after it come out as in a run that was never
    interrupted. A lesson with fewer pairs than others waits for them at the end of each epoch.
    """
    resume = resume or [Progress(new_adapter(base, teaching, seed)[0])] * len(lessons)
    adapters = [progress.adapter for progress in resume]
    with stacked(base, adapters, teaching.scale) as stack, checkpointed(base, teaching.checkpointing):
        if teaching.layers == "full":
            stack.fix(units(adapters[0]))
        learning = [[p for p in adapter.values() if p.requires_grad] for adapter in stack.adapters]
        optimizers = [torch.optim.AdamW(own, lr=teaching.learning_rate, weight_decay=0.0, fused=True) for own in learning]
        for optimizer, progress in zip(optimizers, resume, strict=True):
            if progress.optimizer is not None:
                optimizer.load_state_dict(progress.optimizer)
        pairs = [examples(lesson, tokenizer) for lesson in lessons]
        for epoch in range(done + 1, teaching.epochs + 1):
            drawn = [batches(own, teaching.batch, random.Random(f"{seed}-{epoch}")) for own in pairs]
            heard: list[list[float]] = [[] for _ in lessons]
            for step in range(max(map(len, drawn))):
                present = [k for k, own in enumerate(drawn) if step < len(own)]
                for group in passes(base, [drawn[k][step] for k in present]):
                    chosen = [present[i] for i in group]
                    stack.choose(chosen)
                    now = [drawn[k][step] for k in chosen]
                    each = step_losses(base, now, teaching.at_once or teaching.batch, tokenizer.pad_token_id)
                    for k, loss in zip(chosen, each.tolist(), strict=True):
                        heard[k].append(loss)
                stack.hand_on_gradients(present)
                for k in present:
                    optimizers[k].step()
                stack.forget_gradients()
            for k, own in enumerate(heard):
                adapter = {name: p.detach().clone() for name, p in stack.adapters[k].items()}
                on_epoch(epoch, k, Progress(adapter, optimizers[k].state_dict()), sum(own) / len(own))
