"""Rows of a source: what each must have, and how rows of several languages become one table a language."""

import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from isogloss.knowledge.sources.language_tags import language_code
from isogloss.languages import Language
from isogloss.scoring.spelling import normalise

SOURCE_SCHEMA = {name: pl.String for name in ("item", "teach_question", "ask_question", "answer", "conflict_answer")}
ALIASES = {name: pl.List(pl.String) for name in ("answer_aliases", "conflict_answer_aliases")}  # columns where there are any
SHOWN = 50
BETWEEN = "|"  # between several texts in one
# what programs write for nothing, in small letters
NOTHING = {
    "nan",
    "none",
    "null",
    "n/a",
    "#n/a",
    "<na>",
    "nat",
    "undefined",
    "#ref!",
    "#value!",
    "#name?",
    "#div/0!",
    "#null!",
    "#num!",
}
LIST = re.compile(r"""\[.*[,'"].*\]|[{(]\s*['"].*['"]\s*,?\s*[)}]|\[\s*\]|\{.*['"].*\}""", re.DOTALL)
BLANKS = set("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by category, but without a shape


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


def refuse(problems: list[str], advice: str | None = None) -> None:
    """Raise ValueError with all problems, if there are any, and what to do about them."""
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise ValueError("\n".join([*problems[:SHOWN], *more, *([advice] if advice else [])]))


def _without(items: Collection[str]) -> str:
    """The line of the config that leaves items out."""
    plain = re.compile(r"(?!(true|false|yes|no|on|off|null|y|n)$)[a-z_][\w.-]*|0|[1-9]\d*", re.ASCII | re.IGNORECASE)
    names = [item if plain.fullmatch(item) else json.dumps(item, ensure_ascii=False) for item in dict.fromkeys(items)]
    return f"without: [{', '.join(names)}]"


def read_text(path: Path) -> str:
    """A file's text, without byte order mark; ValueError says where it is not UTF-8."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from None


def unique_keys(pairs: list[tuple[str, object]]) -> dict:
    """A JSON object (as `object_pairs_hook`); ValueError where a key would overwrite another."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = sorted({key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1})
        raise ValueError(f"written twice in an object: {', '.join(twice)}")
    return found


def read_objects(path: Path, problems: list[str]) -> Iterator[tuple[str, dict | None]]:
    """The JSON objects of a file with one a line, and where each is; None (and a problem) for a line that is none."""
    text = read_text(path)
    if other := _other_json(text):
        problems.append(f"{path}: {other}; write one JSON object a line")
        return
    for number, line in enumerate(text.split("\n"), 1):  # splitlines would also split at U+2028 within a text
        if not line.strip():
            continue
        where, found = f"{path}, line {number}", None
        try:
            found = json.loads(line, object_pairs_hook=unique_keys)
            if not isinstance(found, dict):
                problems.append(f"{where}: not a JSON object")
        except (ValueError, RecursionError) as error:  # the second: nested without end
            problems.append(f"{where}: not JSON ({error})")
        yield where, found if isinstance(found, dict) else None


def _other_json(text: str) -> str | None:
    """What a text is that is JSON as a whole, but not an object a line."""
    start = text.strip()
    if not (start.startswith("[") or (start.startswith("{") and "\n" in start)):
        return None
    try:
        found = json.loads(start)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        return "one JSON object over several lines"
    return "a JSON array" if any(isinstance(one, dict) for one in found) or "\n" in start else None


def checked(
    where: str, given: dict, fields: dict[str, tuple[str, ...]], problems: list[str], lacks: list[str] | None = None
) -> dict[str, str] | None:
    """Texts by name of `fields`, whose values are the keys each may have in `given`; None (and problems) if malformed. What is
    not there goes to `lacks`, if that is given."""
    texts, wrong = {}, []
    lacks = wrong if lacks is None else lacks
    before = len(lacks)
    for name, keys in fields.items():
        present = [key for key in keys if not is_nothing(given.get(key))]
        if not present:
            written = [repr(given[key]) for key in keys if given.get(key) not in (None, "")]
            said = f" ({written[0]}, which programs write for nothing)" if written else ""
            lacks.append(f"{where}: {' or '.join(keys)} is missing or empty{said}")
        elif len(present) > 1:
            wrong.append(f"{where}: {' and '.join(present)} exclude each other")
        elif reason := _wrong_text(_first(given[present[0]])):
            wrong.append(f"{where}: {present[0]} {reason}")
        else:
            texts[name] = _first(given[present[0]]).strip()
    answers = [normalise(texts[name]) for name in ("answer", "conflict_answer") if name in texts]
    if len(answers) == 2 and len(set(answers)) == 1:
        wrong.append(f"{where}: the answer and the conflicting answer are the same: {texts['answer']}")
    problems += wrong
    return None if wrong or len(lacks) > before else texts


def aliased(
    where: str, given: dict, texts: dict[str, str], fields: dict[str, tuple[str, ...]], problems: list[str]
) -> dict[str, str | list[str]] | None:
    """The texts with other forms of the answers, as far as there are any: the rest of a list of answers, and `answer_aliases` and
    `conflict_answer_aliases`, lists or texts with `|` between them. None (and problems) if malformed."""
    found: dict[str, str | list[str]] = dict(texts)
    before = len(problems)
    for name in ALIASES:
        answer = name.removesuffix("_aliases")
        own = [given[key] for key in fields[answer] if isinstance(given.get(key), list)]
        other = given.get(name)
        listed = other.split(BETWEEN) if isinstance(other, str) and not is_nothing(other) else other
        if is_nothing(listed):
            listed = []
        elif not isinstance(listed, list):
            problems.append(f"{where}: {name} is neither a list nor a text with {BETWEEN} between several ({other!r})")
            continue
        forms = [form for form in [*(own[0][1:] if own else []), *listed] if not is_nothing(form)]
        problems += [f"{where}: {name} has one that {reason}" for form in forms if (reason := _wrong_text(form))]
        if forms and len(problems) == before:
            found[name] = list(dict.fromkeys(form.strip() for form in forms))
    rivals = [{normalise(form) for form in (found[name.removesuffix("_aliases")], *found.get(name, []))} for name in ALIASES
              if name.removesuffix("_aliases") in found]  # fmt: skip
    if len(problems) == before and len(rivals) == 2 and rivals[0] & rivals[1]:
        problems.append(
            f"{where}: a form of the answer is one of the conflicting answer, too: {', '.join(rivals[0] & rivals[1])}"
        )
    return found if len(problems) == before else None


def is_nothing(value: object) -> bool:
    """Whether a value stands for none, as programs write it."""
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, list):
        return all(map(is_nothing, value))
    return value is None or (
        isinstance(value, str) and (not value or value.strip().casefold() in NOTHING or value.strip() == "NA")
    )


