"""An exam: the items of some languages, asked of a model taught a lesson (or nothing)."""

from pathlib import Path

import polars as pl
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.generation import answer_greedily
from isogloss.config import Asking
from isogloss.models.local import without_adapter
from isogloss.teaching.context import drawn, interleaved, written

ANSWER_SCHEMA = {
    "taught_in": pl.String,
    "seed": pl.Int64,
    "epoch": pl.Int64,
    "asked_in": pl.String,
    "item": pl.String,
    "context": pl.List(pl.String),
    "question": pl.String,
    "answer": pl.String,
    "state": pl.String,
}


def questions(items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The exam questions of each language: asked_in, item, question."""
    return pl.concat(
        [
            table.select(pl.lit(language).alias("asked_in"), "item", pl.col("ask_question").alias("question"))
            for language, table in items.items()
        ]
    )


def in_context(exam: pl.DataFrame, lesson: pl.DataFrame, pairs: int, seeds: list[int]) -> pl.DataFrame:
    """The exam once a seed, with the columns seed, context (what stands before the question, as `language:item`) and before (its
    text).

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
                pl.Series("before", [texts[item] for item in exam["item"]]),
            )
        )
    return pl.concat(parts)


def hold(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, exam: pl.DataFrame, asking: Asking) -> pl.DataFrame:
    """The exam with the columns answer and state: `answered`, or `unfinished` (and answer null) without an end.

    The column before, if there is one, has what stands before the question.
    """
    before = exam["before"].to_list() if "before" in exam.columns else None
    answers = answer_greedily(model, tokenizer, exam["question"].to_list(), asking.max_new_tokens, asking.batch, before)
    return exam.with_columns(pl.Series("answer", answers, dtype=pl.String)).with_columns(
        pl.when(pl.col("answer").is_null()).then(pl.lit("unfinished")).otherwise(pl.lit("answered")).alias("state")
    )


def hold_all(
    base: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    exam: pl.DataFrame,
    asking: Asking,
    lesson: str | None,
    adapters: dict[tuple[int, int], str | Path],
) -> pl.DataFrame:
    """Hold the exam with each adapter, keyed by (seed, epoch); with `base` alone if there is none (epoch 0, and seed 0 where the
    exam has none of its own)."""
    own = {"seed": pl.lit(0), "context": pl.lit(None, dtype=pl.List(pl.String))}
    exam = exam.with_columns(**{name: value for name, value in own.items() if name not in exam.columns})
    tables = []
    if not adapters:
        tables.append(hold(base, tokenizer, exam, asking).with_columns(epoch=pl.lit(0)))
    for (seed, epoch), folder in adapters.items():
        model = PeftModel.from_pretrained(base, folder).eval()
        tables.append(hold(model, tokenizer, exam, asking).with_columns(seed=pl.lit(seed), epoch=pl.lit(epoch)))
        base = without_adapter(model)
    taught = pl.lit(lesson, dtype=pl.String).alias("taught_in")
    return pl.concat(tables).with_columns(taught).select(list(ANSWER_SCHEMA)).cast(ANSWER_SCHEMA)
