"""One spelling for what is the same word: what `normalise` makes of a text is compared, and nothing is shown of it.

Folded are differences of keyboards, fonts and habits. What tells words apart in a language stays: `n` and `ñ`, `papa` and `papá`,
the tone marks of Thai and Vietnamese, the long vowels of Hindi.
"""

import re
import unicodedata
from functools import cache

from opencc import OpenCC

APOSTROPHES = "’‘ʼʻʹ′`´ʽˈ＇‛׳՚ꞌ"
HYPHENS = "‐‑‒–—―−﹘﹣－־᠆"
MIDDLE_DOTS = "·・‧•∙⋅･᛫"
LETTERS = {  # written in one way or the other for one letter
    "ى": "ي", "ی": "ي", "ې": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ئ": "ي",
    "ş": "ș", "ţ": "ț", "ё": "е", "ı": "i", "œ": "oe", "ة": "ه", "״": '"', "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
}  # fmt: skip
NUKTAS = "\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc"
# vowel signs of Arabic and Hebrew, which are mostly left out; tatweel; the dot that folding leaves of İ
UNWRITTEN = re.compile(
    f"[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u0640\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0307{NUKTAS}]"
)
_TABLE = str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(HYPHENS, "-") | dict.fromkeys(MIDDLE_DOTS, "·") | LETTERS)
# where Vietnamese puts the tone of oa, oe and uy: on the first letter, as in older books
_TONES = {
    old + new: first + last
    for old, new, first, last in (
        (vowel, marked, unicodedata.normalize("NFC", vowel + mark), unicodedata.normalize("NFD", marked)[0])
        for vowel, last in ("oa", "oe", "uy")
        for mark in "\u0300\u0301\u0309\u0303\u0323"
        for marked in (unicodedata.normalize("NFC", last + mark),)
    )
}
_TONED = re.compile(f"({'|'.join(_TONES)})(?![^\\W\\d_])")
PREFIXED = re.compile(r"(?<![^\W_])([A-Z]?[a-z]{1,5})([A-Z][a-z])")
_HAN = re.compile("[\u3400-\u9fff]")
_simplified = cache(OpenCC("t2s").convert)  # of one character, which does not depend on those beside it


# chillu letters of Malayalam as they were written before they had characters of their own
_CHILLUS = dict(zip(("ണ്\u200d", "ന്\u200d", "ര്\u200d", "ല്\u200d", "ള്\u200d", "ക്\u200d"), "ൺൻർൽൾൿ", strict=True))
_TONE_FIRST = re.compile("([\u0e48-\u0e4b])\u0e4d|([\u0ec8-\u0ecb])\u0ecd")  # marks of Thai and Lao, in either order
_INITIALS = re.compile(r"\b(?:\w\.){2,}")


def folded(text: str) -> str:
    """A text in one spelling, with its capitals: compatible characters as one (NFKC), no characters without a shape (category
    Cf), one form of apostrophes, hyphens, middle dots and digits, no vowel signs of Arabic and Hebrew, simplified Chinese
    characters, white space as one space."""
    for old, new in _CHILLUS.items():
        text = text.replace(old, new)
    text = unicodedata.normalize("NFKC", text)
    text = _TONE_FIRST.sub(lambda found: "\u0e4d" + found[1] if found[1] else "\u0ecd" + found[2], text)
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text)
    text = "".join(_plain(character) for character in text)
    text = unicodedata.normalize("NFC", UNWRITTEN.sub("", unicodedata.normalize("NFKC", text.translate(_TABLE))))
    text = _HAN.sub(lambda found: _simplified(found[0]), text)
    return " ".join(text.split())


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    return "" if category == "Cf" else character


@cache
def normalise(text: str) -> str:
    """`folded` in small letters, Greek without accents, a hyphen before a capital within a word (`iNorway`, as Zulu has it, and
    Irish), without punctuation at either end (but a sign before a number, and `#` after a letter)."""
    text = _small(PREFIXED.sub(r"\1-\2", folded(text)))
    start, end = 0, len(text)
    while start < end and _is_edge(text[start]) and not (text[start] in "-." and text[start + 1 : start + 2].isdecimal()):
        start += 1
    while end > start and _is_edge(text[end - 1]) and not (text[end - 1] == "#" and text[end - 2 : end - 1].isalpha()):
        end -= 1
    return text[start:end]


def _small(text: str) -> str:
    text = UNWRITTEN.sub("", text.casefold()).translate(_TABLE)
    text = _TONED.sub(lambda found: _TONES[found[0]], text)
    if any("\u0370" <= character <= "\u03ff" or "\u1f00" <= character <= "\u1fff" for character in text):
        bare = unicodedata.normalize("NFD", text)  # capitals have no accents in Greek
        text = unicodedata.normalize("NFC", "".join(c for c in bare if not unicodedata.combining(c)))
    return text


def _is_edge(character: str) -> bool:
    """Whether a character at the edge of an answer says nothing: punctuation or a space (never a mark or a symbol)."""
    return unicodedata.category(character)[0] in "PZ"
