"""Exams as tables: the items of some languages, asked after a lesson or nothing; and what was answered."""

from collections.abc import Iterable

import polars as pl

from isogloss.asking.prompts import Said
from isogloss.plan import ENGLISH, TO, languages_of
from isogloss.teaching.bridges import NAMES, Requests, halves, translations
from isogloss.teaching.context import drawn, interleaved, written
from isogloss.teaching.lessons import content

ANSWER_SCHEMA = {
    "model": pl.String,
    "knowledge": pl.String,
    "study": pl.String,
    "setting": pl.String,
    "lesson": pl.String,
    "taught_in": pl.String,
    "seed": pl.Int64,
    "epoch": pl.Int64,
    "asked_in": pl.String,
    "item": pl.String,
    "part": pl.String,  # of an exam of conductivity: names, taught or held-out; null for others
    "context": pl.List(pl.String),
    "question": pl.String,
    "raw": pl.String,  # all that the model said, thoughts included; null if nothing came
    "answer": pl.String,  # what was read from it; null unless the state is `answered`
    "form": pl.String,  # how, `tags` or `whole` (see `isogloss.asking.prompts.read`); null without an answer
    "state": pl.String,  # `answered`, `unfinished`, `unparsed` or `refused`
}


PLAIN = "{context}\n{question}"  # a question after its context


