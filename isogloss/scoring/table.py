"""The table of scored answers, from which every measure is taken."""

import polars as pl

from isogloss.scoring.exact import matches, normalise


def score(answers: pl.DataFrame, items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Score answers against the items of the language they were asked in.

    Adds reference, conflict_reference, correct and conflict_correct (exact match with any alias), chance, and alike: whether the
    right answer is spelled alike in the language taught (null for the untaught model).
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
    return table.with_columns(
        pl.Series("correct", [matches(row["answer"], row["aliases"]) for row in rows], dtype=pl.Boolean),
        pl.Series("conflict_correct", [matches(row["answer"], row["conflict_aliases"]) for row in rows], dtype=pl.Boolean),
        pl.Series(
            "alike",
            [
                None if row["taught_in"] is None else spelled[row["taught_in"], row["item"]] == normalise(row["reference"])
                for row in rows
            ],
            dtype=pl.Boolean,
        ),
    ).drop("aliases", "conflict_aliases")
