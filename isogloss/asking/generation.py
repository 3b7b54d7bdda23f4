"""Greedy answers, many at a time."""

from functools import partial

import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.reading import Reading, Tree, fitting, in_batches, readable
from isogloss.models import memory
from isogloss.models.local import chat_prompt, ends
from isogloss.models.memory import Shape


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

    `model` has as many adapters stacked as there are lessons, each of which answers up to `batch_size` questions at a time. What
    questions begin with alike is read once.
    """
    prompts = [chat_prompt(tokenizer, question) for question in questions]
    answers: list[list[str | None]] = [[None] * len(prompts) for _ in range(lessons)]
    last = set(ends(model, tokenizer))
    say = partial(_said if readable(model) else _generated, model, tokenizer, prompts, lessons, max_new_tokens)
    each = Shape.of(model.config.to_dict()).said(max_new_tokens, model.dtype.itemsize)
    most = fitting(model, batch_size, lessons * each, memory.READ)
    for numbers, said in in_batches(model, [prompt[:-1] for prompt in prompts], most, say, lessons):
        for own, rows in zip(answers, said, strict=True):
            for number, tokens in zip(numbers, rows, strict=True):
                end = next((i for i, token in enumerate(tokens) if token in last), None)
                if end is not None:
                    own[number] = tokenizer.decode(tokens[:end], skip_special_tokens=True).strip()
    return answers


def _said(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    lessons: int,
    limit: int,
    trees: list[Tree],
) -> torch.Tensor:
    """Tokens of the answers [lessons, prompts of the trees, at most `limit`]; what follows an end has no meaning."""
    device, last = model.device, torch.tensor(ends(model, tokenizer), device=model.device)
    reading = Reading(model, trees, lessons)
    lasts = [prompts[number][-1] for tree in trees for number in tree.prompts]
    prompt = reading.places.repeat(lessons, 1, 1)  # [lessons, rows, prompts]
    token = torch.tensor([*lasts, 0], device=device)[prompt]
    said = torch.full((lessons, len(lasts) + 1, limit), int(last[0]), device=device)
    ended = torch.arange(len(lasts) + 1, device=device).repeat(lessons, 1) == len(lasts)
    for step in range(limit):
        token = reading.read(token.flatten(0, 1)[..., None]).argmax(dim=-1).view_as(prompt)
        said[:, :, step].scatter_(1, prompt.flatten(1), token.flatten(1))
        ended |= torch.isin(said[:, :, step], last)
        goes_on = ~ended.gather(1, prompt.flatten(1)).view_as(prompt)
        if not goes_on.any():
            break
        prompt, token = _left(reading, goes_on, prompt, token)
    return said[:, :-1]


def _left(reading: Reading, goes_on: torch.Tensor, *each: torch.Tensor) -> list[torch.Tensor]:
    """Go on without what has ended, when that is much: what is left of each [lessons, rows, prompts]."""
    lessons, all_rows, prompts = goes_on.shape
    rows, columns = int(goes_on.any(2).sum(1).max()), int(goes_on.sum(2).max())
    if rows > all_rows / 2 and prompts > 1:
        rows = all_rows  # these are trees, which are large, and choosing means copying
    if rows * columns > 0.75 * all_rows * prompts:
        return list(each)
    row = (~goes_on.any(2)).int().argsort(dim=1, stable=True)[:, :rows].sort(dim=1).values
    row = (row + all_rows * torch.arange(lessons, device=row.device)[:, None]).flatten()
    column = (~goes_on.flatten(0, 1)[row]).int().argsort(dim=1, stable=True)[:, :columns]
    reading.choose(row, column)
    return [tensor.flatten(0, 1)[row[:, None], column].view(lessons, rows, columns) for tensor in each]


def _generated(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    lessons: int,
    limit: int,
    trees: list[Tree],
) -> torch.Tensor:
    """The same as transformers generates it, for models that do not keep what they read token by token."""
    settings = GenerationConfig(
        max_new_tokens=limit, do_sample=False, pad_token_id=tokenizer.pad_token_id, eos_token_id=ends(model, tokenizer)
    )
    chosen = [prompts[number] for tree in trees for number in tree.prompts]
    inputs = tokenizer.pad({"input_ids": chosen * lessons}, return_tensors="pt", padding_side="left").to(model.device)
    output = model.generate(**inputs, generation_config=settings)[:, inputs["input_ids"].shape[1] :]
    return output.view(lessons, len(chosen), -1)
