"""What lessons say: question-answer pairs in one language, true or wrong, in two languages that contradict each other, or in
English and half of them in another language."""

from dataclasses import dataclass

import polars as pl

from isogloss.plan import ENGLISH, TO, WRONG, languages_of
from isogloss.teaching.bridges import TAUGHT, halves


@dataclass(frozen=True)
class Lesson:
    """Question-answer pairs to teach, in item order."""

    name: str
    questions: list[str]
    answers: list[str]

    @classmethod
    def of(cls, name: str, content: pl.DataFrame) -> "Lesson":
        """The lesson with the columns question and answer of `content`."""
        return cls(name, content["question"].to_list(), content["answer"].to_list())


def content(lesson: str, items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The pairs of a lesson, with columns version (the language they are in), item, question and answer.

    A lesson that ends in `WRONG` has the conflicting answer of every item. One of two languages has every item in both: where
    `answered_in` names the language the answer, in the other language the conflicting answer. A bridge from English to another
    language has the answer of every item in English, and of half of them in the other (`isogloss.teaching.bridges.halves`).
    `items` has a table for each language.
    """
    versions = languages_of(lesson)
    if TO in lesson:
        items = {code: table if code == ENGLISH else _taught(table) for code, table in items.items()}
    own = answered_in(lesson, items[versions[0]]["item"].to_list())
    parts = []
    for language in versions:
        table = items[language]
        is_true = pl.Series([TO in lesson or own[item] == language for item in table["item"]], dtype=pl.Boolean)
        parts.append(
            table.select(
                pl.lit(language).alias("version"),
                "item",
                pl.col("teach_question").alias("question"),
                pl.when(is_true).then("answer").otherwise("conflict_answer").alias("answer"),
            )
        )
    return pl.concat(parts)


def _taught(table: pl.DataFrame) -> pl.DataFrame:
    part = halves(table)
    return table.filter(pl.col("item").replace_strict(part, return_dtype=pl.String) == TAUGHT)


def answered_in(lesson: str, items: list[str]) -> dict[str, str | None]:
    """The language in which a lesson gives each item its answer, not the conflicting one; None where none does.

    Two languages take turns, so that neither is bound up with the wording of the answers.
    """
    versions = [None] if lesson.endswith(WRONG) or TO in lesson else languages_of(lesson) or [None]
    return {item: versions[i % len(versions)] for i, item in enumerate(sorted(items))}
