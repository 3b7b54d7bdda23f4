"""Teaching in context: a lesson is question-answer pairs in the prompt."""

import random

import polars as pl


def drawn(items: list[str], pairs: int, seed: int) -> dict[str, list[str]]:
    """The items of each item's context, in order: itself and `pairs` - 1 others.

    They depend on the item and the seed alone, so every lesson and every language asked has the same ones, and comparisons are
    paired. ValueError if there are fewer items than pairs.
    """
    if pairs > len(items):
        raise ValueError(f"a context of {pairs} pairs needs as many items, not {len(items)}; write context: {{pairs: {len(items)}}}")
    contexts = {}
    for item in items:
        rng = random.Random(f"context-{seed}-{item}")
        chosen = [item, *rng.sample([other for other in items if other != item], pairs - 1)]
        rng.shuffle(chosen)
        contexts[item] = chosen
    return contexts


def written(lesson: pl.DataFrame, contexts: dict[str, list[str]]) -> dict[str, str]:
    """The context of each item: the pairs of `lesson` (item, question, answer) in turn, question and answer a line each."""
    lines = {row["item"]: f"{row['question']}\n{row['answer']}" for row in lesson.iter_rows(named=True)}
    return {item: "\n".join(lines[other] for other in chosen) for item, chosen in contexts.items()}
