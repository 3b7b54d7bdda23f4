"""Forced choice: which of several answers a model finds likeliest."""

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.reading import begin, readable
from isogloss.models.local import chat_prompt


@torch.inference_mode()
def log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    options: list[list[str]],
    batch_size: int,
    lessons: int = 1,
) -> list[list[list[float]]]:
    """Log-probability of each option as the answer to its question, summed over the option's tokens and the end of the answer:
    [lesson][question][option].

    `options[i]` are those of `questions[i]`; `model` has as many adapters stacked as there are lessons, each of which reads
    `batch_size` options at a time. Natural logarithms, in the model's precision; an option without tokens is a ValueError, and so
    is a model with layers that are no attention.
    """
    if not readable(model):
        raise ValueError(f"{type(model).__name__} has layers that are no attention; forced choice is not made for such models")
    rows = []  # tokens, how many of them are the option's, question, option
    for i, (question, answers) in enumerate(zip(questions, options, strict=True)):
        prompt = chat_prompt(tokenizer, question)
        for j, answer in enumerate(answers):
            tokens = tokenizer(answer, add_special_tokens=False)["input_ids"]
            if not tokens:
                raise ValueError(f"option {j + 1} of {question!r} is empty")
            rows.append(([*prompt, *tokens, tokenizer.eos_token_id], len(tokens) + 1, i, j))
    found = [[[0.0] * len(answers) for answers in options] for _ in range(lessons)]
    rows.sort(key=lambda row: row[0])
    for first in range(0, len(rows), batch_size):
        chosen = rows[first : first + batch_size]
        longest = max(row[1] for row in chosen)
        # the token before an option says its first token
        logits, _ = begin(model, [row[0] for row in chosen], lessons, longest + 1)
        said = logits[:, :-1].log_softmax(dim=-1).view(lessons, len(chosen), longest, -1)
        wanted = torch.tensor([row[0][-longest:] for row in chosen], device=said.device)
        each = said.gather(-1, wanted.expand(lessons, -1, -1)[..., None]).squeeze(-1).tolist()
        for own, values in zip(found, each, strict=True):
            for value, (_, length, i, j) in zip(values, chosen, strict=True):
                own[i][j] = sum(value[-length:])
    return found


def likeliest(values: list[list[float]]) -> list[int]:
    """Index of the likeliest option of each question (the first among equals)."""
    return [max(range(len(each)), key=each.__getitem__) for each in values]
