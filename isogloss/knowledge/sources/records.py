"""Rows of a source: what each must have, and how rows of several languages become one table a language."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from isogloss.languages import Language
from isogloss.scoring.spelling import normalise

SOURCE_SCHEMA = {name: pl.String for name in ("item", "teach_question", "ask_question", "answer", "conflict_answer")}
SHOWN = 50


@dataclass(frozen=True)
class Row:
    """An item in a language (ISO 639-3) and where it is written; `texts`, by the names of the schema, is None if malformed."""

    where: str
    item: str
    language: str
    texts: dict[str, str] | None


def refuse(problems: list[str]) -> None:
    """Raise ValueError with all problems, if there are any."""
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise ValueError("\n".join(problems[:SHOWN] + more))


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
    for number, line in enumerate(read_text(path).split("\n"), 1):  # splitlines would also split at U+2028 within a text
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


def checked(where: str, given: dict, fields: dict[str, tuple[str, ...]], problems: list[str]) -> dict[str, str] | None:
    """Texts by name of `fields`, whose values are the keys each may have in `given`; None (and problems) if malformed."""
    before, texts = len(problems), {}
    for name, keys in fields.items():
        present = [key for key in keys if given.get(key) not in (None, "")]
        if len(present) != 1:
            wrong = f"{' and '.join(present)} exclude each other" if present else f"{' or '.join(keys)} is missing or empty"
            problems.append(f"{where}: {wrong}")
        elif reason := _wrong_text(given[present[0]]):
            problems.append(f"{where}: {present[0]} {reason}")
        else:
            texts[name] = given[present[0]].strip()
    answers = [normalise(texts[name]) for name in ("answer", "conflict_answer") if name in texts]
    if len(answers) == 2 and len(set(answers)) == 1:
        problems.append(f"{where}: the answer and the conflicting answer are the same: {texts['answer']}")
    return texts if len(problems) == before else None


def _wrong_text(value: object) -> str | None:
    if not isinstance(value, str):
        return f"is no text ({value!r}); write it in quotation marks"
    if not normalise(value):
        return f"is only punctuation or spaces ({value!r})"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return f"has half a character (a lone surrogate: {value!a})"
    return None


def item_name(value: object) -> str | None:
    """An item's name, which may be a number; None if it is neither text nor number."""
    is_name = isinstance(value, int | str) and not isinstance(value, bool) and not _wrong_text(str(value))
    return str(value).strip() if is_name else None


def language_code(name: str, table: dict[str, Language]) -> str | None:
    """ISO 639-3 of an English name or of a tag that begins with an ISO 639 code (`zh-cn`, `khk_Cyrl`)."""
    head = name.strip().replace("_", "-").split("-")[0].casefold()
    for code, language in table.items():
        tags = (code, language.cldr, language.flores200.split("_")[0])
        if head in tags or name.strip().casefold() == language.name.casefold():
            return code
    return None


def compare_languages(path: Path, languages: list[str], available: list[str], problems: list[str], notes: list[str]) -> list[str]:
    """The languages that are asked for and there; a problem for those that are not there, a note for those not asked for."""
    both = [code for code in languages if code in available]
    line = f"languages: [{', '.join([*both, *(code for code in available if code not in both)])}]"
    if absent := [code for code in languages if code not in available]:
        has = f"it has {', '.join(available)}: write {line}" if available else "it has none that isogloss knows"
        problems.append(f"{path}: not in {', '.join(absent)}; {has}")
    if unused := [code for code in available if code not in languages]:
        notes.append(f"{path}: not read in {', '.join(unused)}; to use all: {line}")
    return both


def parallel(rows: list[Row], languages: list[str], problems: list[str]) -> dict[str, pl.DataFrame]:
    """A table a language (columns as in `SOURCE_SCHEMA`), the items of all in the order in which they first occur.

    Raises ValueError with `problems` and, beside them, every item that is written twice or is not there in a language.
    """
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        item = found.setdefault(row.item, {})
        if first := item.get(row.language):
            problems.append(f"{row.where}: item {row.item} is there in this language already ({first.where})")
        item.setdefault(row.language, row)
    for item, of in found.items():
        if lacking := [code for code in languages if code not in of]:
            where = next(iter(of.values())).where
            problems.append(f"{where}: item {item} is not there in {', '.join(lacking)}")
    refuse(problems)
    return {
        code: pl.DataFrame([{"item": item, **of[code].texts} for item, of in found.items()], schema=SOURCE_SCHEMA)
        for code in languages
    }
