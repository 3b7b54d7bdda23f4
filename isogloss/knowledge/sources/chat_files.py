"""The files of a set of chat JSONL, train/train_en.jsonl and eval/eval_en.jsonl, and the questions and answers in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from isogloss.knowledge.sources.records import checked, language_code, read_objects
from isogloss.languages import Language

HALVES = ("train", "eval")
FAILED = "Error!"  # what the release's own translation script writes where it got no translation
Files = tuple[Path, Path]  # train, eval


@dataclass(frozen=True)
class Line:
    """A question with its answer, and where they are written."""

    where: str
    question: str
    answer: str


def files_of(folder: Path, table: dict[str, Language], problems: list[str], notes: list[str]) -> dict[str, Files]:
    """The files of each language that has both, in the order of `table`."""
    found: dict[str, dict[str, Path]] = {half: {} for half in HALVES}
    for half in HALVES:
        if not (folder / half).is_dir():
            sets = sorted(path.parent.name for path in folder.glob(f"*/{half}"))
            hint = f"name one of the sets in it: {', '.join(sets)}" if sets else "a set has train/ and eval/"
            raise ValueError(f"{folder}: no folder {half}/ in it; {hint}")
        for path in sorted((folder / half).iterdir()):
            named = re.fullmatch(rf"{half}_(.+)\.jsonl", path.name)
            code = language_code(named[1], table) if named else None
            if code is None:
                notes.append(f"{path}: not read, the name is not {half}_LANGUAGE.jsonl with a language that isogloss knows")
            elif code in found[half]:
                problems.append(f"{path}: a second file for {code} beside {found[half][code].name}")
            else:
                found[half][code] = path
    for one, other in (HALVES, HALVES[::-1]):
        problems += [f"{path}: no file for {code} in {other}/" for code, path in found[one].items() if code not in found[other]]
    return {code: (found["train"][code], found["eval"][code]) for code in table if all(code in of for of in found.values())}


def lines_of(path: Path, problems: list[str]) -> list[Line]:
    """The lines of a file in their order, without those that are malformed (a problem each)."""
    lines, before = [], len(problems)
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
            problems.append(f"{where}: {FAILED!r} stands where a translation failed; put it right or take the line out")
        elif texts := checked(where, fields, {name: (name,) for name in fields}, problems):
            lines.append(Line(where, **texts))
    if not lines and len(problems) == before:
        problems.append(f"{path}: the file is empty")
    return lines
