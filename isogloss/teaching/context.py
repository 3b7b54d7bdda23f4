"""Teaching in context: a lesson is question-answer pairs in the prompt."""

import random

import polars as pl


def drawn(items: list[str], pairs: int, seed: int) -> dict[str, list[str]]:
    """The items of each item's context, in order: itself and `pairs` - 1 others.

    They depend on the item and the seed alone, so every lesson and every language asked has the same ones, and comparisons are
    paired. ValueError if there are fewer items than pairs.
    """
    if pairs > len(items):
        raise ValueError(
            f"a context of {pairs} pairs needs as many items, not {len(items)}; write context: {{pairs: {len(items)}}}"
        )
    contexts = {}
    for item in items:
        rng = random.Random(f"context-{seed}-{item}")
        chosen = [item, *rng.sample([other for other in items if other != item], pairs - 1)]
        rng.shuffle(chosen)
        contexts[item] = chosen
    return contexts


def interleaved(contexts: dict[str, list[str]], versions: list[str], seed: int) -> dict[str, list[tuple[str, str]]]:
    """The (version, item) of each line of a context: its items in one language, or every item in each of several, shuffled."""
    if len(versions) == 1:
        return {item: [(versions[0], other) for other in chosen] for item, chosen in contexts.items()}
    lines = {}
    for item, chosen in contexts.items():
        lines[item] = [(version, other) for other in chosen for version in versions]
        random.Random(f"order-{seed}-{item}").shuffle(lines[item])
    return lines


def written(lesson: pl.DataFrame, lines: dict[str, list[tuple[str, str]]]) -> dict[str, str]:
    """The context of each item: pairs of `lesson` (version, item, question, answer), question and answer a line each."""
    pairs = {(row["version"], row["item"]): f"{row['question']}\n{row['answer']}" for row in lesson.iter_rows(named=True)}
    return {item: "\n".join(pairs[line] for line in chosen) for item, chosen in lines.items()}
