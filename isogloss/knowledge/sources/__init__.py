"""Knowledge that a user brings: read from several layouts, checked, and kept as one table a language."""

from pathlib import Path

import polars as pl

from isogloss.knowledge.builtin import SCHEMA
from isogloss.knowledge.sources.chat import read_chat
from isogloss.knowledge.sources.records import (
    SOURCE_SCHEMA,
    Row,
    checked,
    compare_languages,
    item_name,
    parallel,
    read_objects,
)
from isogloss.knowledge.sources.tables import TABLES, read_json, read_table
from isogloss.languages import Language

__all__ = ["SOURCE_SCHEMA", "as_items", "from_jsonl", "left_out", "read_source", "to_jsonl"]


def read_source(
    path: str | Path, languages: list[str], table: dict[str, Language], limit: int | None = None
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Knowledge of one's own in `languages` (ISO 639-3), and a note on everything that was not used.

    `path` is a table (.csv, .jsonl, .parquet), a .json file of parallel items, or a folder of chat JSONL. The tables have the
    columns of `SOURCE_SCHEMA` and the same items in the same order, the first `limit` of them or all. Raises ValueError with
    everything that is wrong, with file, line and reason.
    """
    path, languages = Path(path), list(dict.fromkeys(languages))
    problems: list[str] = []
    notes: list[str] = []
    kind = path.suffix.lower()
    if path.is_dir():
        rows = read_chat(path, languages, table, problems, notes)
    elif not path.is_file():
        raise ValueError(f"{path}: there is no such file or folder")
    elif kind == ".json":
        rows = read_json(path, table, problems)
    elif kind in TABLES:
        rows = read_table(path, table, problems, notes)
    else:
        raise ValueError(f"{path}: unknown format; known are folders, .json, {', '.join(TABLES)}")
    if None in rows:
        languages = []  # what seems to be absent may be in a row that could not be placed
    elif not path.is_dir():
        available = [code for code in table if any(row.language == code for row in rows)]
        languages = compare_languages(path, languages, available, problems, notes)
    tables = parallel([row for row in rows if row], languages, problems)
    count = min(map(len, tables.values()))
    if not count:
        raise ValueError("\n".join([f"{path}: no item in it can be used", *notes]))
    if limit is not None and limit > count:
        raise ValueError("\n".join([f"{path}: has {count} items, not {limit}; write items: {count}", *notes]))
    return {code: found.head(limit) if limit else found for code, found in tables.items()}, notes


def left_out(table: pl.DataFrame, items: list[str]) -> pl.DataFrame:
    """The table without these items; ValueError names those that it does not have."""
    if unknown := sorted(set(items) - set(table["item"])):
        raise ValueError(f"no item is called {', '.join(unknown)}; mend without: in the config")
    return table.filter(~pl.col("item").is_in(items))


def as_items(table: pl.DataFrame) -> pl.DataFrame:
    """A source in one language as items (columns of `isogloss.knowledge.builtin.SCHEMA`).

    Questions are open: each is a relation of its own, so that an answer's only rival is the conflicting one, and the chance of
    guessing it is 0. There are no names.
    """
    return table.with_columns(
        relation=pl.col("item"),
        name=pl.lit(None),
        aliases=pl.concat_list("answer"),
        conflict_aliases=pl.concat_list("conflict_answer"),
        chance=pl.lit(0.0),
    ).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def to_jsonl(table: pl.DataFrame, path: str | Path) -> None:
    """Write a source in one language, an object a line with the keys of `SOURCE_SCHEMA`."""
    table.select(*SOURCE_SCHEMA).write_ndjson(path)


def from_jsonl(path: str | Path) -> pl.DataFrame:
    """Read what `to_jsonl` wrote, or a person put right (columns of `SOURCE_SCHEMA`).

    Raises ValueError with every malformed line: not JSON, other keys, a text missing or empty, an item twice, both answers equal.
    """
    path, problems = Path(path), []
    fields = {name: (name,) for name in SOURCE_SCHEMA if name != "item"}
    rows = []
    for where, given in read_objects(path, problems):
        if given is None:
            continue
        if others := [key for key in given if key not in SOURCE_SCHEMA]:
            problems.append(f"{where}: unknown key {', '.join(others)}; the keys are {', '.join(SOURCE_SCHEMA)}")
        item, texts = item_name(given.get("item")), checked(where, given, fields, problems)
        if item is None:
            problems.append(f"{where}: item is missing, empty or no text ({given.get('item')!r})")
        else:
            rows.append(Row(where, item, "", texts))
    if not rows and not problems:
        problems.append(f"{path}: no items in it")
    return parallel(rows, [""], problems)[""]
