"""Whether lines of the same number in files of two languages can be translations of each other.

What translation keeps tells: numbers, and names, whose consonants sound alike in every script. Where a line is far more like
another of the other language than like that of its number, the files stand in different orders.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from isogloss.knowledge.sources.alignment import CLEAR, cosines

SLIPS = 0.25  # share of items that may differ in what should be the same in two texts, and still be the same items
ADVICE = "or give the source as a table with a column item"
LEAST, MUCH = (
    0.1,
    0.3,
)  # similarity of sounds that tells that lines belong together: at the same place, or where no order is known; else
ORDERED = 3  # standard deviations by which lines of the same number are more alike than in a random order where that is no chance
BY_CHANCE = 0.04  # share of the lines that may seem to be others though the order is the same
MOVED = 0.15  # or share of those lines that tell anything
KINDS = {"P": "bpfvw", "T": "td", "K": "kgqcx", "S": "szj", "L": "lr", "M": "m", "N": "n"}
SOUNDS = {letter: kind for kind, letters in KINDS.items() for letter in letters}
# the characters with which Chinese writes most foreign names, by the consonants that they stand for
HAN = {
    "P": "巴贝比布伯博波保帕佩皮普珀法菲费弗福夫瓦维韦沃威伍武柏彼庞派", "T": "达德迪杜多蒂特塔泰提图托戴黛道丹登顿坦滕",
    "K": "加格戈古盖卡克科库凯基吉哥高考肯坎康", "S": "萨塞西索苏斯兹泽扎佐齐奇切恰乔杰朱珠沙谢希肖舒什施士森桑",
    "L": "拉雷里罗鲁莱勒利洛卢尔莉丽琳兰伦朗林劳", "M": "马玛梅米莫穆姆曼蒙门敏", "N": "纳娜内尼诺努恩南宁",
}  # fmt: skip
SYLLABLES = {character: kind for kind, characters in HAN.items() for character in characters}


@dataclass(frozen=True)
class Text:
    """An item in a language: where it is written, its questions and its answers."""

    where: str
    questions: str
    answers: str


def compare_texts(folder: Path, given: dict[str, list[Text | None]], problems: list[str], notes: list[str]) -> set[str]:
    """Compare the items of each language with those of the same number in the first: a problem where they stand in another order,
    a note on single ones that differ, and where nothing shows that the order is the same. Returns where those are written that
    seem to be the translation of another."""
    first, *rest = given
    strangers: set[str] = set()
    for code in rest:
        both = [texts for texts in zip(given[first], given[code], strict=True) if None not in texts]
        slips, numbered = _slips(both)
        alike = _sound_alike(*([texts[side] for texts in both] for side in (0, 1)))
        clear, is_ordered = _clear(alike), _above_chance(alike) > ORDERED
        elsewhere = [(i, j) for i, j in clear if i != j and alike[i, j] >= (MUCH if is_ordered else LEAST)]
        said = [f"{both[j][1].where}: seems to be {both[i][0].where}, not {both[j][0].where}" for i, j in elsewhere]
        if len(slips) > SLIPS * numbered:
            problems.append(f"{slips[0]}, and {len(slips) - 1} more; restore what is missing, {ADVICE}")
        elif len(elsewhere) > (max(1, BY_CHANCE * len(both), MOVED * len(clear)) if is_ordered else 1):
            problems.append(
                f"{said[0]}, and {len(said) - 1} more lines in {code} seem to stand at another place than in {first}; "
                f"put the files of all languages in one order, {ADVICE}"
            )
        else:
            notes += slips + [f"{line}; dropped" for line in said]
            strangers |= {both[k][1].where for pair in elsewhere for k in pair}
            if not is_ordered:
                notes.append(f"{folder}: items are the same in {first} and {code} by their order alone, nothing in them shows it")
    return strangers


def _slips(both: list[tuple[Text, Text]]) -> tuple[list[str], int]:
    """A line on each pair whose questions have other numbers, and how many pairs have numbers."""
    found = [(one, other, numbers_in(one.questions), numbers_in(other.questions)) for one, other in both]
    found = [compared for compared in found if compared[2] and compared[3]]
    slips = [
        f"{other.where}: numbers in the questions differ from {one.where}: {sorted(has)}, not {sorted(had)}"
        for one, other, had, has in found
        if had != has
    ]
    return slips, len(found)


def numbers_in(text: str) -> set[int]:
    """The whole numbers that a text has in digits of any script."""
    return {int(digits) for digits in re.findall(r"\d+", unicodedata.normalize("NFKC", text))}


def _clear(alike: np.ndarray) -> list[tuple[int, int]]:
    """Pairs that are far more like each other than either is like any other."""
    if not alike.size:
        return []
    best = alike.argmax(axis=1)
    found = []
    for i, j in enumerate(best):
        others = max(np.delete(alike[i], j).max(initial=0), np.delete(alike[:, j], i).max(initial=0))
        if alike[i, j] >= max(LEAST, CLEAR * others):
            found.append((i, int(j)))
    return found


def _above_chance(alike: np.ndarray) -> float:
    """By how many standard deviations the sum over lines of the same number is above that over lines paired at random.

    Mean and variance over all permutations as in Hoeffding 1951, "A combinatorial central limit theorem".
    """
    if len(alike) < 2:
        return 0.0
    rest = alike - alike.mean(axis=0) - alike.mean(axis=1)[:, None] + alike.mean()
    deviation = np.sqrt((rest**2).sum() / (len(alike) - 1))
    return float(np.trace(rest) / deviation) if deviation > 0 else 0.0


def _sound_alike(left: list[Text], right: list[Text]) -> np.ndarray:
    """How much items share of what they name [left, right]."""
    return cosines(*([_marks(f"{text.questions} {text.answers}") for text in half] for half in (left, right)))


def _marks(text: str) -> Counter[str]:
    """The numbers of a text and the sequences of three and four consonants in it."""
    words = re.findall(r"[^\W\d_]+(?:[\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e][^\W\d_]*)*", unicodedata.normalize("NFKC", text))
    sounds = ["".join(map(_consonants, word)) for word in words]
    grams = Counter(word[k : k + n] for word in sounds for n in (3, 4) for k in range(len(word) - n + 1))
    return grams + Counter({f"#{number}": 3 for number in numbers_in(text)})


@cache
def _consonants(character: str) -> str:
    """The kinds of consonants that a letter stands for in any script, by the name that Unicode gives it; empty for vowels."""
    if character in SYLLABLES:
        return SYLLABLES[character]
    name = unicodedata.name(character, "").split()
    if "LETTER" in name:
        spoken = next((word for word in name[name.index("LETTER") + 1 :] if word != "SMALL"), "")
    elif "SYLLABLE" in name:
        spoken = name[-1]
    elif name[:2] == ["THAI", "CHARACTER"] and len(name[2]) <= 3:  # vowels have longer names
        spoken = name[2]
    else:
        return ""
    spoken = spoken.casefold()
    if name[0] == "HANGUL":
        kinds = [SOUNDS.get(letter, "") for letter in spoken.replace("ng", "n").replace("ch", "s")]
        return "".join(kind for kind, before in zip(kinds, ["", *kinds], strict=False) if kind != before)
    if len(spoken) > 2 and spoken[0] in "aeiou":  # alef, ain, alpha, iota: vowels; but em, en, er
        return ""
    if spoken[:2] in ("sh", "ch", "ts"):
        return "S"
    return next((SOUNDS[letter] for letter in spoken if letter in SOUNDS), "")
