"""Numbers in answers, compared by value: `1 500`, `1,500` and `1500` are the same, `12,000` is not 12, and -5 is not 5."""

import re
from decimal import Decimal
from functools import cache

from babel.numbers import get_decimal_symbol

# digits with separators between them, no part of a name, a fraction, a time or a range (3/4, 10:30, 5-6)
NUMBER = re.compile(r"(?<![a-z0-9.,'±/:^])[-+]?(?>\d+(?:[.,'٬٫ ’](?=\d)\d+)*|\.\d+)(?![a-z]|[-/:^]\d)")
_SEPARATORS = re.compile(r"[.,'٬٫ ]")


def numbers_in(text: str, locale: str | None) -> list[tuple[int, int, Decimal]]:
    """(start, end, value) of every number in a normalised text, read as a locale (CLDR) writes numbers; without one, a separator
    before three last digits is one of thousands."""
    found = []
    for match in NUMBER.finditer(text):
        end = match.start()
        for part in _groups(match[0]):
            found.append((end, end + len(part), _value(part, locale)))
            end += len(part) + 1
    return found


def number(text: str, locale: str | None) -> Decimal | None:
    """The value of a text that is a number and nothing else."""
    match = NUMBER.fullmatch(text)
    return _value(text, locale) if match and len(_groups(text)) == 1 else None


def _groups(text: str) -> list[str]:
    """A run of digits and blanks as the numbers that it is: blanks stand before groups of three."""
    parts = text.split(" ")
    thousands = len(parts) > 1 and len(parts[0].lstrip("+-")) <= 3 and all(re.match(r"\d{3}(?!\d)", part) for part in parts[1:])
    return [text] if thousands else parts


def _value(text: str, locale: str | None) -> Decimal:
    signs = _SEPARATORS.findall(text)
    digits = _SEPARATORS.split(text.lstrip("+-"))
    sign = -1 if text.startswith("-") else 1
    if not signs:
        return sign * Decimal(digits[0])
    last = signs[-1]
    thousands = len(digits[-1]) == 3 and (len(signs) == 1 or set(signs) == {last} or last == " ")
    if thousands and len(signs) == 1 and last in ".,":
        thousands = _decimal(locale) != last
    if len(set(signs)) == 1 and len(signs) > 1:
        thousands = True  # two of them cannot both begin the decimals
    whole = "".join(digits) if thousands else "".join(digits[:-1])
    return sign * (Decimal(whole) if thousands else Decimal(f"{whole or 0}.{digits[-1]}"))


@cache
def _decimal(locale: str | None) -> str | None:
    return get_decimal_symbol(locale) if locale else None
