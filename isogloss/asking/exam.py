"""An exam: the items of some languages, asked of a model taught a lesson (or nothing)."""

from pathlib import Path

import polars as pl
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.generation import answer_greedily
from isogloss.config import Asking
from isogloss.models.local import without_adapter

ANSWER_SCHEMA = {
    "taught_in": pl.String,
    "seed": pl.Int64,
    "epoch": pl.Int64,
    "asked_in": pl.String,
    "item": pl.String,
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


def hold(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, exam: pl.DataFrame, asking: Asking) -> pl.DataFrame:
    """The exam with the columns answer and state: `answered`, or `unfinished` (and answer null) without an end."""
    answers = answer_greedily(model, tokenizer, exam["question"].to_list(), asking.max_new_tokens, asking.batch)
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
    """Hold the exam with each adapter, keyed by (seed, epoch); with `base` alone if there is none (seed and epoch 0)."""
    tables = []
    if not adapters:
        tables.append(hold(base, tokenizer, exam, asking).with_columns(seed=pl.lit(0), epoch=pl.lit(0)))
    for (seed, epoch), folder in adapters.items():
        model = PeftModel.from_pretrained(base, folder).eval()
        tables.append(hold(model, tokenizer, exam, asking).with_columns(seed=pl.lit(seed), epoch=pl.lit(epoch)))
        base = without_adapter(model)
    taught = pl.lit(lesson, dtype=pl.String).alias("taught_in")
    return pl.concat(tables).with_columns(taught).select(list(ANSWER_SCHEMA)).cast(ANSWER_SCHEMA)
