"""Forced choice: which of several answers a model finds likeliest."""

import math

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.reading import Reading, Tree, fitting, in_batches, readable
from isogloss.models import memory
from isogloss.models.chat import chat_of
from isogloss.models.limits import check_readable
from isogloss.models.memory import Shape


@torch.inference_mode()
def log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str] | list[list[str]],
    options: list[list[str]],
    batch_size: int,
    lessons: int = 1,
) -> list[list[list[float]]]:
    """Log-probability of each option as the answer to its question, summed over the option's tokens and the end of the answer:
    [lesson][question][option].

    `options[i]` are those of `questions[i]`, which is a text, or what is said in turns up to the question; `model` has as many
    adapters stacked as there are lessons, each of which reads `batch_size` options at a time. Natural logarithms, all finite. All
    options of a question follow the same tokens: what an option begins with may change the last token before it, and then all of
    them have that token as theirs. ValueError where numbers are not finite, where an option is empty, cannot be said in the chat
    format or does not fit into the model's context, and for a model with layers that are no attention, or with an attention other
    than `sdpa`.
    """
    if not readable(model):
        raise ValueError(
            f"forced choice is made by models of attention layers alone, loaded with attn_implementation: sdpa; "
            f"{type(model).__name__} is none, or loaded otherwise"
        )
    chat = chat_of(tokenizer)
    prompts, ends, rows = [], [], []  # the last token of a question goes with the option, since it says its first
    for i, (question, answers) in enumerate(zip(questions, options, strict=True)):
        prompt, said = chat.with_answers(question, answers)
        for j, tokens in enumerate(said):
            prompts.append(prompt[:-1])
            ends.append([prompt[-1], *tokens])
            rows.append((i, j))
    check_readable(model, [[*prompt, *said] for prompt, said in zip(prompts, ends, strict=True)], 0, "questions with an option")

    def read(trees: list[Tree]) -> torch.Tensor:
        """Log-probabilities [lesson, option] of the trees' prompts."""
        own = [torch.tensor(ends[number]) for tree in trees for number in tree.prompts]
        token = pad_sequence([*own, torch.tensor([0, 0])], batch_first=True, padding_value=-1).to(model.device)
        reading = Reading(model, trees, lessons)
        token = token[reading.places].repeat(lessons, 1, 1)
        wanted = torch.zeros_like(token, dtype=torch.bool)
        wanted[:, :, :-1] = token[:, :, 1:] >= 0  # each says the next
        logits = reading.read(token.clamp(min=0), wanted)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        said = token[:, :, 1:][wanted[:, :, :-1]]
        each = logits.new_zeros(token.shape)
        each[wanted] = logits.log_softmax(dim=-1).gather(-1, said[:, None])[:, 0]
        return each.sum(dim=2).view(lessons, -1)[:, reading.places.flatten() < len(own)]

    said = lessons * max(map(len, ends), default=0) * Shape.of(model.config.to_dict()).scored()
    most = fitting(model, batch_size, max(1, said), memory.SCORED)
    found = [[[0.0] * len(answers) for answers in options] for _ in range(lessons)]
    for numbers, values in in_batches(model, prompts, most, read, lessons):
        if not all(math.isfinite(value) for each in values for value in each):
            raise ValueError(f"log-likelihoods are not finite in {model.dtype}; write dtype: float32 (or bfloat16) for the model")
        for own, each in zip(found, values, strict=True):
            for number, value in zip(numbers, each, strict=True):
                i, j = rows[number]
                own[i][j] = value
    return found


def likeliest(values: list[list[float]]) -> list[int]:
    """Index of the likeliest option of each question (the first among equals)."""
    return [max(range(len(each)), key=each.__getitem__) for each in values]
