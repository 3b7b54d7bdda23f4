"""Teaching: a LoRA adapter per lesson, a checkpoint per epoch.

Lessons of a cohort share the base model and, by seed, their initial adapter and the order of their items, so they differ in what
they teach and in nothing else; a lesson's adapter does not depend on which others are in its cohort.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.config import Teaching
from isogloss.models.local import chat_prompt, without_adapter

IGNORED = -100  # label of a token that is not learned


@dataclass(frozen=True)
class Lesson:
    """Question-answer pairs to teach, in item order."""

    name: str
    questions: list[str]
    answers: list[str]

    @classmethod
    def of(cls, name: str, content: pl.DataFrame) -> "Lesson":
        """The lesson with the columns question and answer of `content`."""
        return cls(name, content["question"].to_list(), content["answer"].to_list())


def examples(lesson: Lesson, tokenizer: PreTrainedTokenizerBase) -> list[tuple[list[int], list[int]]]:
    """Tokens and labels of each pair; labels cover the answer and its end alone."""
    pairs = []
    for question, answer in zip(lesson.questions, lesson.answers, strict=True):
        prompt = chat_prompt(tokenizer, question)
        target = [*tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        pairs.append((prompt + target, [IGNORED] * len(prompt) + target))
    return pairs


def batches(
    pairs: list[tuple[list[int], list[int]]], size: int, pad: int, rng: random.Random
) -> Iterator[dict[str, torch.Tensor]]:
    """Shuffled batches, padded on the right (which a causal model never sees)."""
    order = list(range(len(pairs)))
    rng.shuffle(order)
    for start in range(0, len(order), size):
        chosen = [pairs[i] for i in order[start : start + size]]
        longest = max(len(tokens) for tokens, _ in chosen)
        yield {
            "input_ids": torch.tensor([tokens + [pad] * (longest - len(tokens)) for tokens, _ in chosen]),
            "attention_mask": torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens, _ in chosen]),
            "labels": torch.tensor([labels + [IGNORED] * (longest - len(labels)) for _, labels in chosen]),
        }


def new_adapter(base: PreTrainedModel, teaching: Teaching, seed: int) -> PeftModel:
    """`base` wrapped with a fresh adapter on every linear layer but the output layer."""
    torch.manual_seed(seed)
    settings = LoraConfig(
        r=teaching.rank,
        lora_alpha=teaching.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(base, settings)


def teach(
    base: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    lesson: Lesson,
    teaching: Teaching,
    seed: int,
    on_epoch: Callable[[int, PeftModel, dict, float], None],
    resume: tuple[int, dict[str, torch.Tensor], dict] | None = None,
) -> None:
    """Train one lesson's adapter; afterwards `base` is as it was.

    `on_epoch(epoch, model, optimizer state, mean loss)` is called after every epoch. `resume` is (last finished epoch, adapter
    weights, optimizer state); the epochs after it come out exactly as in a run that was never interrupted.
    """
    model = new_adapter(base, teaching, seed)
    try:
        weights = {name: p for name, p in model.named_parameters() if p.requires_grad}
        optimizer = torch.optim.AdamW(weights.values(), lr=teaching.learning_rate, weight_decay=0.0)
        done = 0
        if resume is not None:
            done, saved, state = resume
            with torch.no_grad():
                for name, p in weights.items():
                    p.copy_(saved[name])
            optimizer.load_state_dict(state)
        pairs = examples(lesson, tokenizer)
        model.train()
        for epoch in range(done + 1, teaching.epochs + 1):
            losses = []
            for batch in batches(pairs, teaching.batch, tokenizer.pad_token_id, random.Random(f"{seed}-{epoch}")):
                loss = model(**{name: tensor.to(base.device) for name, tensor in batch.items()}).loss
                loss.backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                losses.append(loss.item())
            on_epoch(epoch, model, optimizer.state_dict(), sum(losses) / len(losses))
    finally:
        without_adapter(model)
