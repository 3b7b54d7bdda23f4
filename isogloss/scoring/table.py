"""The table of scored answers, from which every measure is taken."""

import polars as pl

from isogloss.plan import languages_of
from isogloss.scoring.exact import matches, normalise
from isogloss.teaching.lessons import answered_in


def score(answers: pl.DataFrame, items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Score answers against the items of the language they were asked in.

    Adds reference, conflict_reference, correct and conflict_correct (exact match with any alias), chance, alike: whether the
    right answer is spelled alike in the language taught (null where that is not one language that was asked in), and answer_in:
    the language in which a lesson of two gave the answer, not the conflicting one (null for other lessons).
    """
    references = pl.concat(
        [
            table.select(
                pl.lit(language).alias("asked_in"),
                "item",
                pl.col("answer").alias("reference"),
                pl.col("conflict_answer").alias("conflict_reference"),
                "aliases",
                "conflict_aliases",
                "chance",
            )
            for language, table in items.items()
        ]
    )
    table = answers.join(references, on=["asked_in", "item"], how="left", maintain_order="left")
    spelled = {(row["asked_in"], row["item"]): normalise(row["reference"]) for row in references.iter_rows(named=True)}
    rows = list(table.iter_rows(named=True))
    items_of = {lesson: sorted(part["item"].unique()) for (lesson,), part in table.group_by("lesson")}
    versions = {lesson: answered_in(lesson, found) for lesson, found in items_of.items() if len(languages_of(lesson)) > 1}
    return table.with_columns(
        pl.Series("correct", [matches(row["answer"], row["aliases"]) for row in rows], dtype=pl.Boolean),
        pl.Series("conflict_correct", [matches(row["answer"], row["conflict_aliases"]) for row in rows], dtype=pl.Boolean),
        pl.Series(
            "alike",
            [
                spelled[row["taught_in"], row["item"]] == normalise(row["reference"]) if row["taught_in"] in items else None
                for row in rows
            ],
            dtype=pl.Boolean,
        ),
        pl.Series("answer_in", [versions.get(row["lesson"], {}).get(row["item"]) for row in rows], dtype=pl.String),
    ).drop("aliases", "conflict_aliases")
