"""Multiple-choice items of a source: a table of one's own, or the folders that CLiKA published."""

import re
import string
from pathlib import Path

import polars as pl

from isogloss.knowledge.sources.records import item_name, read_objects, refuse
from isogloss.knowledge.sources.tables import read_rows
from isogloss.measures.clika import LANGUAGES, LEVELS, TASKS

CHOICE_SCHEMA = {
    **dict.fromkeys(("task", "level", "item", "language", "question"), pl.String),
    "options": pl.List(pl.String),
    "label": pl.String,
}
COLUMNS = [("task",), ("level",), ("item",), ("language",), ("question",), ("label",)]
LETTERS = string.ascii_uppercase
SLUG = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
TAKEN = {"model", "language", "missing", "basic_ra", "factual_ra", "en_co"}  # columns of the table of scores
# What CLiKA's folders have in them: the questions themselves, or with a model's predictions, of which ChatGPT's have no
# demonstration in the prompt.
ASKED = ("generate_input.jsonl", "chatgpt_res.jsonl", "*_res*.jsonl")


def read_choices(path: str | Path, languages: list[str], items: int | None = None) -> tuple[pl.DataFrame, list[str]]:
    """Items with the columns of `CHOICE_SCHEMA` in those of `languages` (ISO 639-3) that the source has, and notes on what is
    not read or not there; the first `items` of each task, or all.

    Raises ValueError with everything that is wrong: what a row lacks, and items that are not in every language of their task
    with as many options and the same label.
    """
    path, problems, notes = Path(path), [], []
    if not path.exists():
        raise ValueError(f"{path}: there is no such file or folder")
    rows = _folders(path, problems, notes) if path.is_dir() else _table(path, problems)
    refuse(problems)
    found = sorted({row["language"] for _, row in rows})
    if unused := [code for code in found if code not in languages]:
        notes.append(f"{path}: not asked in {', '.join(unused)}, which languages: does not have")
    if absent := [code for code in languages if code not in found]:
        notes.append(f"{path}: not there in {', '.join(absent)}")
    rows = [(where, row) for where, row in rows if row["language"] in languages]
    if not rows:
        raise ValueError(f"{path}: nothing in any of {', '.join(languages)}; it has {', '.join(found) or 'no items'}")
    refuse(_uneven(rows))
    order = {code: number for number, code in enumerate(languages)}
    table = pl.DataFrame([row for _, row in rows], schema=CHOICE_SCHEMA)
    first = table.select("task", "item").unique(maintain_order=True)
    kept = first.group_by("task", maintain_order=True).head(items) if items else first
    table = table.join(kept, on=["task", "item"], how="semi", maintain_order="left")
    rank = pl.col("language").replace_strict(order, return_dtype=pl.Int64)
    return table.sort(pl.col("task"), rank, maintain_order=True), notes


def _table(path: Path, problems: list[str]) -> list[tuple[str, dict]]:
    rows = []
    for where, given in read_rows(path, COLUMNS, problems):
        if given is None:
            continue
        before, given = len(problems), {key: value for key, value in given.items() if value not in (None, "")}
        texts = {name: given.get(name) for name in ("task", "level", "language", "question", "label")}
        problems += [f"{where}: {name} is missing, or no text" for name, text in texts.items() if not isinstance(text, str)]
        item, options = item_name(given.get("item")), given.get("options")
        problems += [f"{where}: item is missing, empty or no text"] * (item is None)
        if options is None:
            options = [given[name] for name in (f"option_{letter.lower()}" for letter in LETTERS) if name in given]
        if len(problems) == before:
            row = texts | {"item": item, "options": options}
            problems += [f"{where}: {reason}" for reason in _malformed(row)]
            rows.append((where, row))
    return rows


def _malformed(row: dict) -> list[str]:
    """What is wrong with an item whose fields are there."""
    wrong, options = [], row["options"]
    if not SLUG.fullmatch(row["task"]) or row["task"] in TAKEN:
        wrong.append(f"task is {row['task']!r}; write lower-case letters and digits, not {', '.join(sorted(TAKEN))}")
    if row["level"] not in LEVELS:
        wrong.append(f"level is {row['level']!r}; write one of {', '.join(LEVELS)}")
    if not re.fullmatch("[a-z]{3}", row["language"]):
        wrong.append(f"language is {row['language']!r}; write an ISO 639-3 code")
    if not isinstance(options, list) or not all(isinstance(option, str) and option.strip() for option in options):
        return [*wrong, f"options are {options!r}; write a list of texts, or columns option_a, option_b, ..."]
    if not 2 <= len(options) <= len(LETTERS):
        return [*wrong, f"there are {len(options)} options; write 2 to {len(LETTERS)}"]
    if len(set(options)) < len(options):
        wrong.append("two options are the same")
    if row["label"] not in tuple(LETTERS[: len(options)]):
        wrong.append(f"label is {row['label']!r}; write one of {', '.join(LETTERS[: len(options)])}")
    return wrong


