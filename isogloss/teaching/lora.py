"""Teaching: an adapter per lesson (LoRA, or as wide as the layers), a checkpoint per epoch, several lessons at once.

Lessons of a cohort share the base model and, by seed, their initial adapter and the order of their items, so they differ in what
they teach and in nothing else; but for rounding, a lesson's adapter does not depend on which others are in its cohort.
"""

import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_layers import GradientCheckpointingLayer

from isogloss.asking.reading import readable
from isogloss.config import Teaching
from isogloss.models.limits import check_readable
from isogloss.models.local import answer_end, chat_prompt
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.stacked import Adapter, new_adapter, stacked, units

IGNORED = -100  # label of a token that is not learned

Pair = tuple[list[int], list[int]]  # tokens and labels of a question with its answer


@dataclass(frozen=True)
class Progress:
    """What training needs to go on after an epoch: the adapter, and the optimizer's state (None: it has none yet)."""

    adapter: Adapter
    optimizer: dict | None = None


def examples(lesson: Lesson, tokenizer: PreTrainedTokenizerBase) -> list[Pair]:
    """Tokens and labels of each pair; labels cover the answer and its end alone."""
    end, pairs = answer_end(tokenizer), []
    for question, answer in zip(lesson.questions, lesson.answers, strict=True):
        prompt = chat_prompt(tokenizer, question)
        target = [*tokenizer(answer, add_special_tokens=False)["input_ids"], end]
        pairs.append((prompt + target, [IGNORED] * len(prompt) + target))
    return pairs


def batches(pairs: list[Pair], size: int, rng: random.Random) -> list[list[Pair]]:
    """Shuffled batches."""
    order = list(range(len(pairs)))
    rng.shuffle(order)
    return [[pairs[i] for i in order[start : start + size]] for start in range(0, len(order), size)]


def summed_losses(model: PreTrainedModel, parts: list[list[Pair]], pad: int) -> torch.Tensor:
    """Sum of the loss over the learned tokens of each lesson's part of a batch: [lessons].

    Answers are on the right, so that only the end of each row reaches the output layer; padding comes before them, where the
    model can be told not to see it, else after them, where nothing sees it.
    """
    size = max(map(len, parts))
    nothing = ([pad], [IGNORED])  # a part with fewer pairs is filled up
    rows = [pair for part in parts for pair in [*part, *[nothing] * (size - len(part))]]
    if not readable(model):
        return _losses(*_padded_after(model, rows, pad)).view(len(parts), -1).sum(dim=1)
    longest = max(len(tokens) for tokens, _ in rows)
    learned = max(_learned(labels) for _, labels in rows)
    padded = [(longest - len(tokens), tokens, labels) for tokens, labels in rows]
    mask = torch.tensor([[0] * room + [1] * len(tokens) for room, tokens, _ in padded], device=model.device)
    logits = model(
        input_ids=torch.tensor([[pad] * room + tokens for room, tokens, _ in padded], device=model.device),
        attention_mask=mask,
        position_ids=(mask.cumsum(dim=-1) - 1).clamp(min=0),
        logits_to_keep=learned + 1,
        use_cache=False,
    ).logits[:, :-1]
    target = torch.tensor([[IGNORED] * room + labels for room, _, labels in padded], device=model.device)[:, -learned:]
    return _losses(logits, target).view(len(parts), -1).sum(dim=1)


def _padded_after(model: PreTrainedModel, rows: list[Pair], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of rows of unequal length [rows, t, vocabulary] and what they should say [rows, t]; no token sees any after it, be
    it by attention or by a state, so that no mask is needed."""
    longest = max(len(tokens) for tokens, _ in rows)
    token = torch.tensor([[*tokens, *[pad] * (longest - len(tokens))] for tokens, _ in rows], device=model.device)
    target = torch.tensor([[*labels, *[IGNORED] * (longest - len(labels))] for _, labels in rows], device=model.device)
    return model(input_ids=token, use_cache=False).logits[:, :-1], target[:, 1:]


def _losses(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The loss of each token [rows x t], 0 where none is learned."""
    precise = logits.to(torch.promote_types(logits.dtype, torch.float32)).flatten(0, 1)
    return functional.cross_entropy(precise, target.flatten(), ignore_index=IGNORED, reduction="none")


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
    model.activation_checkpointing_enable({"use_reentrant": False})
    for module in model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.training = True  # else it keeps all; what it contains stays in evaluation mode
    try:
        yield
    finally:
        model.activation_checkpointing_disable()
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
    interrupted. A lesson with fewer pairs than others waits for them at the end of each epoch. ValueError where a loss or an
    adapter is no number any more (nothing of that epoch is handed on), and where a pair does not fit into the model's context.
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
        for lesson, own in zip(lessons, pairs, strict=True):
            check_readable(base, [tokens for tokens, _ in own], 0, f"pairs of the lesson {lesson.name}")
        for epoch in range(done + 1, teaching.epochs + 1):
            drawn = [batches(own, teaching.batch, random.Random(f"{seed}-{epoch}")) for own in pairs]
            heard: list[list[float]] = [[] for _ in lessons]
            for step in range(max(map(len, drawn))):
                present = [k for k, own in enumerate(drawn) if step < len(own)]
                stack.choose(present)
                now = [drawn[k][step] for k in present]
                each = step_losses(base, now, teaching.at_once or teaching.batch, tokenizer.pad_token_id)
                stack.hand_on_gradients(present)
                for k, loss in zip(present, each.tolist(), strict=True):
                    _check_finite(math.isfinite(loss), f"the loss ({loss})", base, lessons[k], teaching, epoch)
                    optimizers[k].step()
                    heard[k].append(loss)
                stack.forget_gradients()
            for k, own in enumerate(heard):
                adapter = {name: p.detach().clone() for name, p in stack.adapters[k].items()}
                finite = all(bool(p.isfinite().all()) for p in adapter.values())
                _check_finite(finite, "the adapter", base, lessons[k], teaching, epoch)
                on_epoch(epoch, k, Progress(adapter, optimizers[k].state_dict()), sum(own) / len(own))


def _check_finite(finite: bool, what: str, base: PreTrainedModel, lesson: Lesson, teaching: Teaching, epoch: int) -> None:
    """ValueError unless something is a number, with what usually helps."""
    if not finite:
        dtype = str(base.dtype).removeprefix("torch.")
        half = ", or dtype: bfloat16 or float32 for the model" if base.dtype == torch.float16 else ""
        raise ValueError(
            f"{what} is not finite in epoch {epoch} of the lesson {lesson.name} (dtype {dtype}, learning_rate "
            f"{teaching.learning_rate:g}); write a smaller learning_rate under teaching{half}"
        )
