"""Questions answered in several steps (``data/steps.yaml``), each of which asks the model something or has it translate."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from isogloss.knowledge.phrasebook import slots
from isogloss.languages import Language

SECTIONS = ("plain", "instructed")
NEEDED = {"question": {"question"}, "context": {"question", "context"}}  # the texts an exam has, by kind
NAMES = {"language", "pivot"}
TARGETS = ("pivot", "asked")  # what is translated, from the other of the two

Ask = Callable[[list[str], str], list[tuple[str | None, str]]]
"""Prompts, and what they were made from, which tells whether answers stand between tags; gives an answer and a state each."""
Request = Callable[[str, Language, Language], str]
"""A text, the language it is in and the language wanted; gives what a model is told to translate it."""


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


def answer_in_steps(
    exam: pl.DataFrame, steps: list[Step], ask: Ask, request: Request, languages: dict[str, Language], pivot: str
) -> pl.DataFrame:
    """The exam with the columns question (the last prompt that was asked), answer, state and steps (the answers of all
    steps, as far as it came).

    `exam` has asked_in, question (the bare one) and, where the steps have {context}, text, as from
    `isogloss.asking.exams.bare_exams`; KeyError where it lacks that. `pivot` is a language, `request` how the model is told to
    translate. The state is what `ask` gives for the last step; where a step before that has no answer, a question goes no further
    and has that step's state, and no answer. Equal prompts are asked once a step.

    A text that is in the wanted language already is handed on and not asked for: where a question in the pivot is only translated
    into it and its answer out of it, the prompt that is left is the plain one.
    """
    rows = exam.select("asked_in", "question", *(["text"] if "text" in exam.columns else [])).rows(named=True)
    texts = [{"question": row["question"], "language": languages[row["asked_in"]].name} for row in rows]
    for own, row in zip(texts, rows, strict=True):
        own |= {"pivot": languages[pivot].name} | ({"context": row["text"]} if "text" in row else {})
    last = [row["question"] for row in rows]
    said: list[list[str]] = [[] for _ in rows]
    states = ["answered"] * len(rows)
    for step in steps:
        going = [i for i, state in enumerate(states) if state == "answered"]
        prompts = {i: step.text.format(**texts[i]) for i in going}
        found: dict[int, tuple[str | None, str]] = {}
        if step.into is not None:
            found = {i: (prompts.pop(i), "answered") for i in going if rows[i]["asked_in"] == pivot}
            for i, text in prompts.items():
                ends = languages[rows[i]["asked_in"]], languages[pivot]
                prompts[i] = request(text, *(ends if step.into == "pivot" else reversed(ends)))
        distinct = list(dict.fromkeys(prompts.values()))
        answers = dict(zip(distinct, ask(distinct, step.text), strict=True)) if distinct else {}
        for i in going:
            if i in prompts:
                last[i], found[i] = prompts[i], answers[prompts[i]]
            answer, states[i] = found[i]
            if answer is not None:
                texts[i][step.name] = answer
                said[i].append(answer)
    finished = [own.get(steps[-1].name) for own in texts]
    return exam.drop("text", strict=False).with_columns(
        pl.Series("question", last, dtype=pl.String),
        pl.Series("answer", finished, dtype=pl.String),
        pl.Series("state", states, dtype=pl.String),
        pl.Series("steps", said, dtype=pl.List(pl.String)),
    )
