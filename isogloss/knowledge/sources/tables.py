"""Sources that are one file: a table with a row an item and language, or JSON with an object an item."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from isogloss.knowledge.sources.reading import Reading, Row
from isogloss.knowledge.sources.records import ALIASES, item_name, read_objects, read_text, unique_keys

QUESTIONS = {"teach_question": ("question_1",), "ask_question": ("question_2",)}
TABLE_FIELDS = {**QUESTIONS, "answer": ("answer",), "conflict_answer": ("conflict_answer", "incorrect_answer")}
JSON_FIELDS = {**QUESTIONS, "answer": ("answer", "cor_answer"), "conflict_answer": ("conflict_answer", "incor_answer")}
BETWEEN = re.compile(r"[\s,]*")  # elements of a list known to be JSON
TABLES = (".csv", ".jsonl", ".parquet")
COLUMNS = [("item",), ("language",), *TABLE_FIELDS.values()]
DELIMITERS = ",;\t|"
SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)  # what spreadsheets write before the header
UNKNOWN = object()  # a row in a language that isogloss does not know
UNNAMED = "(a column without a name)"


def read_json(path: Path, reading: Reading) -> list[Row | None]:
    """The rows of a list of `{"id": ..., "data": {"English": {"question_1": ...}}}`; None for what cannot be placed.

    Fields beyond those of `JSON_FIELDS` are results of others' checks of the data, and are not read.
    """
    rows: list[Row | None] = []
    for where, entry in _entries(path, reading.problems):
        item = item_name(entry.get("id")) if isinstance(entry, dict) else None
        data = entry.get("data") if isinstance(entry, dict) else None
        if item is None or not isinstance(data, dict) or not data:
            reading.problems.append(f'{where}: not of the form {{"id": ..., "data": {{"English": {{...}}}}}}')
            rows.append(None)
            continue
        for name, given in data.items():
            place, code = f"{where}, item {item}, {name}", reading.language(name)
            if code is None:
                continue
            if not isinstance(given, dict) and code in reading.languages and item not in reading.without:
                reading.lacks.setdefault(item, []).append(f"{place}: not a JSON object")
            rows.append(reading.row(place, item, code, given if isinstance(given, dict) else {}, JSON_FIELDS))
    return rows


def _entries(path: Path, problems: list[str]) -> Iterator[tuple[str, object]]:
    """The elements of the list that the file is, and where each begins. Raises ValueError if it is none."""
    text = read_text(path)
    if not text.strip():
        raise ValueError(f"{path}: the file is empty")
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


def read_table(path: Path, reading: Reading) -> list[Row | None]:
    """The rows of a CSV, JSONL or Parquet file with the columns of `COLUMNS`; None for what cannot be placed."""
    rows, columns = [], {}
    for where, given in read_rows(path, COLUMNS, reading.problems, tuple(ALIASES)):
        columns |= dict.fromkeys(given or ())
        found = _row(where, given, reading) if given is not None else None
        if found is not UNKNOWN:
            rows.append(found)
    if unread := [name for name in columns if not any(name in names for names in [*COLUMNS, tuple(ALIASES)])]:
        reading.notes.append(f"{path}: columns not read: {', '.join(unread)}")
    return rows


def read_rows(
    path: Path, columns: list[tuple[str, ...]], problems: list[str], others: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict | None]]:
    """The rows of a CSV, JSONL or Parquet file, and where each is; None (and a problem) for what is none.

    Names that differ from those of `columns` and `others` in capitals, spaces and hyphens only stand for them. CSV may have
    commas, semicolons, tabs or vertical bars between columns, a first line `sep=;`, empty rows and columns without a name.
    Raises ValueError where a CSV or Parquet file lacks one of `columns`, each of which may have several names.
    """
    known = [name for names in [*columns, others] for name in names]
    kind = path.suffix.lower()
    if kind == ".jsonl":
        found = read_objects(path, problems)
    else:
        found = (_csv if kind == ".csv" else _parquet)(path, columns, known, problems)
    for where, given in found:
        yield where, _as_known(given, known) if given is not None else None


def _as_known(given: dict, known: list[str]) -> dict:
    """A row with names as they are known."""
    if all(name in known for name in given):
        return given
    meant = dict(zip(given, _known_names(list(given), known), strict=True))
    return {meant[name]: value for name, value in given.items()}


def _known_names(names: list[str], known: list[str]) -> list[str]:
    """Names as they are known, where they differ in capitals, spaces and hyphens only; a name that is there as well stays."""
    plain = ["_".join(name.replace("-", " ").replace("_", " ").casefold().split()) for name in names]
    return [other if other in known and other not in names and plain.count(other) == 1 else name.strip()
            for name, other in zip(names, plain, strict=True)]  # fmt: skip


def _row(where: str, given: dict, reading: Reading) -> Row | object | None:
    item, language = item_name(given.get("item")), given.get("language")
    if not isinstance(language, str) or not language.strip():
        reading.problems.append(f"{where}: language is missing, empty or no text ({language!r}); write a code, for example eng")
    code = reading.language(language) if isinstance(language, str) and language.strip() else None
    if item is None and (code in reading.languages or code is None):
        reading.problems.append(f"{where}: item is missing, empty or no text ({given.get('item')!r})")
    if isinstance(language, str) and language.strip() and (code is None or (item is None and code not in reading.languages)):
        return UNKNOWN
    return reading.row(where, item, code, given, TABLE_FIELDS) if item is not None and code is not None else None


def _csv(path: Path, columns: list[tuple[str, ...]], known: list[str], problems: list[str]) -> Iterator[tuple[str, dict | None]]:
    text = read_text(path)
    if not text.strip():
        raise ValueError(f"{path}: the file is empty")
    first, _, rest = text.partition("\n")
    said = SEPARATOR.fullmatch(first.strip())
    text, skipped = (rest, 1) if said else (text, 0)
    names = text.lstrip().partition("\n")[0]
    delimiter = said[1] if said else max(DELIMITERS, key=lambda one: sum(name in known for name in _header(names, one, known)))
    spaced = f"{delimiter} " in names  # then quotation marks come after spaces, too
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter, skipinitialspace=spaced)
    header: list[str] | None = None
    line = 1 + skipped
    try:
        for cells in reader:
            where, line = f"{path}, line {line}", reader.line_num + 1 + skipped
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _known_names(cells, known)
                _check_columns(path, [name for name in header if name], columns)
            elif len(cells) != len(header) and any(cell.strip() for cell in cells[len(header) :] or ["x"]):
                problems.append(f"{where}: {len(cells)} fields, but the first line names {len(header)}")
                yield where, None
            else:
                named = {name: cell for name, cell in zip(header, cells, strict=False) if name}
                stray = [cell for name, cell in zip(header, cells, strict=False) if not name and cell.strip()]
                yield where, named | ({UNNAMED: stray[0]} if stray else {})
    except csv.Error as error:
        problems.append(f"{path}, line {line}: not CSV ({error})")
        yield path, None


def _header(line: str, delimiter: str, known: list[str]) -> list[str]:
    return _known_names([name.strip(' "') for name in line.split(delimiter)], known)


def _parquet(
    path: Path, columns: list[tuple[str, ...]], known: list[str], problems: list[str]
) -> Iterator[tuple[str, dict | None]]:
    try:
        found = pl.read_parquet(path.read_bytes())
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path}: not Parquet ({error})") from None
    _check_columns(path, _known_names(found.columns, known), columns)
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
