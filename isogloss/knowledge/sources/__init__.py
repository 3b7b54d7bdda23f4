"""Knowledge that a user brings: read from several layouts, checked, and kept as one table a language."""

from collections.abc import Collection
from pathlib import Path

import polars as pl

from isogloss.knowledge.builtin import SCHEMA
from isogloss.knowledge.sources.chat import read_chat
from isogloss.knowledge.sources.reading import Reading, Row, compare_languages, parallel, tables_of
from isogloss.knowledge.sources.records import ALIASES, SHOWN, SOURCE_SCHEMA, aliased, checked, item_name, read_objects
from isogloss.knowledge.sources.tables import TABLES, read_json, read_table
from isogloss.languages import Language
from isogloss.scoring.spelling import normalise

__all__ = ["SOURCE_SCHEMA", "as_items", "from_jsonl", "left_out", "read_source", "to_jsonl"]


def read_source(
    path: str | Path, languages: list[str], table: dict[str, Language], limit: int | None = None, without: Collection[str] = ()
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Knowledge of one's own in `languages` (ISO 639-3), and a note on everything that was not used.

    `path` is a table (.csv, .jsonl, .parquet), a .json file of parallel items, or a folder of chat JSONL. The tables have the
    columns of `SOURCE_SCHEMA` (and of `ALIASES`, where there are other forms of answers) and the same items in the same order: of
    the first `limit` or of all those that are not among `without`, which are not checked. An item that lacks something in one
    language is left out in all, with a note. Raises ValueError with everything else that is wrong, with file, line and reason.
    """
    path, reading = Path(path), Reading(table, list(dict.fromkeys(languages)), frozenset(without))
    kind = path.suffix.lower()
    if path.is_dir():
        rows = read_chat(path, reading)
    elif not path.is_file():
        raise ValueError(f"{path}: there is no such file or folder")
    elif kind == ".json":
        rows = read_json(path, reading)
    elif kind in TABLES:
        rows = read_table(path, reading)
    else:
        raise ValueError(f"{path}: unknown format; known are folders, .json, {', '.join(TABLES)}")
    if not rows and not reading.problems and not reading.unknown:
        reading.problems.append(f"{path}: no items in it")
    if None not in rows and (rows or reading.unknown) and not path.is_dir():
        compare_languages(path, [code for code in table if any(row.language == code for row in rows)], reading)
    # where there is a None, what seems to be absent may be in a row that could not be placed
    items = parallel([row for row in rows if row], reading)
    notes = reading.notes
    if unknown := sorted(reading.without - set(items)):
        raise ValueError("\n".join([f"no item is called {', '.join(unknown)}; mend without: in the config", *notes]))
    if limit is not None and limit > len(items):
        raise ValueError("\n".join([f"{path}: has {len(items)} items, not {limit}; write items: {len(items)}", *notes]))
    used = {item: of for item, of in list(items.items())[:limit] if of}
    if not used:
        raise ValueError("\n".join([f"{path}: no item in it can be used", *notes[:SHOWN]]))
    tables = tables_of(used, reading.languages)
    for code, found in tables.items():
        same = sum(
            normalise(one) == normalise(other) for one, other in found.select("teach_question", "ask_question").iter_rows()
        )
        if same:
            notes.append(f"{path}: {same} of {len(found)} items are asked in the very words in which they are taught in {code}")
    return tables, notes


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
        aliases=_forms(table, "answer"),
        conflict_aliases=_forms(table, "conflict_answer"),
        chance=pl.lit(0.0),
    ).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _forms(table: pl.DataFrame, answer: str) -> pl.Expr:
    """An answer and its other forms, if the table has any."""
    others = [f"{answer}_aliases"] if f"{answer}_aliases" in table.columns else []
    return pl.concat_list(answer, *others).list.unique(maintain_order=True)


def to_jsonl(table: pl.DataFrame, path: str | Path) -> None:
    """Write a source in one language, an object a line with the keys of `SOURCE_SCHEMA` (and of `ALIASES`, if it has them)."""
    table.select(*SOURCE_SCHEMA, *(name for name in ALIASES if name in table.columns)).write_ndjson(path)


def from_jsonl(path: str | Path) -> pl.DataFrame:
    """Read what `to_jsonl` wrote, or a person put right (columns of `SOURCE_SCHEMA`).

    Raises ValueError with every malformed line: not JSON, other keys, a text missing or empty, an item twice, both answers equal.
    """
    path, reading = Path(path), Reading({}, [""])
    fields = {name: (name,) for name in SOURCE_SCHEMA if name != "item"}
    keys = [*SOURCE_SCHEMA, *ALIASES]
    rows, problems = [], reading.problems
    for where, given in read_objects(path, problems):
        if given is None:
            continue
        if others := [key for key in given if key not in keys]:
            problems.append(f"{where}: unknown key {', '.join(others)}; the keys are {', '.join(keys)}")
        item, texts = item_name(given.get("item")), checked(where, given, fields, problems)
        if item is None:
            problems.append(f"{where}: item is missing, empty or no text ({given.get('item')!r})")
        else:
            rows.append(Row(where, item, "", texts and aliased(where, given, texts, fields, problems)))
    if not rows and not problems:
        problems.append(f"{path}: no items in it")
    return tables_of(parallel(rows, reading), [""])[""]
