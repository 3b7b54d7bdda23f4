"""Greedy answers, many at a time."""

import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.reading import begin, readable
from isogloss.models.local import chat_prompt


@torch.inference_mode()
def answer_greedily(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    max_new_tokens: int,
    batch_size: int,
    lessons: int = 1,
) -> list[list[str | None]]:
    """The greedy answers to the questions, in order, a list a lesson; None where an answer had not ended after `max_new_tokens`.

    `model` has as many adapters stacked as there are lessons. Each of them answers `batch_size` questions at a time, or half as
    many where memory does not suffice, and so on. What questions of a batch begin with alike is read once.
    """
    prompts = [chat_prompt(tokenizer, question) for question in questions]
    answers: list[list[str | None]] = [[None] * len(prompts) for _ in range(lessons)]
    order = sorted(range(len(prompts)), key=prompts.__getitem__)
    waiting = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    say = _said if readable(model) else _generated
    while waiting:
        chosen = waiting.pop(0)
        try:
            said = say(model, tokenizer, [prompts[i] for i in chosen], lessons, max_new_tokens)
        except torch.OutOfMemoryError:
            if len(chosen) == 1:
                raise
            half = len(chosen) // 2
            waiting[:0] = [chosen[:half], chosen[half:]]
            continue
        for own, rows in zip(answers, said.tolist(), strict=True):
            for i, tokens in zip(chosen, rows, strict=True):
                if tokenizer.eos_token_id in tokens:
                    kept = tokens[: tokens.index(tokenizer.eos_token_id)]
                    own[i] = tokenizer.decode(kept, skip_special_tokens=True).strip()
    return answers


def _said(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], lessons: int, limit: int
) -> torch.Tensor:
    """Tokens of the answers [lessons, prompts, at most `limit`]; what follows an end has no meaning."""
    end = tokenizer.eos_token_id
    logits, reading = begin(model, prompts, lessons)
    said = torch.full((lessons, len(prompts), limit), tokenizer.pad_token_id, device=logits.device)
    ended = torch.zeros(lessons, len(prompts), dtype=torch.bool, device=logits.device)
    # which prompt every row is about: as many rows a lesson, of which ended ones are left out when they are many in every lesson
    prompt = torch.arange(len(prompts), device=logits.device).expand(lessons, -1)
    for step in range(limit):
        token = logits[:, -1].argmax(dim=-1).view(lessons, -1)
        said[:, :, step].scatter_(1, prompt, token)
        ended.scatter_(1, prompt, ended.gather(1, prompt) | (token == end))
        is_over = ended.gather(1, prompt)
        left = int((~is_over).sum(dim=1).max())
        if not left or step + 1 == limit:
            break
        if left <= 0.75 * token.shape[1]:
            kept = is_over.int().argsort(dim=1, stable=True)[:, :left]
            first = torch.arange(lessons, device=logits.device)[:, None] * token.shape[1]
            reading.choose((first + kept).flatten())
            prompt, token = prompt.gather(1, kept), token.gather(1, kept)
        logits = reading.read(token.reshape(-1, 1), reading.position[:, -1:] + 1)
    return said


def _generated(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], lessons: int, limit: int
) -> torch.Tensor:
    """The same as transformers generates it, for models that do not keep what they read token by token."""
    settings = GenerationConfig(
        max_new_tokens=limit, do_sample=False, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id
    )
    inputs = tokenizer.pad({"input_ids": prompts * lessons}, return_tensors="pt", padding_side="left").to(model.device)
    output = model.generate(**inputs, generation_config=settings)[:, inputs["input_ids"].shape[1] :]
    return output.view(lessons, len(prompts), -1)
