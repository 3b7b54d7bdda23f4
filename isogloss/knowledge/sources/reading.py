"""What is asked of a source and found in it, and how rows of several languages become one table a language."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from isogloss.knowledge.sources.language_tags import language_code
from isogloss.knowledge.sources.records import ALIASES, SOURCE_SCHEMA, aliased, checked, refuse
from isogloss.languages import Language


@dataclass(frozen=True)
class Row:
    """An item in a language (ISO 639-3) and where it is written; `texts`, by the names of the schema, is None if it cannot be
    used."""

    where: str
    item: str
    language: str
    texts: dict[str, str | list[str]] | None


@dataclass
class Reading:
    """What is asked of a source, and what is found on the way: `problems` refuse it, `notes` do not."""

    table: dict[str, Language]
    languages: list[str]  # ISO 639-3
    without: frozenset[str] = frozenset()  # items that are not checked, as they are left out
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lacks: dict[str, list[str]] = field(default_factory=dict)  # by item: what is not there, and where
    wrong: dict[str, None] = field(default_factory=dict)  # items with something that has to be put right, in their order
    unknown: dict[str, None] = field(default_factory=dict)  # languages that are not in the table, in their order

    def row(self, where: str, item: str, language: str, given: dict, fields: dict[str, tuple[str, ...]]) -> Row:
        """The row, checked if it is to be used; what it lacks is kept by its item."""
        if language not in self.languages or item in self.without:
            return Row(where, item, language, None)
        lacks: list[str] = []
        texts = checked(where, given, fields, self.problems, lacks)
        if lacks:
            self.lacks.setdefault(item, []).extend(lacks)
        elif texts is None:
            self.wrong[item] = None
        else:
            texts = aliased(where, given, texts, fields, self.problems)
        return Row(where, item, language, texts)

    def language(self, name: str) -> str | None:
        """ISO 639-3; None for a language that is not in the table, which is noted once."""
        code = language_code(name, self.table)
        if code is None:
            self.unknown[name.strip()] = None
        return code

    def refuse(self) -> None:
        """Raise ValueError with all problems, if there are any, and the line that leaves out the items that have some."""
        advice = (
            f"to leave out what cannot be put right: {_without([*sorted(self.without), *self.wrong])}" if self.wrong else None
        )
        refuse(self.problems, advice)


def _without(items: Collection[str]) -> str:
    """The line of the config that leaves items out."""
    plain = re.compile(r"(?!(true|false|yes|no|on|off|null|y|n)$)[a-z_][\w.-]*|0|[1-9]\d*", re.ASCII | re.IGNORECASE)
    names = [item if plain.fullmatch(item) else json.dumps(item, ensure_ascii=False) for item in dict.fromkeys(items)]
    return f"without: [{', '.join(names)}]"


def compare_languages(path: Path, available: list[str], reading: Reading) -> list[str]:
    """The languages that are asked for and there; a problem for those that are not there, a note for those not asked for."""
    both = [code for code in reading.languages if code in available]
    line = f"languages: [{', '.join([*both, *(code for code in available if code not in both)])}]"
    unknown = [
        f"{path}: not read in {', '.join(reading.unknown)}: data/languages.csv has no such language, or not in this script; "
        "to read them, add a row for each to data/languages.csv"
    ] * bool(reading.unknown)
    reading.notes += unknown
    if absent := [code for code in reading.languages if code not in available]:
        has = f"it has {', '.join(available)}: write {line}" if available else "it has none that isogloss knows"
        reading.problems += [f"{path}: not in {', '.join(absent)}; {has}", *unknown]
    if unused := [code for code in available if code not in reading.languages]:
        reading.notes.append(f"{path}: not read in {', '.join(unused)}; to use all: {line}")
    return both


def parallel(rows: list[Row], reading: Reading) -> dict[str, list[Row]]:
    """The rows of each item in all languages, the items in the order in which they first occur; none for those of `without`.

    An item that lacks something in one language is left out in all, with a note. Raises ValueError with the problems and, beside
    them, every item that is written twice.
    """
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        item = found.setdefault(row.item, {})
        first = item.setdefault(row.language, row)
        if first is not row and row.language in reading.languages and row.item not in reading.without:
            reading.problems.append(f"{row.where}: item {row.item} is there in this language already ({first.where})")
    incomplete, named = [], []
    for item, of in found.items():
        lacks = list(reading.lacks.get(item, ()))
        if absent := [code for code in reading.languages if code not in of]:
            lacks.append(f"{next(iter(of.values())).where}: item {item} is not there in {', '.join(absent)}")
        if item in reading.without:
            continue
        if lacks or any(of[code].texts is None for code in reading.languages):
            incomplete.append(item)
        if lacks:
            named.append(item)
            reading.notes += [f"{lack}; left out in all languages" for lack in lacks]
    reading.refuse()
    if named:
        reading.notes.append(f"to be asked for no more: {_without([*sorted(reading.without), *named])}")
    kept = set(found) - set(incomplete) - reading.without
    return {item: [of[code] for code in reading.languages] if item in kept else [] for item, of in found.items()
            if item not in incomplete}  # fmt: skip


def tables_of(items: dict[str, list[Row]], languages: list[str]) -> dict[str, pl.DataFrame]:
    """A table a language, columns as in `SOURCE_SCHEMA` and those of `ALIASES` if any item has other forms of an answer."""
    rows = {code: [{"item": item, **of[k].texts} for item, of in items.items()] for k, code in enumerate(languages)}
    own = {name: kind for name, kind in ALIASES.items() if any(name in row for of in rows.values() for row in of)}
    empty = {name: [] for name in own}
    return {code: pl.DataFrame([empty | row for row in of], schema=SOURCE_SCHEMA | own) for code, of in rows.items()}