def questions(items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The exam questions of each language: asked_in, item, question (the bare one)."""
    return pl.concat(
        [
            table.select(pl.lit(language).alias("asked_in"), "item", pl.col("ask_question").alias("question"))
            for language, table in items.items()
        ]
    )


def worded(table: pl.DataFrame, prompt: str, names: dict[str, str], language: str = "asked_in") -> pl.DataFrame:
    """An exam or a lesson with each question put into a prompt (as in `isogloss.asking.prompts`), after the context in the column
    text, if there is one; that column is dropped.

    The column `language` says which language a question is in, `names` what that is called.
    """
    texts = table["text"] if "text" in table.columns else [None] * len(table)
    questions = [
        prompt.format(context=context, question=question, language=names[code])
        for context, (code, question) in zip(texts, table.select(language, "question").iter_rows(), strict=True)
    ]
    return table.with_columns(pl.Series("question", questions, dtype=pl.String)).drop("text", strict=False)


def after_contexts(exam: pl.DataFrame, lesson: pl.DataFrame, pairs: int, seeds: list[int]) -> pl.DataFrame:
    """The exam once a seed, each question as it is and beside it a context, with the columns seed, context (what it says, as
    `language:item`) and text (as it stands in prompts).

    `lesson` has version, item, question and answer, as from `isogloss.teaching.lessons.content`; a context has `pairs` of them,
    or of two languages half as many items, each in both.
    """
    versions = lesson["version"].unique(maintain_order=True).to_list()
    items = lesson["item"].unique(maintain_order=True).to_list()
    parts = []
    for seed in seeds:
        lines = interleaved(drawn(items, max(1, pairs // len(versions)), seed), versions, seed)
        texts = written(lesson, lines)
        named = {item: [f"{version}:{other}" for version, other in chosen] for item, chosen in lines.items()}
        parts.append(
            exam.with_columns(
                pl.lit(seed).alias("seed"),
                pl.Series("context", [named[item] for item in exam["item"]], dtype=pl.List(pl.String)),
                pl.Series("text", [texts[item] for item in exam["item"]], dtype=pl.String),
            )
        )
    return pl.concat(parts)


def in_context(exam: pl.DataFrame, lesson: pl.DataFrame, pairs: int, seeds: list[int]) -> pl.DataFrame:
    """The exam `after_contexts`, each context and question in a plain prompt."""
    return worded(after_contexts(exam, lesson, pairs, seeds), PLAIN, dict.fromkeys(exam["asked_in"], ""))


def bare_exams(
    items: dict[str, pl.DataFrame], asked: dict[str, list[str]], pairs: int | None, seeds: list[int]
) -> dict[str, pl.DataFrame]:
    """The exam of each lesson in the languages it is `asked` in, its questions in no prompt; `after_contexts` of so many `pairs`,
    where the lesson is in the prompt."""
    exams = {lesson: questions({code: items[code] for code in codes}) for lesson, codes in asked.items()}
    if pairs is None:
        return exams
    return {lesson: after_contexts(exam, content(lesson, items), pairs, seeds) for lesson, exam in exams.items()}


def exams_of(
    items: dict[str, pl.DataFrame],
    asked: dict[str, list[str]],
    prompt: str | None,
    names: dict[str, str],
    pairs: int | None,
    seeds: list[int],
    requests: Requests | None = None,
    keep: int | None = None,
) -> dict[str, pl.DataFrame]:
    """The exam of each lesson in the languages it is `asked` in, its questions put into the prompt (None: bare, for
    `isogloss.asking.stepwise`); once a seed after a context of so many `pairs`, where the lesson is in the prompt. That of a
    bridge asks for names, too, and has the column part. So many items are kept (see `first_items`)."""
    exams = bare_exams(items, asked, pairs, seeds)
    if prompt is not None:
        exams = {lesson: worded(exam, prompt, names) for lesson, exam in exams.items()}
    return first_items({lesson: _bridged(lesson, exam, items, requests) for lesson, exam in exams.items()}, keep)


def first_items(exams: dict[str, pl.DataFrame], keep: int | None) -> dict[str, pl.DataFrame]:
    """Exams with so many items alone, the first by name; contexts and all else of them stay as they are. None keeps all."""
    if keep is None:
        return exams
    kept = sorted({item for exam in exams.values() for item in exam["item"]})[:keep]
    return {lesson: exam.filter(pl.col("item").is_in(kept)) for lesson, exam in exams.items()}


def _bridged(lesson: str, exam: pl.DataFrame, items: dict[str, pl.DataFrame], requests: Requests | None) -> pl.DataFrame:
    """The exam with its parts, and the requests for names, if the lesson is a bridge."""
    if TO not in lesson:
        return exam
    part = pl.col("item").replace_strict(halves(items[ENGLISH]), return_dtype=pl.String)
    asked = translations(lesson, items, requests).select(
        "item", "question", pl.col("version").alias("asked_in"), pl.lit(NAMES).alias("part")
    )
    return pl.concat([exam.with_columns(part=part), asked], how="diagonal")


def named(held: pl.DataFrame, about: dict[str, str], lesson: str) -> pl.DataFrame:
    """A table of answers with the columns that say what they are about, as in `ANSWER_SCHEMA`."""
    known = about | {"lesson": lesson, "taught_in": "+".join(languages_of(lesson)) or None}
    known |= {} if "part" in held.columns else {"part": None}
    return (
        held.with_columns(pl.lit(value).alias(key) for key, value in known.items())
        .select(list(ANSWER_SCHEMA))
        .cast(ANSWER_SCHEMA)
    )


def with_said(exam: pl.DataFrame, said: list[Said]) -> pl.DataFrame:
    """An exam with the columns raw, answer, form and state, from what was said to each of its questions."""
    columns = {name: [getattr(each, name) for each in said] for name in Said._fields}
    return exam.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in columns.items())


def together(exams: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The exams of several lessons, none taught by an adapter, with the columns lesson, epoch (0), seed and context (0 and null
    where an exam has none)."""
    own = {"seed": pl.lit(0), "context": pl.lit(None, dtype=pl.List(pl.String))}
    return pl.concat(
        [
            exam.with_columns(epoch=pl.lit(0), lesson=pl.lit(lesson), **{k: v for k, v in own.items() if k not in exam.columns})
            for lesson, exam in exams.items()
        ],
        how="diagonal",
    )


def apart(held: pl.DataFrame, lessons: Iterable[str]) -> dict[str, pl.DataFrame]:
    """What `together` has put together, by lesson."""
    return {lesson: held.filter(lesson=lesson).drop("lesson") for lesson in lessons}
