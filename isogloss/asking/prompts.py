"""What is said beside a question (``data/prompts.yaml``), and how an answer is read."""

import re
from pathlib import Path
from typing import NamedTuple

import yaml

from isogloss.asking.thoughts import spoken, without_format
from isogloss.knowledge.phrasebook import slots

SLOTS = {
    "question": {"question", "language"},
    "context": {"context", "question", "language"},
    "robustness": {"context", "question", "language"},
    "again": set(),
}
NEEDED = {kind: allowed - {"language"} for kind, allowed in SLOTS.items()}
TAGGED = re.compile(r"<answer>((?:(?!<answer>).)*?)</answer>", re.DOTALL | re.IGNORECASE)
OPENED = re.compile(r"<answer>(?!.*</answer>)(.*)", re.DOTALL | re.IGNORECASE)  # and not closed
TAG = re.compile(r"</?answer>", re.IGNORECASE)
ENCLOSED = re.compile(r"<([^<>/\s]+)>(.*)</\1>", re.DOTALL)  # models that write in another language translate the tags, too


class Answer(NamedTuple):
    """What was read from what a model said: the answer (None unless answered), its form (`tags`, between those that the prompt
    asked for, or `whole`, all of what was said; None without an answer), and the state: `answered`, `unfinished`, or `unparsed`
    where there is nothing to read."""

    answer: str | None
    form: str | None
    state: str


class Said(NamedTuple):
    """What a model said, thoughts included (None where nothing came), and what was read from it, as in `Answer`; the state may
    also be `refused`."""

    raw: str | None
    answer: str | None
    form: str | None
    state: str


def read_prompts(path: str | Path) -> dict[str, dict[str, str]]:
    """The prompts by section and kind; ValueError lists everything that is wrong with them."""
    prompts = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    wrong = []
    for section, kinds in prompts.items():
        if set(kinds) != set(SLOTS):
            wrong.append(f"{path}: {section} has {', '.join(kinds)}; it needs {', '.join(SLOTS)}")
        for kind in set(kinds) & set(SLOTS):
            found = set(slots(kinds[kind]))
            if found - SLOTS[kind] or NEEDED[kind] - found:
                rule = f"may have {sorted(SLOTS[kind])}, and needs {sorted(NEEDED[kind])}"
                wrong.append(f"{path}: {section}.{kind} has the placeholders {sorted(found)}; it {rule}")
    if wrong:
        raise ValueError("\n".join(wrong))
    return prompts


def kind_of(study: str, setting: str) -> str:
    """Which prompt an exam is asked with."""
    if setting != "in-context":
        return "question"
    return "robustness" if study == "robustness" else "context"


def wants_tags(prompt: str) -> bool:
    """Whether a prompt wants the answer between tags."""
    return "<answer>" in prompt


def read(prompt: str, raw: str | None, ended: bool) -> Answer:
    """The answer in what a model said to a prompt, and whether it had `ended` or was cut off.

    Thoughts are no answer, and one that is not closed never came to an answer. If the prompt asks for tags, the last text between
    them is the answer, also where the model was cut off after that; after an opening tag alone it is what follows. Otherwise it
    is all that was said, without what is left of the chat format.
    """
    said = spoken(raw or "")
    if said is None:
        return Answer(None, None, "unfinished")
    if wants_tags(prompt):
        found = [*TAGGED.findall(said), *(OPENED.findall(said) if ended else [])]
        if tagged := [text for each in found if (text := without_format(TAG.sub("", each)))]:
            return Answer(tagged[-1], "tags", "answered")
    if not ended:
        return Answer(None, None, "unfinished")
    whole = _whole(said)
    return Answer(whole, "whole", "answered") if whole else Answer(None, None, "unparsed")


def said_so_far(raw: str | None) -> str | None:
    """What an unfinished answer says as far as it came, without tags; None where that is nothing, or a thought had not ended."""
    return _whole(spoken(raw or "") or "") or None


def _whole(said: str) -> str:
    """All of what was said, without the tokens of chat formats, and without tags around it."""
    whole = without_format(said)
    enclosed = ENCLOSED.fullmatch(whole)
    return TAG.sub("", enclosed[2] if enclosed else whole).strip()
