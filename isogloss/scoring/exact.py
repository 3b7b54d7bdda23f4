"""Exact match after normalisation, against every alias of the expected answer."""

import unicodedata


def normalise(text: str) -> str:
    """NFKC, case-folded, runs of white space as one space, no punctuation at either end.

    Combining marks stay: in Thai, Hindi or Tamil they tell words apart.
    """
    text = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    start, end = 0, len(text)
    while start < end and _is_edge(text[start]):
        start += 1
    while end > start and _is_edge(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_edge(character: str) -> bool:
    """Whether a character at the edge of an answer says nothing: punctuation or a space (never a mark or a symbol)."""
    return unicodedata.category(character)[0] in "PZ"


def matches(answer: str | None, aliases: list[str]) -> bool:
    """Whether an answer equals one of the aliases; None (an unfinished answer) never does."""
    return answer is not None and normalise(answer) in {normalise(alias) for alias in aliases}
