"""What a sandbox can do beside facts, in numbers."""

import polars as pl
from sacrebleu.metrics import CHRF

from isogloss.measures.transfer import accuracy_by_language


def lookup(answers: pl.DataFrame, languages: list[str], resamples: int) -> pl.DataFrame:
    """Accuracy in contexts of the language asked in: kind, pairs, then language, accuracy, low, high, n, unfinished, chance."""
    own = answers.filter((pl.col("ability") == "lookup") & (pl.col("context_in") == pl.col("asked_in")))
    tables = [
        _by_language(part, languages, resamples).select(pl.lit(kind).alias("kind"), pl.lit(pairs).alias("pairs"), pl.all())
        for (kind, pairs), part in own.group_by("kind", "pairs", maintain_order=True)
    ]
    return pl.concat(tables)


def lookup_across(answers: pl.DataFrame) -> pl.DataFrame:
    """Accuracy where context and question differ in language: context_in, asked_in, pairs, accuracy, n, chance."""
    other = answers.filter((pl.col("ability") == "lookup") & (pl.col("context_in") != pl.col("asked_in")))
    return other.group_by("context_in", "asked_in", "pairs", maintain_order=True).agg(
        pl.col("correct").mean().alias("accuracy"), pl.len().alias("n"), pl.col("chance").mean()
    )


def choice(answers: pl.DataFrame, languages: list[str], resamples: int) -> pl.DataFrame:
    """Accuracy of forced choices: language, accuracy, low, high, n, unfinished, chance."""
    return _by_language(answers.filter(pl.col("ability") == "choice"), languages, resamples)


def translation(answers: pl.DataFrame) -> pl.DataFrame:
    """chrF (0..100, Popović 2015, as in sacrebleu) by language and kind of text: language, kind, chrf, lowest, highest, n.

    `lowest` and `highest` are over seeds; an unfinished translation counts as an empty one.
    """
    asked = answers.filter(pl.col("ability") == "translation").with_columns(pl.col("answer").fill_null(""))
    asked = pl.concat([asked, asked.with_columns(kind=pl.lit("all"))])
    rows = []
    for (language, kind), part in asked.group_by("context_in", "kind", maintain_order=True):
        by_seed = [_chrf(each) for _, each in part.group_by("seed")]
        rows.append(
            {
                "language": language,
                "kind": kind,
                "chrf": _chrf(part),
                "lowest": min(by_seed),
                "highest": max(by_seed),
                "n": len(part),
            }
        )
    numbers = {"chrf": pl.Float64, "lowest": pl.Float64, "highest": pl.Float64}
    return pl.DataFrame(rows, schema={"language": pl.String, "kind": pl.String, **numbers, "n": pl.Int64})


def _chrf(part: pl.DataFrame) -> float:
    return CHRF().corpus_score(part["answer"].to_list(), [part["reference"].to_list()]).score


def _by_language(part: pl.DataFrame, languages: list[str], resamples: int) -> pl.DataFrame:
    """Accuracy by language; the same number of another seed is another item."""
    items = part.with_columns(item=pl.format("{}-{}", "seed", "item"), seed=0)
    table = accuracy_by_language(items, languages, resamples)
    return table.select("language", "accuracy", "low", "high", "n", "unfinished", "chance")