def _first(value: object) -> object:
    """The first of a list of texts, which is the answer; its other forms follow."""
    return value[0] if isinstance(value, list) and all(isinstance(one, str) for one in value) else value


def _wrong_text(value: object) -> str | None:
    if not isinstance(value, str):
        several = " (or a list of texts)" if isinstance(value, list) else ""
        return f"is no text ({value!r}); write it in quotation marks{several}"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return f"has half a character (a lone surrogate: {value!a})"
    if any(unicodedata.category(character) == "Cc" and not character.isspace() for character in value):
        return f"has a control character ({value!a}); take it out"
    if "\ufffd" in value:
        return f"has a character that was lost ({value!r}, U+FFFD); write it anew, in UTF-8"
    if not any(unicodedata.category(character)[0] in "LNS" and character not in BLANKS for character in value):
        return f"is only punctuation or spaces ({value!r})" if value.isprintable() else f"is only what cannot be seen ({value!a})"
    if not normalise(value):
        return f"is only punctuation or spaces ({value!r})"
    if LIST.fullmatch(value.strip()):
        return (
            f"looks like a list ({value}); write one text, and other forms of an answer in answer_aliases, {BETWEEN} between them"
        )
    return None


def item_name(value: object) -> str | None:
    """An item's name, which may be a number; None if it is neither text nor number."""
    is_name = (
        isinstance(value, int | str) and not isinstance(value, bool) and not is_nothing(value) and not _wrong_text(str(value))
    )
    return str(value).strip() if is_name else None


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
