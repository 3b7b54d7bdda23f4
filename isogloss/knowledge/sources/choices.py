"""Multiple-choice items of a source: a table of one's own, or the folders that CLiKA published."""

import re
from pathlib import Path

import polars as pl

from isogloss.knowledge.sources.choice_items import CHOICE_SCHEMA, LETTERS, malformed, uneven
from isogloss.knowledge.sources.clika_folders import read_folders
from isogloss.knowledge.sources.records import item_name, refuse
from isogloss.knowledge.sources.tables import read_rows

COLUMNS = [("task",), ("level",), ("item",), ("language",), ("question",), ("label",)]
OPTIONS = [f"option_{letter.lower()}" for letter in LETTERS]
FEW, MANY, NEARLY = 3, 10, 0.8  # items from which on all right options in one place are worth a note, or that share of them


def read_choices(path: str | Path, languages: list[str], items: int | None = None) -> tuple[pl.DataFrame, list[str]]:
    """Items with the columns of `CHOICE_SCHEMA` in those of `languages` (ISO 639-3) that the source has, and notes on what is
    not read or not there, and on tasks of which the right option (nearly) always stands in one place; the first `items` of each
    task, or all. What is in other languages is not looked at.

    Raises ValueError with everything that is wrong: what a row lacks, and items that are not in every language of their task
    with as many options and the same label (which `read_folders` leaves out of published folders).
    """
    path, problems, notes = Path(path), [], []
    if not path.exists():
        raise ValueError(f"{path}: there is no such file or folder")
    if path.is_dir():
        rows, found = read_folders(path, languages, problems, notes)
    else:
        rows, found = _table(path, languages, problems)
    refuse(problems)
    if unused := [code for code in found if code not in languages]:
        notes.append(f"{path}: not asked in {', '.join(unused)}, which languages: does not have")
    if absent := [code for code in languages if code not in found]:
        notes.append(f"{path}: not there in {', '.join(absent)}")
    if not rows:
        raise ValueError(f"{path}: nothing in any of {', '.join(languages)}; it has {', '.join(found) or 'no items'}")
    refuse([f"{fault.where}: {fault.reason}" for fault in uneven(rows)])
    order = {code: number for number, code in enumerate(languages)}
    table = pl.DataFrame([row for _, row in rows], schema=CHOICE_SCHEMA)
    first = table.select("task", "item").unique(maintain_order=True)
    kept = first.group_by("task", maintain_order=True).head(items) if items else first
    table = table.join(kept, on=["task", "item"], how="semi", maintain_order="left")
    notes += [f"{path}: {note}" for note in _in_one_place(table)]
    rank = pl.col("language").replace_strict(order, return_dtype=pl.Int64)
    return table.sort(pl.col("task"), rank, maintain_order=True), notes


def _table(path: Path, languages: list[str], problems: list[str]) -> tuple[list[tuple[str, dict]], list[str]]:
    """Where each item of a table in `languages` stands and what it is, and all languages of the table."""
    given, found = [], set()
    for where, cells in read_rows(path, COLUMNS, problems):
        code = (cells or {}).get("language")
        known = isinstance(code, str) and re.fullmatch("[a-z]{3}", code) is not None
        found |= {code} if known else set()
        if cells is not None and (code in languages or not known):
            filled = {key: value for key, value in cells.items() if value is not None and not _blank(value)}
            given.append((where, filled))
    gaps, rows = _gaps([(where, cells) for where, cells in given if "options" not in cells]), []
    for where, cells in given:
        before = len(problems)
        problems += gaps.get(where, [])
        texts = {name: cells.get(name) for name in ("task", "level", "language", "question", "label")}
        problems += [f"{where}: {name} is missing, or no text" for name, text in texts.items() if not isinstance(text, str)]
        item = item_name(cells.get("item"))
        problems += [f"{where}: item is missing, empty or no text"] * (item is None)
        options = cells.get("options", [cells[name] for name in OPTIONS if name in cells])
        if len(problems) == before:
            row = texts | {"item": item, "options": options}
            problems += [f"{where}: {reason}" for reason in malformed(row)]
            rows.append((where, row))
    return rows, sorted(found)


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _gaps(rows: list[tuple[str, dict]]) -> dict[str, list[str]]:
    """By place, the options that a row lacks though its task has them, or later ones: the letters of those after would shift."""
    last: dict[object, tuple[int, str]] = {}
    for where, cells in rows:
        task, own = cells.get("task"), max((i for i, name in enumerate(OPTIONS) if name in cells), default=-1)
        last[task] = max(last.get(task, (-1, "")), (own, where), key=lambda found: found[0])
    problems = {}
    for where, cells in rows:
        end, other = last[cells.get("task")]
        there = "" if other == where else f" in {other.rsplit(', ', 1)[-1]}"
        problems[where] = [
            f"{where}, column {name}: is empty, but there is {OPTIONS[end]}{there}; write the option: the label counts "
            "columns, and every item of a task has the same number of options"
            for name in OPTIONS[: end + 1]
            if name not in cells
        ]
    return problems


def _in_one_place(table: pl.DataFrame) -> list[str]:
    """A note on each task of which the right option stands in one place in all items, or nearly: who favours it seems to know."""
    notes = []
    for (task,), own in table.unique(["task", "item"], maintain_order=True).group_by("task", maintain_order=True):
        (label, number), size = own["label"].value_counts(sort=True).row(0), len(own)
        if (number == size and size >= FEW) or (number >= NEARLY * size and size >= MANY):
            share = f"all {size}" if number == size else f"{number} of {size}"
            notes.append(
                f"the right option is {label} in {share} items of {task}, so a model that always picks this place would seem to "
                f"know the answers; write orders: {len(own['options'][0])}, so that each option stands in every place once"
            )
    return notes
