"""Greedy answers, many at a time."""

import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from isogloss.models.local import chat_prompt


@torch.inference_mode()
def answer_greedily(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    max_new_tokens: int,
    batch_size: int,
) -> list[str | None]:
    """The greedy answer to each question, in order; None where the model had not ended its answer after `max_new_tokens`.

    Questions are batched by length, so that padding (on the left) stays short.
    """
    prompts = [chat_prompt(tokenizer, question) for question in questions]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    answers: list[str | None] = [None] * len(prompts)
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        batch = tokenizer.pad({"input_ids": [prompts[i] for i in chosen]}, return_tensors="pt", padding_side="left")
        batch = batch.to(model.device)
        output = model.generate(**batch, generation_config=settings)[:, batch["input_ids"].shape[1] :].tolist()
        for i, tokens in zip(chosen, output, strict=True):
            if tokenizer.eos_token_id in tokens:
                kept = tokens[: tokens.index(tokenizer.eos_token_id)]
                answers[i] = tokenizer.decode(kept, skip_special_tokens=True).strip()
    return answers
