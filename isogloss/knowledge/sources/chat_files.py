"""The files of a set of chat JSONL, train/train_en.jsonl and eval/eval_en.jsonl, and the questions and answers in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from isogloss.knowledge.sources.layouts import hint
from isogloss.knowledge.sources.reading import Reading
from isogloss.knowledge.sources.records import checked, read_objects

HALVES = ("train", "eval")
FAILED = "Error!"  # what the release's own translation script writes where it got no translation
Files = tuple[Path, Path]  # train, eval


@dataclass(frozen=True)
class Line:
    """A question with its answer, and where they are written."""

    where: str
    question: str
    answer: str


def files_of(folder: Path, reading: Reading) -> dict[str, Files]:
    """The files of each language that has both, in the order of the table of languages."""
    found: dict[str, dict[str, Path]] = {half: {} for half in HALVES}
    for half in HALVES:
        if not (folder / half).is_dir():
            raise ValueError(f"{folder}: no folder {half}/ in it; {hint(folder) or 'a set has train/ and eval/'}")
        for path in sorted((folder / half).iterdir()):
            named = re.fullmatch(rf"{half}_(.+)\.jsonl", path.name)
            code = reading.language(named[1]) if named else None
            if not named:
                reading.notes.append(f"{path}: not read, the name is not {half}_LANGUAGE.jsonl")
            elif code in found[half] and code in reading.languages:
                reading.problems.append(f"{path}: a second file for {code} beside {found[half][code].name}; take one out")
            elif code is not None:
                found[half].setdefault(code, path)
    for one, other in (HALVES, HALVES[::-1]):
        for code, path in found[one].items():
            if code not in found[other]:
                said = reading.problems if code in reading.languages else reading.notes
                said.append(f"{path}: no file for {code} in {other}/")
    return {
        code: (found["train"][code], found["eval"][code]) for code in reading.table if all(code in of for of in found.values())
    }


def lines_of(path: Path, problems: list[str], notes: list[str]) -> list[Line]:
    """The lines of a file in their order, without those that are malformed (a problem each) or lack a text (a note)."""
    lines, before, lacks = [], len(problems), []
    for where, given in read_objects(path, problems):
        if given is None:
            continue
        messages = given.get("messages")
        messages = messages if isinstance(messages, list) and all(isinstance(one, dict) for one in messages) else []
        said = [one for one in messages if one.get("role") != "system"]
        if [one.get("role") for one in said] != ["user", "assistant"]:
            problems.append(f"{where}: messages are not one of the user and one of the assistant")
            continue
        fields = {"question": said[0].get("content"), "answer": said[1].get("content")}
        if FAILED in fields.values():
            lacks.append(f"{where}: {FAILED!r} stands where a translation failed")
        elif texts := checked(where, fields, {name: (name,) for name in fields}, problems, lacks):
            lines.append(Line(where, **texts))
    notes += [f"{lack}; dropped" for lack in lacks]
    if not lines and len(problems) == before:
        problems.append(f"{path}: {'no line in it can be used' if lacks else 'the file is empty'}")
    return lines
