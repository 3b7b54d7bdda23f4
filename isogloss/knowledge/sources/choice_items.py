"""What every multiple-choice item must be, wherever it was read."""

import re
import string
import unicodedata
from typing import NamedTuple

import polars as pl

from isogloss.measures.clika import LEVELS

CHOICE_SCHEMA = {
    **dict.fromkeys(("task", "level", "item", "language", "question"), pl.String),
    "options": pl.List(pl.String),
    "label": pl.String,
}
LETTERS = string.ascii_uppercase
SLUG = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
TAKEN = {"model", "language", "missing", "basic_ra", "factual_ra", "en_co"}  # columns of the table of scores


class Fault(NamedTuple):
    """What is wrong with an item (None: with a line of which the item is not known), and where it is written."""

    where: str
    task: str
    item: str | None
    reason: str


def malformed(row: dict) -> list[str]:
    """What is wrong with an item that has all of `CHOICE_SCHEMA`."""
    wrong, options = [], row["options"]
    if not SLUG.fullmatch(row["task"]) or row["task"] in TAKEN:
        wrong.append(f"task is {row['task']!r}; write lower-case letters and digits, not {', '.join(sorted(TAKEN))}")
    if row["level"] not in LEVELS:
        wrong.append(f"level is {row['level']!r}; write one of {', '.join(LEVELS)}")
    if not re.fullmatch("[a-z]{3}", row["language"]):
        wrong.append(f"language is {row['language']!r}; write an ISO 639-3 code")
    if not isinstance(options, list):
        return [*wrong, f"options are {options!r}; write a list of texts, or columns option_a, option_b, ..."]
    if not 2 <= len(options) <= len(LETTERS):
        return [*wrong, f"there are {len(options)} options; write 2 to {len(LETTERS)}"]
    if lacking := [LETTERS[i] for i, option in enumerate(options) if not isinstance(option, str) or not option.strip()]:
        # an option that is not there would give its letter to the one after it
        return [*wrong, f"option {' and '.join(lacking)} of {options!r} is empty or no text; write its text"]
    spelled = [" ".join(unicodedata.normalize("NFC", option).split()) for option in options]
    if len(set(spelled)) < len(spelled):
        twice = " and ".join(LETTERS[i] for i, text in enumerate(spelled) if spelled.count(text) > 1)
        wrong.append(f"two options are the same ({twice})")
    if row["label"] not in tuple(LETTERS[: len(options)]):
        wrong.append(f"label is {row['label']!r}; write one of {', '.join(LETTERS[: len(options)])}")
    return wrong


def uneven(rows: list[tuple[str, dict]]) -> list[Fault]:
    """What keeps items from being the same in every language of their task."""
    faults, first, languages = [], {}, {}
    for where, row in rows:
        task, item = row["task"], row["item"]
        own = languages.setdefault(task, {}).setdefault(item, {})
        if row["language"] in own:
            reason = f"item {item} is there in {row['language']} already ({own[row['language']]})"
            faults.append(Fault(where, task, item, reason))
        own.setdefault(row["language"], where)
        about = {"level": row["level"], "options": len(row["options"])}
        known = first.setdefault((task,), (where, about))
        faults += [
            Fault(where, task, item, f"{name} of task {task}: {value}, but {known[1][name]} in {known[0]}")
            for name, value in about.items()
            if value != known[1][name]
        ]
        other, label = first.setdefault((task, item), (where, row["label"]))
        if label != row["label"]:
            faults.append(Fault(where, task, item, f"item {item} has the label {row['label']}, but {label} in {other}"))
    for task, items in languages.items():
        every = sorted({code for own in items.values() for code in own})
        for item, own in items.items():
            if absent := [code for code in every if code not in own]:
                faults.append(Fault(next(iter(own.values())), task, item, f"item {item} is not there in {', '.join(absent)}"))
    return faults
