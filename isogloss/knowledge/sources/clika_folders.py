"""Multiple-choice items of the folders that CLiKA published, TASK/LANGUAGE/."""

import re
from pathlib import Path

from isogloss.knowledge.sources.choice_items import LETTERS, Fault, malformed, uneven
from isogloss.knowledge.sources.records import item_name, read_objects
from isogloss.measures.clika import LANGUAGES, TASKS

# What the folders have in them: the questions themselves, or with a model's predictions, of which ChatGPT's have no
# demonstration in the prompt.
ASKED = ("generate_input.jsonl", "chatgpt_res.jsonl", "*_res*.jsonl")
SHOWN = 5  # items that a note names


def read_folders(
    path: Path, languages: list[str], problems: list[str], notes: list[str]
) -> tuple[list[tuple[str, dict]], list[str]]:
    """Where each item of a folder stands and what it is, in those of `languages` that there are, and all languages of the folder.

    The items are others' and cannot be mended: one that is malformed in a language, is not there or has another label is left out
    in all, with a note. A task of which nothing is left is a problem. Raises ValueError if there is no folder of a task.
    """
    rows, faults, files = [], [], _files(path, languages, problems, notes)
    for (task, code), file in files.items():
        if code in languages:
            found, wrong = _read(file, task, code)
            rows, faults = rows + found, faults + wrong
            notes += [] if found or wrong else [f"{file}: the file is empty"]
    rows = _without(faults, rows)
    faults += uneven(rows)
    rows = _without(faults, rows)
    left = {row["task"] for _, row in rows}
    lost = [fault for fault in faults if fault.task not in left]
    problems += _left_out(lost)
    problems += [f"{path / task}: no item is left; take this folder out, or mend it" for task in sorted({f.task for f in lost})]
    notes += _left_out([fault for fault in faults if fault.task in left])
    return rows, sorted({code for _, code in files})


def _files(path: Path, languages: list[str], problems: list[str], notes: list[str]) -> dict[tuple[str, str], Path]:
    """The file with the questions of each task and language (ISO 639-3)."""
    folders, files = {}, {}
    for folder in sorted(place for place in path.glob("*/*") if place.is_dir()):
        task, tag = folder.parent.name, folder.name.split("_")[0].lower()
        file = next((file for name in ASKED for file in sorted(folder.glob(name))), None)
        if task not in TASKS or tag not in LANGUAGES or file is None:
            wrong = f"task {task!r}" if task not in TASKS else f"language {folder.name!r}"
            wrong = wrong if file else f"content (no {' or '.join(ASKED)})"
            notes.append(f"{folder}: not read, its {wrong} is not one that isogloss knows")
            continue
        key = task, LANGUAGES[tag][0]
        if key not in files:
            folders[key], files[key] = folder, file
        elif key[1] in languages:
            problems.append(f"{folder}: a second folder of {task} in {key[1]} beside {folders[key]}; take one out")
    if not files:
        raise ValueError("\n".join([f"{path}: no folder TASK/LANGUAGE with a task of {', '.join(TASKS)}", *notes]))
    return files


def _read(file: Path, task: str, code: str) -> tuple[list[tuple[str, dict]], list[Fault]]:
    """The items of a file, and what is wrong with those that are none."""
    rows, faults, broken, options = [], [], [], TASKS[task].options
    for where, given in read_objects(file, broken):
        if given is None:
            faults.append(Fault(where, task, None, broken[-1].removeprefix(f"{where}: ")))
            continue
        item, asked = item_name(given.get("id")), _asked(given.get("input"), options)
        if item is None or asked is None:
            lacking = "id" if item is None else f"input (a question with options A. to {LETTERS[options - 1]}.)"
            faults.append(Fault(where, task, item, f"{lacking} is missing or not in the form published"))
            continue
        row = {"task": task, "level": TASKS[task].level, "item": item, "language": code, "label": given.get("label")}
        row |= dict(zip(("question", "options"), asked, strict=True))
        faults += [Fault(where, task, item, reason) for reason in malformed(row)]
        rows.append((where, row))
    return rows, faults


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


def _without(faults: list[Fault], rows: list[tuple[str, dict]]) -> list[tuple[str, dict]]:
    bad = {(fault.task, fault.item) for fault in faults}
    return [(where, row) for where, row in rows if (row["task"], row["item"]) not in bad]


def _left_out(faults: list[Fault]) -> list[str]:
    """Each reason in each file: the place of the first item, and which others there are."""
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        alike = re.sub(rf"item {re.escape(fault.item or '')} |, line \d+", "", fault.reason)
        groups.setdefault((fault.where.rsplit(", line ", 1)[0], alike), []).append(fault)
    found = []
    for first, *others in groups.values():
        named = [fault.item or fault.where.rsplit(", ", 1)[-1] for fault in others]
        more = f", and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        also = f"; so are {len(named)} others of this file ({', '.join(named[:SHOWN])}{more})" if named else ""
        left = f"item {first.item} is left out in all languages" if first.item else "the line is not read"
        found.append(f"{first.where}: {first.reason}: {left}{also}")
    return found
