"""The languages that can be studied: one row each of ``data/languages.csv``."""

import csv
from dataclasses import dataclass
from pathlib import Path

TIERS = ("high", "medium", "low")


@dataclass(frozen=True)
class Language:
    """A language under its ISO 639-3 code, with the names other standards give it."""

    iso639_3: str
    name: str
    cldr: str
    flores200: str
    script: str
    tier: str


def read_languages(path: str | Path) -> dict[str, Language]:
    """Read the language table, keyed by ISO 639-3 code, in the file's order (which is the order of figures)."""
    with open(path, encoding="utf-8", newline="") as file:
        languages = [Language(**row) for row in csv.DictReader(file)]
    for language in languages:
        if language.tier not in TIERS:
            raise ValueError(f"{path}: {language.iso639_3} has tier {language.tier!r}; write one of {', '.join(TIERS)}")
    return {language.iso639_3: language for language in languages}
