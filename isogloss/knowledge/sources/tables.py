"""Sources that are one file: a table with a row an item and language, or JSON with an object an item."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from isogloss.knowledge.sources.records import (
    Row,
    checked,
    item_name,
    language_code,
    read_objects,
    read_text,
    unique_keys,
)
from isogloss.languages import Language

QUESTIONS = {"teach_question": ("question_1",), "ask_question": ("question_2",)}
TABLE_FIELDS = {**QUESTIONS, "answer": ("answer",), "conflict_answer": ("conflict_answer", "incorrect_answer")}
JSON_FIELDS = {**QUESTIONS, "answer": ("answer", "cor_answer"), "conflict_answer": ("conflict_answer", "incor_answer")}
BETWEEN = re.compile(r"[\s,]*")  # elements of a list known to be JSON
TABLES = (".csv", ".jsonl", ".parquet")
COLUMNS = [("item",), ("language",), *TABLE_FIELDS.values()]


def read_json(path: Path, table: dict[str, Language], problems: list[str]) -> list[Row | None]:
    """The rows of a list of `{"id": ..., "data": {"English": {"question_1": ...}}}`; None for what cannot be placed.

    Fields beyond those of `JSON_FIELDS` are results of others' checks of the data, and are not read.
    """
    rows: list[Row | None] = []
    for where, entry in _entries(path, problems):
        item = item_name(entry.get("id")) if isinstance(entry, dict) else None
        data = entry.get("data") if isinstance(entry, dict) else None
        if item is None or not isinstance(data, dict) or not data:
            problems.append(f'{where}: not of the form {{"id": ..., "data": {{"English": {{...}}}}}}')
            rows.append(None)
            continue
        for name, given in data.items():
            place, code = f"{where}, item {item}, {name}", language_code(name, table)
            if code is None:
                names = ", ".join(language.name for language in table.values())
                problems.append(f"{place}: isogloss does not know this language; it knows {names}")
            elif not isinstance(given, dict):
                problems.append(f"{place}: not a JSON object")
            known = code is not None and isinstance(given, dict)
            rows.append(Row(place, item, code, checked(place, given, JSON_FIELDS, problems)) if known else None)
    return rows


def _entries(path: Path, problems: list[str]) -> Iterator[tuple[str, object]]:
    """The elements of the list that the file is, and where each begins. Raises ValueError if it is none."""
    text = read_text(path)
    try:
        is_list = isinstance(json.loads(text), list)
    except (ValueError, RecursionError) as error:  # the second: nested without end
        raise ValueError(f"{path}: not JSON ({error})") from None
    if not is_list:
        raise ValueError(f'{path}: not a list of items: [{{"id": ..., "data": {{"English": {{...}}}}}}, ...]')
    strict, lenient = json.JSONDecoder(object_pairs_hook=unique_keys), json.JSONDecoder()
    end, line, counted = text.index("[") + 1, 1, 0
    while text[start := BETWEEN.match(text, end).end()] != "]":
        line, counted = line + text.count("\n", counted, start), start
        where = f"{path}, line {line}"
        entry, end = lenient.raw_decode(text, start)
        try:
            strict.raw_decode(text, start)
        except ValueError as error:
            problems.append(f"{where}: {error}")
        yield where, entry


def read_table(path: Path, table: dict[str, Language], problems: list[str], notes: list[str]) -> list[Row | None]:
    """The rows of a CSV, JSONL or Parquet file with the columns of `COLUMNS`; None for what cannot be placed."""
    rows, columns = [], {}
    for where, given in read_rows(path, COLUMNS, problems):
        columns |= dict.fromkeys(given or ())
        rows.append(_row(where, given, table, problems) if given is not None else None)
    if unread := [name for name in columns if not any(name in names for names in COLUMNS)]:
        notes.append(f"{path}: columns not read: {', '.join(unread)}")
    return rows


def read_rows(path: Path, columns: list[tuple[str, ...]], problems: list[str]) -> Iterator[tuple[str, dict | None]]:
    """The rows of a CSV, JSONL or Parquet file, and where each is; None (and a problem) for what is none.

    Raises ValueError where a CSV or Parquet file lacks one of `columns`, each of which may have several names.
    """
    if path.suffix.lower() == ".jsonl":
        return read_objects(path, problems)
    return (_csv if path.suffix.lower() == ".csv" else _parquet)(path, columns, problems)


def _row(where: str, given: dict, table: dict[str, Language], problems: list[str]) -> Row | None:
    item, code = item_name(given.get("item")), given.get("language")
    if item is None:
        problems.append(f"{where}: item is missing, empty or no text ({given.get('item')!r})")
    is_known = isinstance(code, str) and code in table
    if not is_known:
        meant = language_code(code, table) if isinstance(code, str) else None
        hint = f"write {meant}" if meant else f"it is none of {', '.join(table)}"
        problems.append(f"{where}: language {code!r} is no ISO 639-3 code that isogloss knows; {hint}")
    texts = checked(where, given, TABLE_FIELDS, problems)
    return Row(where, item, code, texts) if is_known and item is not None else None


def _csv(path: Path, columns: list[tuple[str, ...]], problems: list[str]) -> Iterator[tuple[str, dict | None]]:
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            where, line = f"{path}, line {line}", reader.line_num + 1
            if not cells:
                continue
            if header is None:
                header = cells
                _check_columns(path, header, columns)
            elif len(cells) != len(header):
                problems.append(f"{where}: {len(cells)} fields, but the first line names {len(header)}")
                yield where, None
            else:
                yield where, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        problems.append(f"{path}, line {line}: not CSV ({error})")
        yield path, None


def _parquet(path: Path, columns: list[tuple[str, ...]], problems: list[str]) -> Iterator[tuple[str, dict | None]]:
    try:
        found = pl.read_parquet(path.read_bytes())
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path}: not Parquet ({error})") from None
    _check_columns(path, found.columns, columns)
    for number, row in enumerate(found.iter_rows(named=True), 1):
        yield f"{path}, row {number}", row


def _check_columns(path: Path, columns: list[str], needed: list[tuple[str, ...]]) -> None:
    """Raise ValueError if a column is lacking or there twice."""
    lacking = [" or ".join(names) for names in needed if not any(name in columns for name in names)]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    problems = [f"{path}: no column {name}; it has {', '.join(columns)}" for name in lacking]
    problems += [f"{path}: column {name} is there twice" for name in twice]
    if problems:
        raise ValueError("\n".join(problems))
