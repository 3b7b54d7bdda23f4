"""Whether exams fit into a model's context, before any of it is asked."""

from collections import Counter
from collections.abc import Callable, Iterator

import polars as pl
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.models.chat import chat_of
from isogloss.models.limits import TooLongError, positions, too_long

Exams = dict[str, pl.DataFrame]
AROUND = 1000  # bytes: a chat format puts fewer tokens than that around a question, and a token of a text has a byte at least


def check_room(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    exams: Exams,
    more: int,
    pairs: int | None,
    with_pairs: Callable[[int], Exams],
) -> None:
    """TooLongError unless every question of the exams of several lessons leaves room for so many `more` tokens; it says how many
    do not in each language, and how many pairs of a context would fit.

    Exams have the columns asked_in and question; `with_pairs` makes them anew with so many pairs (of now `pairs`; None: they
    have no context).
    """
    limit = positions(model.config)
    if not limit:
        return
    long = list(_long(tokenizer, exams, limit - more))
    if not long:
        return
    by_language = Counter(language for language, _ in long)
    which = f"{len(long)} prompts (" + ", ".join(f"{language} {count}" for language, count in by_language.items()) + ")"
    fits = None
    if pairs is not None:
        low, high = 0, pairs  # so many fit, so many do not
        while high - low > 1:
            half = (low + high) // 2
            fit = not any(_long(tokenizer, with_pairs(half), limit - more))
            low, high = (half, high) if fit else (low, half)
        fits = low
    raise TooLongError(too_long(type(model).__name__, limit, more, which, max(tokens for _, tokens in long), fits))


def _long(tokenizer: PreTrainedTokenizerBase, exams: Exams, room: int) -> Iterator[tuple[str, int]]:
    """The language and the tokens of each question that is longer than the room."""
    chat = chat_of(tokenizer)
    asked = {pair for exam in exams.values() for pair in exam.select("asked_in", "question").iter_rows()}
    for language, question in sorted(asked):
        if len(question.encode()) + AROUND > room and (tokens := len(chat.prompt(question))) > room:
            yield language, tokens
