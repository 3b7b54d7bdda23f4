"""Multiple choice: performance and consistency, whether the place of an option matters, and how alike options are ranked."""

import numpy as np
import polars as pl

from isogloss.knowledge.sources.choices import LETTERS
from isogloss.measures.clika import PREDICTION_SCHEMA, Task, scores
from isogloss.measures.indices import rank_consistency
from isogloss.measures.intervals import percentile_interval, resampled_means, resampling_weights

ABOUT = ["model", "task", "language"]
NUMBERS = ("chosen", "accuracy")
POSITION_SCHEMA = {
    **dict.fromkeys(ABOUT, pl.String),
    "place": pl.String,
    "answers": pl.Int64,
    "expected": pl.Float64,
    **{f"{name}{end}": pl.Float64 for name in NUMBERS for end in ("", "_low", "_high")},
    "steady": pl.Float64,
}
RANKC_SCHEMA = {
    **dict.fromkeys(("model", "task", "one", "other"), pl.String),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
}


def choice_scores(
    chosen: pl.DataFrame, languages: list[str], reference: str, resamples: int = 1000, seed: int = 0
) -> pl.DataFrame:
    """Performance and consistency as `isogloss.measures.clika.scores` has them, of answers to options in their own order.

    `chosen` has the columns of `isogloss.asking.multiple_choice.CHOSEN_SCHEMA`. An answer that names no option is wrong; how
    many there are of each task is said in `missing`.
    """
    own = chosen.filter(order=0)
    tasks = {
        task: Task(level, options)
        for task, level, options in own.group_by("task", maintain_order=True)
        .agg(pl.col("level").first(), pl.col("shown").list.len().first())
        .iter_rows()
    }
    predictions = own.with_columns(pl.col("prediction").fill_null("")).select([*PREDICTION_SCHEMA, "state"])
    return scores(predictions, reference, tasks=tasks, languages=languages, resamples=resamples, seed=seed)


def positions(chosen: pl.DataFrame, resamples: int = 1000, seed: int = 0) -> pl.DataFrame:
    """Whether a model favours options for the place where they stand: a row a model, task, language and place (A is the first).

    Columns: answers (in all orders); expected (the share of them that would have the place if all were right), chosen (the share
    that has it) and accuracy (where the right option stands there; null where it never does), each of the two followed by `_low`
    and `_high` (95 %, items resampled); steady (share of items with the same option chosen in every order; null where there is
    one order, and the same for every place).
    """
    rows = []
    for (model, task, language), own in chosen.group_by(ABOUT, maintain_order=True):
        items = own["item"].unique(maintain_order=True).to_list()
        orders, options = own["order"].n_unique(), len(own["shown"][0])
        index = (own["item"].replace_strict({item: i for i, item in enumerate(items)}), own["order"])
        counted = np.zeros((3, options, len(items), orders))  # chosen, right, both
        for row, item, order in zip(own.iter_rows(named=True), *index, strict=True):
            right = row["shown"].index(row["label"])
            counted[1, right, item, order] = 1
            if row["prediction"] is not None:
                counted[0, row["shown"].index(row["prediction"]), item, order] = 1
                counted[2, right, item, order] = row["prediction"] == row["label"]
        weights = resampling_weights(len(items), resamples, np.random.default_rng(seed))
        weights = np.concatenate([np.full((1, len(items)), 1 / len(items)), weights])
        found, stands, both = np.moveaxis(resampled_means(counted.mean(axis=-1), weights), 1, 0)
        numbers = {"chosen": found, "accuracy": np.divide(both, stands, out=np.full_like(both, np.nan), where=stands > 0)}
        same = own.group_by("item").agg((pl.col("prediction").n_unique() == 1) & pl.col("prediction").is_not_null().all())
        steady = same["prediction"].mean() if orders > 1 else None
        for place in range(options):
            row = {"model": model, "task": task, "language": language, "place": LETTERS[place], "answers": len(own)}
            row |= {"expected": stands[0, place], "steady": steady}
            for name, value in numbers.items():
                low, high = percentile_interval(value[1:, place])
                row |= {name: value[0, place], f"{name}_low": float(low), f"{name}_high": float(high)}
            rows.append(row)
    return pl.DataFrame(rows, schema=POSITION_SCHEMA).fill_nan(None)


def rankings(chosen: pl.DataFrame, resamples: int = 1000, seed: int = 0) -> pl.DataFrame:
    """RankC of each model and task (Qi et al. 2023), of options in their own order: a row each two languages (one, other), and
    one for the mean over them (both `all`), with value, low and high (95 %, items resampled).

    Models that rank no options, which are those behind an interface, are not there.
    """
    parts = [pl.DataFrame(schema=RANKC_SCHEMA)]
    ranked = chosen.filter(pl.col("ranked").is_not_null(), order=0)
    for (model, task), own in ranked.group_by("model", "task", maintain_order=True):
        table = rank_consistency(own.select("language", "item", options="ranked"), resamples, seed)
        parts.append(table.with_columns(model=pl.lit(model), task=pl.lit(task)).select(list(RANKC_SCHEMA)))
    return pl.concat(parts)
