"""Forced choice: which of several answers a model finds likeliest."""

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.models.local import chat_prompt


@torch.inference_mode()
def log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    options: list[list[str]],
    batch_size: int,
) -> list[list[float]]:
    """Log-probability of each option as the answer to its question, summed over the option's tokens and the end of the answer.

    `options[i]` are those of `questions[i]`. Natural logarithms, in the model's precision; an option without tokens is a
    ValueError.
    """
    rows = []  # tokens, where the option begins, question, option
    for i, (question, answers) in enumerate(zip(questions, options, strict=True)):
        prompt = chat_prompt(tokenizer, question)
        for j, answer in enumerate(answers):
            tokens = tokenizer(answer, add_special_tokens=False)["input_ids"]
            if not tokens:
                raise ValueError(f"option {j + 1} of {question!r} is empty")
            rows.append(([*prompt, *tokens, tokenizer.eos_token_id], len(prompt), i, j))
    found = [[0.0] * len(answers) for answers in options]
    rows.sort(key=lambda row: len(row[0]))
    for first in range(0, len(rows), batch_size):
        chosen = rows[first : first + batch_size]
        # padding on the right is never seen by what comes before it
        batch = tokenizer.pad({"input_ids": [row[0] for row in chosen]}, return_tensors="pt", padding_side="right")
        batch = batch.to(model.device)
        begins = min(row[1] for row in chosen)
        hidden = model.model(**batch).last_hidden_state[:, begins - 1 : -1]
        logits = model.lm_head(hidden).log_softmax(dim=-1)
        each = logits.gather(-1, batch["input_ids"][:, begins:, None]).squeeze(-1).tolist()
        for values, (whole, start, i, j) in zip(each, chosen, strict=True):
            found[i][j] = sum(values[start - begins : len(whole) - begins])
    return found


def likeliest(values: list[list[float]]) -> list[int]:
    """Index of the likeliest option of each question (the first among equals)."""
    return [max(range(len(each)), key=each.__getitem__) for each in values]
