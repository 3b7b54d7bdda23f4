"""A first look at a model: a few questions in every language, so that what is wrong is seen before hours are spent.

Three parts are asked: `known` (facts that models should know, untaught), `in-context` (new facts, each among others in the
prompt) and `lesson` (new facts after a short lesson by fine-tuning, for models that run here). The questions are the same items
in every language, in the words and prompts of the studies.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from isogloss.asking.exams import exams_of, named
from isogloss.asking.prompts import wants_tags
from isogloss.languages import Language
from isogloss.measures.answer_language import label, vocabulary
from isogloss.plan import UNTAUGHT
from isogloss.scoring.table import score

# Items of each part, and passes over the lesson; more tell more, and take longer (docs/models.md).
KNOWN, TOLD, TAUGHT, EPOCHS = 8, 3, 6, 3
SEED = 1  # draws the items
PARTS = ("known", "in-context", "lesson")

Part = Literal["known", "in-context", "lesson"]


class Strict(BaseModel):
    """A part of what is kept of a look; numbers that are not finite stay what they are."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")


class Answer(Strict):
    """What was said to a question, and what became of it; columns as in answers and scores.

    `prompt_tokens` are those of all that the model was given, `question_tokens` of the question alone, `tokens` of what it said.
    `spoken` is in which language the answer is (`isogloss.measures.answer_language.label`).
    """

    part: Part
    language: str
    item: str
    question: str
    expected: str
    raw: str | None
    answer: str | None
    form: str | None
    state: str
    correct: bool
    correct_any: bool
    spoken: str
    prompt_tokens: int
    question_tokens: int
    tokens: int


class Taught(Strict):
    """The lesson, taught in all languages, `together` of them at a time.

    `losses` are the mean loss over the answers' tokens before the lesson and after each epoch (its mean over the epoch), by
    language; `steps` and `pairs` those of one language. `seconds` are of one step of one language, while `together` learn.
    `adapter_bytes` is the size of an adapter in float32, `guess` the loss of guessing among all tokens (natural logarithms).
    """

    steps: int
    pairs: int
    together: int
    seconds: float
    losses: dict[str, list[float]]
    guess: float
    adapter_bytes: int


class Precision(Strict):
    """Forward passes over `answers` questions with what was said to them, in the weights' precision and in another: seconds
    each, and for how many every token said stays the likeliest one."""

    other: str
    seconds: float
    other_seconds: float
    answers: int
    same: int


class Here(Strict):
    """What was measured of a model that runs here. Memory in MB: at most `loaded`, while `asking`, while `teaching`, and what
    there is in all; `accelerator` says whose it is. `writing` are seconds of a step in which so many answers get a token each,
    `reading` those a token of a prompt."""

    device: str
    dtype: str
    threads: int
    parameters: int
    vocabulary: int
    context: int | None
    loading_seconds: float
    loaded: int
    asking: int
    teaching: int
    memory: int
    accelerator: bool
    writing: dict[int, float]
    reading: float
    taught: Taught
    precision: Precision | None


class Look(Strict):
    """All of a look. `seconds` are those of asking, by part; `tags` says which parts want an answer between tags; `knowledge` the
    set each part is from. `usd` is what calls cost now (those kept in the store of calls cost nothing again); `here` is None of a
    model behind an interface, where tokens are counted as `counted` says."""

    model: str
    languages: list[str]
    knowledge: dict[Part, str]
    pairs: int
    tags: dict[Part, bool]
    answers: list[Answer]
    seconds: dict[Part, float]
    total_seconds: float
    usd: float | None = None
    counted: str = "the model's tokenizer"
    here: Here | None = None

    @classmethod
    def since(cls, began: float, texts: dict[Part, str], **found: Any) -> "Look":
        """What was found, with the time since it `began` (as of time.perf_counter) and what the prompt of each part wants."""
        tags = {part: wants_tags(text) for part, text in texts.items()}
        return cls(tags=tags, total_seconds=time.perf_counter() - began, **found)


