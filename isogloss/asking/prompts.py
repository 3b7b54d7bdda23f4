"""What is said beside a question (``data/prompts.yaml``), and how an answer is read."""

import re
from pathlib import Path

import yaml

from isogloss.knowledge.phrasebook import slots

SLOTS = {
    "question": {"question", "language"},
    "context": {"context", "question", "language"},
    "robustness": {"context", "question", "language"},
    "again": set(),
}
NEEDED = {kind: allowed - {"language"} for kind, allowed in SLOTS.items()}
TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)


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


def parsed(prompt: str, said: str | None) -> str | None:
    """The answer in what was said; None where it has not the form that the prompt wants, or is blank."""
    if said is None or not wants_tags(prompt):
        return said
    found = TAGGED.findall(said)
    return (found[-1].strip() or None) if found else None


def said_so_far(raw: str | None) -> str | None:
    """The answer as far as it was said in a text without an end; None if nothing was."""
    return (raw.rpartition("<answer>")[2].strip() or None) if raw else None
