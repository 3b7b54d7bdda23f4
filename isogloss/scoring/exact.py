"""Is an answer right? It is one of the expected answer's aliases after normalisation, or names it and no other of its class.

The second rule is for answers that are sentences. Aliases of the expected answer and of its rivals are looked for as words; of
overlapping finds the longest counts (`dollar` within `Canadian dollar` is not there). The answer is right if the expected one
is found and no rival. So `Monday or Tuesday` is right for neither, and `not Monday` is right for Monday: negation is beyond
this rule.

What ends a word: anything but a letter, a mark or a digit. In scripts written without spaces a word may begin and end anywhere
but within a run of Katakana, before a mark (`มา` is not in `ม้า`) or between digits (`1月` is not in `11月`). A Korean word may
end in a particle or a copula. A single character (`日`, short for Sunday) counts only as a whole answer.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache

UNSPACED = ("CJK", "HIRAGANA", "THAI", "KATAKANA")
PARTICLES = (
    "입니다", "이다", "이에요", "예요", "이며", "이고", "에", "에서", "에는", "은", "는", "이", "가",
    "을", "를", "의", "로", "으로", "와", "과", "도",
)  # fmt: skip


@cache
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


def verdict(answer: str | None, aliases: Iterable[str], rivals: frozenset[str]) -> str | None:
    """How an answer is right: `exact`, `within` a longer answer, or None if it is not.

    `rivals` are aliases of the other answers of the class, normalised; those that are also aliases are no rivals.
    """
    if answer is None:
        return None
    text, own = normalise(answer), frozenset(map(normalise, aliases))
    return decided(text, found_in(text, by_beginning(own | rivals)), own)


def decided(text: str, finds: list[tuple[int, int, str]], own: frozenset[str]) -> str | None:
    """The verdict on a normalised text in which these names were found, those in `own` being right and all others rivals."""
    if text in own:
        return "exact"
    longest: list[tuple[int, int, str]] = []
    for find in sorted(finds, key=lambda find: find[0] - find[1]):
        if not any(_covers(other, find) for other in longest):  # what is not there itself hides nothing
            longest.append(find)
    return "within" if longest and all(name in own for _, _, name in longest) else None


def by_beginning(names: Iterable[str]) -> dict[str, list[str]]:
    """Normalised names by their first two characters; those of one character are found in no longer text and are left out."""
    index: dict[str, list[str]] = {}
    for name in names:
        if len(name) > 1:
            index.setdefault(name[:2], []).append(name)
    return index


def found_in(text: str, index: dict[str, list[str]]) -> list[tuple[int, int, str]]:
    """(start, end, name) wherever one of the names stands in a normalised text as a word."""
    return [
        (start, start + len(name), name)
        for start in range(len(text) - 1)
        for name in index.get(text[start : start + 2], ())
        if text.startswith(name, start) and _is_word(text, start, start + len(name))
    ]


def _covers(other: tuple[int, int, str], find: tuple[int, int, str]) -> bool:
    """Whether `other` overlaps `find` and is longer."""
    return other[0] < find[1] and find[0] < other[1] and other[1] - other[0] > find[1] - find[0]


def _is_word(text: str, start: int, end: int) -> bool:
    """Whether what stands there is a word of its own."""
    before, after = text[:start], text[end:]
    return _is_break(before[-1:], text[start]) and (_is_break(text[end - 1], after[:1]) or _is_particle(after))


def _is_break(left: str, right: str) -> bool:
    """Whether a word may end between two characters (one may be missing)."""
    if not left or not right:
        return True
    kinds = [unicodedata.category(character)[0] for character in (left, right)]
    if kinds[1] == "M" or kinds == ["N", "N"]:
        return False
    if not all(kind in "LMN" for kind in kinds):
        return True
    scripts = [_script(character) for character in (left, right)]
    return scripts != ["KATAKANA", "KATAKANA"] and any(script in UNSPACED for script in scripts)


def _script(character: str) -> str:
    return "KATAKANA" if character == "ー" else unicodedata.name(character, "").split(" ")[0].split("-")[0]


def _is_particle(after: str) -> bool:
    """Whether what follows a name is one Korean particle or copula."""
    word = after
    for i, character in enumerate(after):
        if not character.isalnum():
            word = after[:i]
            break
    return word in PARTICLES