def texts_of(parts: Iterable[Part], prompts: dict[str, str]) -> dict[Part, str]:
    """The prompt of each part of a look, from those by kind."""
    return {part: prompts["context" if part == "in-context" else "question"] for part in parts}


@dataclass(frozen=True)
class Counts:
    """How tokens are counted: of a whole prompt, given what is asked, and of a text; `longest` is the limit of an answer."""

    prompt: Callable[[str], int]
    text: Callable[[str], int]
    longest: int


def drawn(items: dict[str, pl.DataFrame], number: int, part: str) -> list[str]:
    """So many items (or all, where there are fewer) of those that every language has, by seed."""
    shared = sorted(set.intersection(*(set(table["item"]) for table in items.values())))
    return sorted(random.Random(f"look-{part}-{SEED}").sample(shared, min(number, len(shared))))


def only(items: dict[str, pl.DataFrame], chosen: list[str]) -> dict[str, pl.DataFrame]:
    """The chosen items of each language."""
    return {code: table.filter(pl.col("item").is_in(chosen)) for code, table in items.items()}


def exams(
    known: dict[str, pl.DataFrame], new: dict[str, pl.DataFrame], prompts: dict[str, str], names: dict[str, str], pairs: int
) -> dict[Part, dict[str, pl.DataFrame]]:
    """The exams of each part by lesson, as from `isogloss.asking.exams.exams_of`; `known` of nothing has none.

    `known` and `new` are items by language, `prompts` the texts by kind, `pairs` how many a context has.
    """
    asked, own = list(new), {code: [code] for code in new}
    told, taught = drawn(new, TOLD, "in-context"), drawn(new, TAUGHT, "lesson")
    contexts = exams_of(new, own, prompts["context"], names, pairs, [SEED])
    found: dict[Part, dict[str, pl.DataFrame]] = {
        "in-context": {code: exam.filter(pl.col("item").is_in(told)) for code, exam in contexts.items()},
        "lesson": exams_of(only(new, taught), own, prompts["question"], names, None, []),
    }
    if known:
        chosen = only(known, drawn(known, KNOWN, "known"))
        found["known"] = exams_of(chosen, {UNTAUGHT: asked}, prompts["question"], names, None, [])
    return {part: found[part] for part in PARTS if part in found}


def apart(held: pl.DataFrame, exams: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """What was answered to exams of lessons, no two of which ask in the same language, by lesson."""
    return {lesson: held.filter(pl.col("asked_in").is_in(exam["asked_in"].unique().to_list())) for lesson, exam in exams.items()}


def looked_at(
    part: Part,
    held: dict[str, pl.DataFrame],
    items: dict[str, pl.DataFrame],
    languages: dict[str, Language],
    counts: Counts,
) -> list[Answer]:
    """The answers of a part's exams (with the columns of `ANSWER_SCHEMA` that depend on the answer), scored.

    `items` are all those of the knowledge set, by language, `languages` those studied.
    """
    forms = vocabulary(items)
    bare = {(code, row["item"]): row["ask_question"] for code, table in items.items() for row in table.iter_rows(named=True)}
    about = {"model": "", "knowledge": "", "study": "", "setting": ""}
    found = []
    for lesson, table in held.items():
        own = {"seed": 0, "epoch": 0, "context": None}
        table = table.with_columns(pl.lit(value).alias(name) for name, value in own.items() if name not in table.columns)
        for row in score(named(table, about, lesson), items).iter_rows(named=True):
            question = bare[row["asked_in"], row["item"]]
            found.append(
                Answer(
                    part=part,
                    language=row["asked_in"],
                    question=question,
                    expected=row["reference"],
                    spoken=label(row["answer"], row["asked_in"], forms, languages),
                    prompt_tokens=counts.prompt(row["question"]),
                    question_tokens=counts.text(question),
                    tokens=counts.longest if row["state"] == "unfinished" else counts.text(row["raw"] or "") + 1,
                    **{key: row[key] for key in ("item", "raw", "answer", "form", "state", "correct", "correct_any")},
                )
            )
    return found
