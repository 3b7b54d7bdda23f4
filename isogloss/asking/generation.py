"""Greedy answers, many at a time."""

import copy
import itertools
from collections.abc import Iterator

import torch
from transformers import Cache, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from isogloss.models.local import chat_prompt

Batch = tuple[list[int], dict]  # numbers of the prompts, and what `generate` is given for them


@torch.inference_mode()
def answer_greedily(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    max_new_tokens: int,
    batch_size: int,
    contexts: list[str] | None = None,
) -> list[str | None]:
    """The greedy answer to each question, in order; None where the model had not ended its answer after `max_new_tokens`.

    `contexts[i]` stands before question i, with a line break between them. A context is read once for all questions that
    share it (unless the model sums up what it reads in a state): besides those of a batch, as many are in memory.
    """
    texts = questions
    if contexts is not None:
        texts = [f"{context}\n{question}" for context, question in zip(contexts, questions, strict=True)]
    prompts = [chat_prompt(tokenizer, text) for text in texts]
    if contexts is not None and _has_attention_only(model):
        batches = _batches_after(model, tokenizer, prompts, contexts, batch_size)
    else:
        batches = _batches(tokenizer, prompts, batch_size, model.device)
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    answers: list[str | None] = [None] * len(prompts)
    for chosen, inputs in batches:
        output = model.generate(**inputs, generation_config=settings)[:, inputs["input_ids"].shape[1] :].tolist()
        for i, tokens in zip(chosen, output, strict=True):
            if tokenizer.eos_token_id in tokens:
                kept = tokens[: tokens.index(tokenizer.eos_token_id)]
                answers[i] = tokenizer.decode(kept, skip_special_tokens=True).strip()
    return answers


def _batches(tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], size: int, device: torch.device) -> Iterator[Batch]:
    """Prompts of about the same length together, so that padding (on the left) stays short."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        yield chosen, _padded(tokenizer, [prompts[i] for i in chosen], device)


def _has_attention_only(model: PreTrainedModel) -> bool:
    """Whether what a model has read is kept token by token in every layer."""
    kinds = getattr(model.config.get_text_config(), "layer_types", None) or []
    return set(kinds) <= {"full_attention", "sliding_attention", "chunked_attention"}


def _batches_after(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], contexts: list[str], size: int
) -> Iterator[Batch]:
    """The same where prompts share contexts. What all prompts of a context begin with goes through the model once.

    The rest of the prompts of a batch is of one length: a gap between a context and its question would push the context out of
    what a layer with a sliding window sees.
    """
    groups: dict[str, list[int]] = {}
    for i, context in enumerate(contexts):
        groups.setdefault(context, []).append(i)
    shared = {context: _common([prompts[i] for i in rows]) for context, rows in groups.items()}
    order = sorted(groups, key=shared.__getitem__)
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        before = _padded(tokenizer, [prompts[groups[context][0]][: shared[context]] for context in chosen], model.device)
        # `generate` counts positions from where the padding ends
        position = (before["attention_mask"].cumsum(dim=-1) - 1).clamp(min=0)
        cache = model(**before, position_ids=position, use_cache=True, logits_to_keep=1).past_key_values
        rows = sorted((len(prompts[i]) - shared[context], row, i) for row, context in enumerate(chosen) for i in groups[context])
        for length, part in itertools.groupby(rows, key=lambda row: row[0]):
            of_length = list(part)
            for first in range(0, len(of_length), size):
                _, at, numbers = map(list, zip(*of_length[first : first + size], strict=True))
                asked = torch.tensor([prompts[i][-length:] for i in numbers], device=model.device)
                yield (
                    numbers,
                    {
                        "input_ids": torch.cat([before["input_ids"][at], asked], dim=1),
                        "attention_mask": torch.cat([before["attention_mask"][at], torch.ones_like(asked)], dim=1),
                        "past_key_values": _rows_of(cache, torch.tensor(at, device=model.device)),
                    },
                )


def _common(prompts: list[list[int]]) -> int:
    """How many tokens all prompts begin with, short of their last, which an answer needs to follow."""
    rest = zip(*(prompt[:-1] for prompt in prompts), strict=False)
    return next((n for n, tokens in enumerate(rest) if len(set(tokens)) > 1), min(map(len, prompts)) - 1)


def _padded(tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], device: torch.device) -> dict:
    return tokenizer.pad({"input_ids": prompts}, return_tensors="pt", padding_side="left").to(device)


def _rows_of(cache: Cache, rows: torch.Tensor) -> Cache:
    """Some rows of a cache, as a cache of their own."""
    own = copy.copy(cache)
    own.layers = [copy.copy(layer) for layer in cache.layers]
    own.batch_select_indices(rows)
    return own
