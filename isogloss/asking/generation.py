"""Greedy answers, many at a time."""

from functools import partial
from weakref import WeakSet

import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.prompts import parsed
from isogloss.asking.reading import Reading, Tree, fitting, in_batches, readable
from isogloss.asking.trying import PROBED, close
from isogloss.models import memory
from isogloss.models.chat import Spoken, chat_of
from isogloss.models.limits import check_readable
from isogloss.models.memory import Shape

UNCACHED: WeakSet[PreTrainedModel] = WeakSet()  # models of which it was said that they are asked without their cache


@torch.inference_mode()
def say_greedily(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    max_new_tokens: int,
    batch_size: int,
    lessons: int = 1,
) -> list[list[Spoken]]:
    """What is said greedily to the questions, in order, a list a lesson; not ended where it would be more than `max_new_tokens`.
    It is read with `isogloss.asking.prompts.parsed`.

    `model` has as many adapters stacked as there are lessons, each of which answers up to `batch_size` questions at a time. What
    questions begin with alike is read once. ValueError where prompts do not fit into the model's context (see
    `isogloss.models.limits`).
    """
    chat = chat_of(tokenizer, model)
    prompts = [chat.prompt(question) for question in questions]
    check_readable(model, prompts, max_new_tokens, "prompts")
    answers = [[Spoken("", False)] * len(prompts) for _ in range(lessons)]
    say = partial(_said if readable(model) else _generated, model, tokenizer, prompts, lessons, max_new_tokens)
    each = Shape.of(model.config.to_dict()).said(max_new_tokens, model.dtype.itemsize)
    most = fitting(model, batch_size, lessons * each, memory.READ)
    for numbers, said in in_batches(model, [prompt[:-1] for prompt in prompts], most, say, lessons):
        for own, rows in zip(answers, said, strict=True):
            for number, tokens in zip(numbers, rows, strict=True):
                own[number] = chat.said(tokens)
    return answers


def answer_greedily(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    max_new_tokens: int,
    batch_size: int,
    lessons: int = 1,
) -> list[list[str | None]]:
    """The answers in what is said greedily (see `say_greedily`), without thoughts and without what is left of the chat format;
    None where none came to an end."""
    said = say_greedily(model, tokenizer, questions, max_new_tokens, batch_size, lessons)
    return [[parsed("", *spoken).answer for spoken in own] for own in said]


def _said(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    lessons: int,
    limit: int,
    trees: list[Tree],
) -> torch.Tensor:
    """Tokens of the answers [lessons, prompts of the trees, at most `limit`]; what follows an end has no meaning."""
    device, last = model.device, torch.tensor(chat_of(tokenizer, model).ends, device=model.device)
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
    """The same as transformers generates it, for models that do not keep what they read token by token: prompts of one length at
    a time, since what pads others would become a part of the state that recurrent layers keep."""
    last = chat_of(tokenizer, model).ends
    chosen = [prompts[number] for tree in trees for number in tree.prompts]
    said = torch.full((lessons, len(chosen), limit), last[0], device=model.device)
    for length in sorted({len(prompt) for prompt in chosen}):
        alike = [i for i, prompt in enumerate(chosen) if len(prompt) == length]
        token = torch.tensor([chosen[i] for i in alike] * lessons, device=model.device)
        settings = GenerationConfig(
            max_new_tokens=limit,
            do_sample=False,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=last,
            use_cache=_cache_is_right(model, token),
        )
        output = model.generate(input_ids=token, attention_mask=torch.ones_like(token), generation_config=settings)[:, length:]
        said[:, alike, : output.shape[1]] = output.view(lessons, len(alike), -1)
    return said


def _cache_is_right(model: PreTrainedModel, token: torch.Tensor) -> bool:
    """Whether going on from what was read gives the same logits as reading all anew, but for rounding, for these prompts
    [rows, t]; there are models in transformers with which it does so for a single prompt alone."""
    settings = {"min_new_tokens": 2, "max_new_tokens": 2, "do_sample": False, "pad_token_id": 0, "output_logits": True}
    begin = token[:, :PROBED]
    cached, anew = (
        model.generate(
            input_ids=begin,
            attention_mask=torch.ones_like(begin),
            generation_config=GenerationConfig(**settings, return_dict_in_generate=True, use_cache=cache),
        )
        for cache in (True, False)
    )
    same = cached.sequences[:, begin.shape[1]] == anew.sequences[:, begin.shape[1]]
    if close(cached.logits[1][same], anew.logits[1][same]):
        return True
    if model not in UNCACHED:
        UNCACHED.add(model)
        print(f"{type(model).__name__} is asked without its cache, since with that it gives other answers in batches", flush=True)
    return False
