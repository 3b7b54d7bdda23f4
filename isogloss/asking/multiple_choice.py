"""Multiple-choice exams as tables: every item in some orders of its options, after a demonstration; and what was chosen.

An option is known by its letter in the table of items, wherever it stands when it is asked.
"""

import random

import polars as pl

from isogloss.knowledge.sources.choices import LETTERS

EXAM_SCHEMA = {
    **dict.fromkeys(("task", "level", "item", "language"), pl.String),
    "order": pl.Int64,
    "shown": pl.List(pl.String),
    "label": pl.String,
    "turns": pl.List(pl.String),
    "choices": pl.List(pl.String),
}
CHOSEN_SCHEMA = {
    "model": pl.String,
    **{name: EXAM_SCHEMA[name] for name in ("task", "level", "item", "language", "order", "shown", "label")},
    "prediction": pl.String,
    "ranked": pl.List(pl.String),
    "log_likelihoods": pl.List(pl.Float64),
    "state": pl.String,
}


def multiple_choice(items: pl.DataFrame, labelled: bool, demonstration: bool, orders: int, seed: int) -> pl.DataFrame:
    """The exam of a table of items (columns as in `isogloss.knowledge.sources.choices.CHOICE_SCHEMA`), as in `EXAM_SCHEMA`.

    `order` counts the orders of an item's options: 0 is the table's own, and each moves them on by one; there are `orders`, or
    as many as options. `shown` are the options in that order, by letter, `turns` what is said: with a demonstration the
    question and the answer of another item of the task in the language, then the question. `choices` are the answers to choose
    from, in the order shown: letters (of places) if `labelled`, else the options' texts. The item shown with its answer is drawn
    by `seed`, the same in every language, and not asked.
    """
    rows = []
    for (task,), own in items.group_by("task", maintain_order=True):
        names = own["item"].unique(maintain_order=True).sort().to_list()
        drawn = random.Random(f"demonstration-{seed}-{task}").choice(names) if demonstration else ""  # which no item is called
        shown = {row["language"]: _answered(row, labelled) for row in own.filter(item=drawn).iter_rows(named=True)}
        for row in own.filter(pl.col("item") != drawn).iter_rows(named=True):
            for order in range(min(orders, len(row["options"]))):
                letters = _letters(row, order)
                said, choices = _written(row, letters, labelled)
                about = {name: row[name] for name in ("task", "level", "item", "language", "label")}
                turns = [*shown.get(row["language"], []), said]
                rows.append(about | {"order": order, "shown": letters, "turns": turns, "choices": choices})
    return pl.DataFrame(rows, schema=EXAM_SCHEMA)


def _letters(row: dict, order: int) -> list[str]:
    letters = list(LETTERS[: len(row["options"])])
    return letters[-order:] + letters[:-order] if order else letters


def _written(row: dict, letters: list[str], labelled: bool) -> tuple[str, list[str]]:
    """A question with its options in an order, a line each, and the answers to choose from."""
    texts = [row["options"][LETTERS.index(letter)] for letter in letters]
    places = list(LETTERS[: len(texts)])
    marks = [f"{place}." for place in places] if labelled else ["-"] * len(texts)
    lines = [row["question"], *(f"{mark} {text}" for mark, text in zip(marks, texts, strict=True))]
    return "\n".join(lines), places if labelled else texts


def _answered(row: dict, labelled: bool) -> list[str]:
    """A question in its own order, and its answer."""
    letters = _letters(row, 0)
    said, choices = _written(row, letters, labelled)
    return [said, choices[letters.index(row["label"])]]


def with_likelihoods(exam: pl.DataFrame, values: list[list[float]], model: str) -> pl.DataFrame:
    """What a model chose (columns as in `CHOSEN_SCHEMA`), from the log-likelihoods of each question's answers in the order shown.

    `ranked` are the options, likeliest first (among equals the one shown first); `log_likelihoods` those of A, B, ...
    """
    ranked, likely = [], []
    for letters, own in zip(exam["shown"].to_list(), values, strict=True):
        of = dict(zip(letters, own, strict=True))
        ranked.append(sorted(letters, key=lambda letter, of=of: -of[letter]))
        likely.append([of[letter] for letter in sorted(letters)])
    return _chosen(
        exam,
        model,
        prediction=pl.Series([own[0] for own in ranked], dtype=pl.String),
        ranked=pl.Series(ranked, dtype=pl.List(pl.String)),
        log_likelihoods=pl.Series(likely, dtype=pl.List(pl.Float64)),
        state=pl.lit("answered"),
    )


def with_places(exam: pl.DataFrame, found: list[tuple[str | None, str]], model: str) -> pl.DataFrame:
    """The same from the letters of the places that a model named, None where it named none, and the state of each answer;
    nothing is ranked."""
    options = [
        letters[LETTERS.index(place)] if place else None
        for letters, (place, _) in zip(exam["shown"].to_list(), found, strict=True)
    ]
    return _chosen(
        exam,
        model,
        prediction=pl.Series(options, dtype=pl.String),
        ranked=pl.lit(None),
        log_likelihoods=pl.lit(None),
        state=pl.Series([state for _, state in found], dtype=pl.String),
    )


def _chosen(exam: pl.DataFrame, model: str, **columns: pl.Expr | pl.Series) -> pl.DataFrame:
    return exam.with_columns(model=pl.lit(model), **columns).select(list(CHOSEN_SCHEMA)).cast(CHOSEN_SCHEMA)
