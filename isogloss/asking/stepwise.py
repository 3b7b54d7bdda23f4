"""Exams held in several steps, each of which builds on what the model said before."""

from collections.abc import Callable

import polars as pl

from isogloss.asking.exams import apart, together, with_said
from isogloss.asking.prompts import Said
from isogloss.asking.steps import Step
from isogloss.knowledge.translators import REQUESTS, Request
from isogloss.languages import Language

Ask = Callable[[list[str], str], list[Said]]
"""Prompts, and what they were made from, which tells whether answers stand between tags; gives what was said to each."""


def hold_in_steps(
    exams: dict[str, pl.DataFrame], ask: Ask, steps: list[dict], pivot: str, languages: list[dict], requests: str
) -> dict[str, pl.DataFrame]:
    """The exams of several lessons (as from `isogloss.asking.exams.bare_exams`), each question in `steps`.

    Steps and languages are given by their fields, `requests` is a key of REQUESTS. Columns as from `answer_in_steps`, with seed
    and epoch.
    """
    rows = {row["iso639_3"]: Language(**row) for row in languages}
    held = answer_in_steps(together(exams), [Step(**step) for step in steps], ask, REQUESTS[requests], rows, pivot)
    return apart(held, exams)


def answer_in_steps(
    exam: pl.DataFrame, steps: list[Step], ask: Ask, request: Request, languages: dict[str, Language], pivot: str
) -> pl.DataFrame:
    """The exam with the columns question (the last prompt that was asked), raw (what was said to it), answer, form, state and
    steps (the answers of all steps, as far as it came).

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
    answers: list[list[str]] = [[] for _ in rows]
    said = [Said(None, None, None, "answered") for _ in rows]
    for step in steps:
        going = [i for i, own in enumerate(said) if own.state == "answered"]
        prompts = {i: step.text.format(**texts[i]) for i in going}
        found: dict[int, Said] = {}
        if step.into is not None:
            found = {i: said[i]._replace(answer=prompts.pop(i)) for i in going if rows[i]["asked_in"] == pivot}
            for i, text in prompts.items():
                ends = languages[rows[i]["asked_in"]], languages[pivot]
                prompts[i] = request(text, *(ends if step.into == "pivot" else reversed(ends)))
        distinct = list(dict.fromkeys(prompts.values()))
        replies = dict(zip(distinct, ask(distinct, step.text), strict=True)) if distinct else {}
        for i in going:
            if i in prompts:
                last[i], found[i] = prompts[i], replies[prompts[i]]
            said[i] = found[i]
            if said[i].answer is not None:
                texts[i][step.name] = said[i].answer
                answers[i].append(said[i].answer)
    held = with_said(exam.drop("text", strict=False).with_columns(pl.Series("question", last, dtype=pl.String)), said)
    return held.with_columns(pl.Series("steps", answers, dtype=pl.List(pl.String)))
