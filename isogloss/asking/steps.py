"""Questions answered in several steps (``data/steps.yaml``), each of which asks the model something or has it translate."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from isogloss.knowledge.phrasebook import slots

SECTIONS = ("plain", "instructed")
NEEDED = {"question": {"question"}, "context": {"question", "context"}}  # the texts an exam has, by kind
NAMES = {"language", "pivot"}
TARGETS = ("pivot", "asked")  # what is translated, from the other of the two


@dataclass(frozen=True)
class Step:
    """A prompt to ask, or where `into` says `pivot` or `asked` a text to translate; `text` has placeholders."""

    name: str
    text: str
    into: str | None = None


Interventions = dict[str, dict[str, dict[str, list[Step]]]]


def read_steps(path: str | Path) -> Interventions:
    """The steps by intervention, section of prompts (`plain`, `instructed`) and kind (`question`, `context`), in order.

    ValueError lists everything that is wrong with them.
    """
    problems: list[str] = []
    found: Interventions = {}
    for name, sections in _parts(yaml.safe_load(Path(path).read_text(encoding="utf-8")), None, f"{path}", problems):
        found[name] = {}
        for section, kinds in _parts(sections, SECTIONS, f"{path}: {name}", problems):
            found[name][section] = {}
            for kind, steps in _parts(kinds, NEEDED, f"{path}: {name}.{section}", problems):
                where = f"{path}: {name}.{section}.{kind}"
                found[name][section][kind] = _steps(steps, NEEDED[kind], where, problems)
    if problems:
        raise ValueError("\n".join(problems))
    return found


def _parts(found, wanted, where: str, problems: list[str]) -> list[tuple[str, object]]:
    """What stands under the names `wanted` (None: under any)."""
    if not isinstance(found, dict) or not found or (wanted is not None and set(found) != set(wanted)):
        has = ", ".join(map(str, found)) if isinstance(found, dict) else repr(found)
        problems.append(f"{where} has {has or 'nothing'}; it needs {', '.join(wanted or ['a name for each intervention'])}")
    return [(name, found[name]) for name in wanted or found if name in found] if isinstance(found, dict) else []


def _steps(found, needed: set[str], where: str, problems: list[str]) -> list[Step]:
    """The steps of one kind; each may use what an exam has and what earlier steps said, and nothing may go unused."""
    steps: list[Step] = []
    used: set[str] = set()
    for name, said in _parts(found, None, where, problems):
        if name in needed | NAMES | {"context"}:
            problems.append(f"{where}.{name} has the name of a placeholder; call it something else")
        if not isinstance(said, dict) or set(said) not in ({"ask"}, {"translate", "into"}):
            problems.append(f"{where}.{name} is {said!r}; write ask: PROMPT, or translate: TEXT and into: pivot or asked")
            continue
        step = Step(name, str(said.get("ask", said.get("translate"))), said.get("into"))
        if "into" in said and step.into not in TARGETS:
            problems.append(f"{where}.{name} translates into {step.into!r}; write into: {' or '.join(TARGETS)}")
        allowed = needed | NAMES | {step.name for step in steps}
        try:
            own = set(slots(step.text))
        except ValueError as error:
            problems.append(f"{where}.{name} cannot be read ({error}); write {{{{ and }}}} for braces that stand for themselves")
            own = set()
        if own - allowed:
            problems.append(f"{where}.{name} has the placeholders {sorted(own)}; it may have {sorted(allowed)}")
        used |= own
        steps.append(step)
    if unused := sorted((needed | {step.name for step in steps[:-1]}) - used):
        problems.append(f"{where} makes no use of {', '.join(unused)}; put {{{unused[0]}}} into one of the steps")
    return steps