def _folders(path: Path, problems: list[str], notes: list[str]) -> list[tuple[str, dict]]:
    """TASK/LANGUAGE/ as CLiKA published them."""
    rows, before = [], {}
    for folder in sorted(place for place in path.glob("*/*") if place.is_dir()):
        task, tag = folder.parent.name, folder.name.split("_")[0].lower()
        file = next((file for name in ASKED for file in sorted(folder.glob(name))), None)
        if task not in TASKS or tag not in LANGUAGES or file is None:
            wrong = f"task {task!r}" if task not in TASKS else f"language {folder.name!r}"
            wrong = wrong if file else f"content (no {' or '.join(ASKED)})"
            notes.append(f"{folder}: not read, its {wrong} is not one that isogloss knows")
            continue
        code = LANGUAGES[tag][0]
        if (task, code) in before:
            problems.append(f"{folder}: a second folder of {task} in {code} beside {before[task, code]}; take one out")
            continue
        before[task, code] = folder
        for where, given in read_objects(file, problems):
            item, label = item_name((given or {}).get("id")), (given or {}).get("label")
            asked = _asked((given or {}).get("input"), TASKS[task].options)
            if given is None:
                continue
            if item is None or asked is None:
                lacking = "id" if item is None else f"input (a question with options A. to {LETTERS[TASKS[task].options - 1]}.)"
                problems.append(f"{where}: {lacking} is missing or not in the form published")
                continue
            row = {"task": task, "level": TASKS[task].level, "item": item, "language": code, "label": label}
            row |= dict(zip(("question", "options"), asked, strict=True))
            problems += [f"{where}: {reason}" for reason in _malformed(row)]
            rows.append((where, row))
    if not before:
        raise ValueError("\n".join([f"{path}: no folder TASK/LANGUAGE with a task of {', '.join(TASKS)}", *notes]))
    return rows


def _asked(text: object, options: int) -> tuple[str, list[str]] | None:
    """Question and options of a published prompt: a line that says what to do, perhaps a demonstration, the question, a line an
    option, `Answer:`. None if it is none."""
    if not isinstance(text, str):
        return None
    form = "".join(rf"\n{letter}\. (.*?)" for letter in LETTERS[:options])
    after = text.split("\n", 1)[-1]
    # what follows the last demonstration, if there is one
    after = re.split(r"\nAnswer:.+\n+", after)[-1]
    found = re.fullmatch(rf"(.+?){form}\nAnswer:\s*", after, re.DOTALL)
    if not found:
        return None
    question, *texts = (part.strip() for part in found.groups())
    return question.removeprefix("Question:").strip(), texts


def _uneven(rows: list[tuple[str, dict]]) -> list[str]:
    """What keeps items from being the same in every language of their task."""
    problems, first, languages = [], {}, {}
    for where, row in rows:
        task, item = row["task"], row["item"]
        own = languages.setdefault(task, {}).setdefault(item, {})
        if row["language"] in own:
            problems.append(f"{where}: item {item} is there in {row['language']} already ({own[row['language']]})")
        own.setdefault(row["language"], where)
        about = {"level": row["level"], "options": len(row["options"])}
        known = first.setdefault((task,), (where, about))
        problems += [
            f"{where}: {name} of task {task}: {value}, but {known[1][name]} in {known[0]}"
            for name, value in about.items()
            if value != known[1][name]
        ]
        other, label = first.setdefault((task, item), (where, row["label"]))
        if label != row["label"]:
            problems.append(f"{where}: item {item} has the label {row['label']}, but {label} in {other}")
    for items in languages.values():
        every = sorted({code for own in items.values() for code in own})
        for item, own in items.items():
            if absent := [code for code in every if code not in own]:
                problems.append(f"{next(iter(own.values()))}: item {item} is not there in {', '.join(absent)}")
    return problems
