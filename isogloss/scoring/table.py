"""The table of scored answers, from which every measure is taken."""

import polars as pl

from isogloss.plan import languages_of
from isogloss.scoring.exact import normalise, verdict
from isogloss.teaching.bridges import NAMES, name_references
from isogloss.teaching.lessons import answered_in


def score(answers: pl.DataFrame, items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Score answers against the items of the language they were asked in.

    Adds reference, conflict_reference, correct and conflict_correct, match and conflict_match (how they are: `exact` or `within`
    a longer answer, see `isogloss.scoring.exact`), chance, alike: whether the
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
                "relation",
                "aliases",
                "conflict_aliases",
                "chance",
            )
            for language, table in items.items()
        ]
    )
    if NAMES in answers["part"]:
        references = pl.concat([references, name_references(items)])
    table = answers.join(references, on=["asked_in", "item"], how="left", maintain_order="left")
    spelled = {(row["asked_in"], row["item"]): normalise(row["reference"]) for row in references.iter_rows(named=True)}
    rows = list(table.iter_rows(named=True))
    items_of = {lesson: sorted(part["item"].unique()) for (lesson,), part in table.group_by("lesson")}
    versions = {lesson: answered_in(lesson, found) for lesson, found in items_of.items() if len(languages_of(lesson)) > 1}
    classes = _classes(references)
    found = {
        name: [verdict(row["answer"], row[aliases], classes[row["asked_in"], row["relation"]]) for row in rows]
        for name, aliases in (("match", "aliases"), ("conflict_match", "conflict_aliases"))
    }
    return table.with_columns(
        pl.Series("correct", [how is not None for how in found["match"]], dtype=pl.Boolean),
        pl.Series("conflict_correct", [how is not None for how in found["conflict_match"]], dtype=pl.Boolean),
        *(pl.Series(name, how, dtype=pl.String) for name, how in found.items()),
        pl.Series(
            "alike",
            [
                spelled[row["taught_in"], row["item"]] == normalise(row["reference"]) if row["taught_in"] in items else None
                for row in rows
            ],
            dtype=pl.Boolean,
        ),
        pl.Series("answer_in", [versions.get(row["lesson"], {}).get(row["item"]) for row in rows], dtype=pl.String),
    ).drop("aliases", "conflict_aliases", "relation")


def _classes(references: pl.DataFrame) -> dict[tuple[str, str], frozenset[str]]:
    """Every answer and conflicting answer to a relation's questions in a language, in every form, normalised."""
    classes: dict[tuple[str, str], set[str]] = {}
    for row in references.iter_rows(named=True):
        known = classes.setdefault((row["asked_in"], row["relation"]), set())
        known.update(map(normalise, [*row["aliases"], *row["conflict_aliases"]]))
    return {key: frozenset(names) for key, names in classes.items()}
