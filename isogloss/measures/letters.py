"""The option that an answer in a model's own words names by its letter."""

import re
import unicodedata

LATIN = "ABCDE"
# Letters of other scripts, and signs, that look like Latin ones; those that differ in width or style alone NFKC makes the same.
_CAPITALS = {letter: letter for letter in LATIN} | {
    "А": "A", "В": "B", "С": "C", "Ԁ": "D", "Е": "E",  # Cyrillic
    "Α": "A", "Β": "B", "Ε": "E",  # Greek
    **{chr(first + i): letter for first in (0x1F150, 0x1F170) for i, letter in enumerate(LATIN)},  # 🅐 and 🅰
}  # fmt: skip
ALIKE = _CAPITALS | {letter.lower(): latin for letter, latin in _CAPITALS.items()}
# Words before a letter that names an option, in CLiKA's languages: option, answer, letter, choice, and forms of to be. A letter
# that follows any other word may be part of a name (vitamin C).
_NAMING = (
    "option|answer|choice|letter|choose|select|is|be"
    "|antwort|möglichkeit|buchstabe|lautet|ist|sei|wäre"
    "|réponse|lettre|choix|est|serait|être|la"
    "|opzione|risposta|lettera|scelta|è|sarebbe|essere"
    "|opcja|odpowiedź|litera|wariant|jest|być|to"
    "|вариант|ответ|буква|это|является"
    "|الخيار|الإجابة|الجواب|الحرف|هو|هي"
    "|אפשרות|האפשרות|תשובה|התשובה|האות|היא|הוא"
    "|選択肢|答え|正解|回答|は"
    "|选项|答案|选择|选|選|是|为|為"
)

_CAPITAL, _ANY = "".join(_CAPITALS), "".join(ALIKE)
_WORD = r"[^\W_\u3040-\u30ff\u3400-\u9fff]"  # a letter or digit, of a script with spaces between words
_OPEN = r"""(?:[(\[{<>*_`"'$#«»„“‘「『【《\s-]*)"""
_CLOSE = r"""[.)\]}<>*_`"'$:;,!?|(=→«»“”’」』】》。、،؛؟\n]"""


def _alone(letters: str) -> str:
    """A pattern of one of `letters` that is no part of a word or abbreviation (C'est, e-mail, D.C.)."""
    before = rf"(?<!{_WORD})(?<!{_WORD}['’-])(?<!{_WORD}\.)"
    return rf"{before}[{letters}](?!{_WORD}|['’-]{_WORD}|\.[^\W\d_](?:\.|\b))"


# Of several letters in a row (A, B and C; A oder B) none is the answer, nor is the first of options that are all repeated.
_ROW = rf"\s*(?:[,/&+]|[^\W\d_]+\s)?\s*(?:[^\W\d_]+\s+)?{_alone(_CAPITAL)}"
_A, _B = ("".join(letter for letter in ALIKE if ALIKE[letter] == latin) for latin in "AB")
_REPEATED = rf"(?<=[{_A}])[.):][^\n]*\n?[^\n]*?\s[(*]*[{_B}][.):]"
_ONE = rf"(?!{_ROW}|{_REPEATED})"
_MARKED = rf"(?P<letter>{_alone(_ANY)}){_ONE}(?=\s*(?:{_CLOSE}|$)|\s+[-–—]\s|(?<=[{_CAPITAL}])[是选選项項でだがはと])"
_FIRST = re.compile(_OPEN + _MARKED)
_NAMED = (
    re.compile(rf"(?:[:=→]|\s[-–—]\s){_OPEN}{_MARKED}"),
    re.compile(rf"(?<!{_WORD})(?i:{_NAMING}){_OPEN}(?P<letter>{_alone(_CAPITAL)}){_ONE}"),
    re.compile(rf"(?:(?<!\w)[(\[*_`\"'<>„“‘«「『【《]|{{)(?P<letter>{_alone(_ANY)})[)\]}}*_`\"'<>“”’»」』】》]"),
)


def option_letter(said: str, options: int) -> str | None:
    """The Latin letter of the one option that an answer names, of the first so many (at most five); None if it names none, or
    several.

    A letter names an option if it stands first with a mark after it (`B`, `b.`, `(B) Paris`, `**B**`), after a colon or a word
    such as answer or is (`Answer: B`, `Die Antwort ist B`), or in brackets or bold. Letters that look like Latin ones (Cyrillic
    В, full-width Ｂ) are these. The beginning of a word names nothing, nor does a word of one letter (A dog, В Москве).
    """
    text = "".join(c for c in unicodedata.normalize("NFKC", said) if unicodedata.category(c) != "Cf" and c != "\ufe0f").strip()
    first = _FIRST.match(text)
    found = [first] if first else [match for pattern in _NAMED for match in pattern.finditer(text)]
    letters = {ALIKE[match["letter"]] for match in found}
    (letter,) = letters if len(letters) == 1 else (None,)
    return letter if letter is not None and letter in LATIN[:options] else None
