"""Names that a language has for what answers are about: countries, languages, months, days; from CLDR, through babel, and those
that speakers use beside them, from `data/usual_names.csv`.

A name of which an expected answer is only a part (Belarus in Chinese has the characters of Russia, November those of January)
stands for itself, and an answer that is called by its usual short form in a language is that answer.
"""

import csv
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from isogloss.knowledge.cldr import names as names_of
from isogloss.scoring.spelling import normalise

WHOLE = "usual, as a whole answer"  # the source of names that are everyday words, too
USUAL = Path(__file__).parents[2] / "data" / "usual_names.csv"
KINDS = ("country", "language", "month", "weekday", "currency")
COMMON = (
    *("en zh ja fr es it pt sv ko da th hi ta mn cy sw tk gd zu".split()),  # noqa: SIM905, the languages of data/languages.csv
    *("ru uk be bg mk sr hr sl pl cs sk el tr az uz kk ky hu fi et lt lv ro ne bn mr gu te kn ml ka hy eu nb is de".split()),  # noqa: SIM905
    *("id fa ar he ga xh vi nl ca lo km my".split()),  # noqa: SIM905
)


@cache
def locale_of(language: str) -> str | None:
    """The CLDR locale of a language (ISO 639-1 or 639-3); None if there is none."""
    code = get_global("language_aliases").get(language, language)
    try:
        return str(Locale.parse(code))
    except (UnknownLocaleError, ValueError):
        return None


@cache
def language_of(locale: str) -> str:
    """The ISO 639-3 code of a locale's language, or its own where it has no other."""
    return next((old for old, new in get_global("language_aliases").items() if new == locale and len(old) == 3), locale)


@cache
def known(locale: str) -> dict[str, frozenset[tuple[str, str | int]]]:
    """Every name in a locale, normalised, with what it names: (kind, code). One name may name several."""
    found: dict[str, set] = {}
    for text, meant in _texts(locale):
        found.setdefault(normalise(text), set()).add(meant)
    return {name: frozenset(meant) for name, meant in found.items() if name}


def abbreviated(locales: list[str]) -> frozenset[str]:
    """The short forms of months and days in these locales, normalised, that are no long form of any, and other names that are
    everyday words, too: `real` in Spanish."""
    return frozenset().union(*map(_abbreviated, locales))


@cache
def _abbreviated(locale: str) -> frozenset[str]:
    own = names_of(locale)
    forms = {
        short: {normalise(text) for kind in ("month", "weekday") for text in own.forms(kind, short)} for short in (True, False)
    }
    everyday = {normalise(row["name"]) for row in _rows().get(locale, []) if row["source"] == WHOLE}
    return frozenset(forms[True] - forms[False]) | everyday


def capitals(locales: list[str], kinds: tuple[str, ...] = KINDS) -> frozenset[str]:
    """The names of these kinds, normalised, that one of these locales always writes with a capital."""
    return frozenset(
        name for locale in locales for name in _capitals(locale) if any(kind in kinds for kind, _ in known(locale)[name])
    )


def same(names: frozenset[str], locales: list[str], rivals: frozenset[str]) -> frozenset[str]:
    """The other names of what all of these are names of, where that is one thing in a locale, of the kind that most rivals
    are."""
    found: set[str] = set()
    for locale in locales:
        meanings = [known(locale)[name] for name in names if len(name) > 1 and name in known(locale)]
        kinds = [kind for name in rivals for kind in {kind for kind, _ in known(locale).get(name, ())}]
        common = frozenset.intersection(*meanings) if meanings else frozenset()
        if len(common) > 1 and kinds:
            usual = max(sorted(set(kinds)), key=kinds.count)
            common = frozenset(meant for meant in common if meant[0] == usual)
        if len(common) == 1:
            found |= _by_meaning(locale)[next(iter(common))]
    return frozenset(found)


def countries(names: frozenset[str], locales: list[str]) -> frozenset[str]:
    """What all countries are called in these locales, if that is what most of `names` are; else none."""
    known_kinds = [
        frozenset(kind for kind, _ in meant) for locale in locales for name in names if (meant := known(locale).get(name))
    ]
    if not known_kinds or sum("country" in kinds for kinds in known_kinds) * 2 <= len(known_kinds):
        return frozenset()
    if sum("language" in kinds for kinds in known_kinds) == len(known_kinds):  # names that are those of languages, too
        return frozenset()
    return frozenset().union(*map(_countries, locales))


@cache
def _countries(locale: str) -> frozenset[str]:
    return frozenset(text for (kind, _), own in _by_meaning(locale).items() if kind == "country" for text in own)


@lru_cache(maxsize=4096)
def _hiding(names: frozenset[str], locale: str) -> frozenset[str]:
    beginnings = {name[:3] for name in names}
    return frozenset(other for other in known(locale) if other[:3] in beginnings or any(name in other for name in names))


def hiding(names: frozenset[str], locales: list[str]) -> frozenset[str]:
    """The names in these locales that one of `names` may be taken for: those that have it within, or begin alike."""
    return frozenset().union(*(_hiding(names, locale) for locale in locales))


def locales_of(names: frozenset[str], rivals: frozenset[str]) -> list[str]:
    """The locales of COMMON that know most of these names, at least one of `names`; none if no locale does."""
    counts = {locale: sum(name in known(locale) for name in names | rivals) for locale in COMMON if names & known(locale).keys()}
    return [locale for locale in counts if counts[locale] == max(counts.values())]


@cache
def _texts(locale: str) -> list[tuple[str, tuple[str, str | int]]]:
    """Every name in a locale as it is written, with what it names."""
    own = names_of(locale)
    found = [(text, _meant(kind, code)) for kind in KINDS for code in own.codes(kind) for text in own.aliases(kind, code)]
    return found + _usual(locale)


def _meant(kind: str, code: str | int) -> tuple[str, str | int]:
    """A kind and a code; CLDR has continents, by number, among countries."""
    return ("continent" if kind == "country" and str(code).isdecimal() else kind), code


@cache
def _rows() -> dict[str, list[dict[str, str]]]:
    """The rows of `data/usual_names.csv`, by locale."""
    found: dict[str, list[dict[str, str]]] = {}
    with USUAL.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["locale"], []).append(row)
    return found


def _usual(locale: str) -> list[tuple[str, tuple[str, str | int]]]:
    """What the table has beside the names of CLDR."""
    numbered = ("month", "weekday")
    return [
        (row["name"], _meant(row["kind"], int(row["code"]) if row["kind"] in numbered else row["code"]))
        for row in _rows().get(locale, [])
    ]


@cache
def _by_meaning(locale: str) -> dict[tuple[str, str | int], frozenset[str]]:
    found: dict[tuple[str, str | int], set[str]] = {}
    for name, meanings in known(locale).items():
        for meant in meanings:
            found.setdefault(meant, set()).add(name)
    return {meant: frozenset(own) for meant, own in found.items()}


@cache
def _capitals(locale: str) -> frozenset[str]:
    texts = {text for text, _ in _texts(locale)}
    return frozenset(normalise(text) for text in texts if text[:1].isupper()) - {
        normalise(text) for text in texts if text[:1].islower()
    }
