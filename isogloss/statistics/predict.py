"""What would a language that was not measured do? Its row and column, with intervals, and how well such predictions did."""

from dataclasses import replace

import numpy as np
import polars as pl
from scipy import stats

from isogloss.measures.intervals import LEVEL
from isogloss.statistics.effects import fit_effects
from isogloss.statistics.heldout import ONE, folds, split
from isogloss.statistics.pairs import KEYS, Study
from isogloss.statistics.specifications import DIRECTED
from isogloss.statistics.subsets import r_squared


def predict_unmeasured(study: Study, pairs: pl.DataFrame, features: tuple[str, ...] = DIRECTED) -> pl.DataFrame:
    """Accuracy to be expected where one language or both were not measured, from the factors of those pairs.

    `pairs` has taught_in, asked_in and the features, a row a direction; rows of two measured languages are passed over. Returns
    taught_in, asked_in, predicted, low, high (95 %, for a new measurement; all cut at 0 and 1). A mixed model of directed pairs
    knows what a measured language adds as a source and as a target, and how much unmeasured ones may differ. Raises ValueError
    for a feature that is not there or blank, naming the pairs.
    """
    known = study.directed.only(features)
    if missing := [name for name in (*KEYS, *features) if name not in pairs.columns]:
        raise ValueError(f"the pairs to predict have no column {', '.join(missing)}")
    measured = pl.Series(known.languages)
    both = pl.col("taught_in").is_in(measured.implode()) & pl.col("asked_in").is_in(measured.implode())
    wanted = pairs.filter(~both & (pl.col("taught_in") != pl.col("asked_in"))).select(*KEYS, pl.col(features).cast(pl.Float64))
    blank = wanted.filter(pl.any_horizontal(pl.col(features).fill_nan(None).is_null()))
    if not blank.is_empty():
        raise ValueError(f"factors are blank for {', '.join(f'{a} -> {b}' for a, b in blank.select(KEYS).rows())}")
    new = [code for code in dict.fromkeys([*wanted["taught_in"], *wanted["asked_in"]]) if code not in known.languages]
    languages = (*known.languages, *new)
    numbers = {language: i for i, language in enumerate(languages)}
    first, second = (wanted[key].replace_strict(numbers, return_dtype=pl.Int64).to_numpy() for key in KEYS)
    unseen = replace(
        known,
        languages=languages,
        first=first,
        second=second,
        outcome=np.full(len(wanted), np.nan),
        features=wanted.select(features).to_numpy(),
    )
    mean, deviation = fit_effects(replace(known, languages=languages), related=False).predict(unseen)
    return wanted.select(KEYS).with_columns(**_interval(mean, deviation, len(known.languages)))


def _interval(mean: np.ndarray, deviation: np.ndarray, languages: int) -> dict[str, pl.Series]:
    # how much languages differ is known from so many of them
    half = stats.t.ppf((1 + LEVEL) / 2, languages - 1) * deviation
    values = {"predicted": mean, "low": mean - half, "high": mean + half}
    return {name: pl.Series(np.clip(value, 0, 1)) for name, value in values.items()}


def check_predictions(study: Study, features: tuple[str, ...] = DIRECTED) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(cells, summary): each measured language is left out in turn, and its row and column predicted like an unmeasured one's
    (of more than 40 languages, of 40 drawn at random).

    Cells: left_out, taught_in, asked_in, accuracy, predicted, low, high, baseline (the partner's own mean in that role among the
    others). Summary, one row a language and one of all (`all`): language, n, coverage (share of accuracies inside the interval),
    mae, baseline_mae, r2 and baseline_r2 (blank for single languages).
    """
    data = study.directed.only(features)
    codes = np.array(data.languages)
    parts = []
    for (language,) in folds(study.symmetric, ONE):
        train, test = split(data, (language,))
        learned, unseen = data.rows(train), data.rows(test)
        mean, deviation = fit_effects(learned, related=False).predict(unseen)
        as_source = {i: learned.outcome[learned.first == i].mean() for i in np.unique(learned.first)}
        as_target = {i: learned.outcome[learned.second == i].mean() for i in np.unique(learned.second)}
        baseline = [as_target[b] if a == language else as_source[a] for a, b in zip(unseen.first, unseen.second, strict=True)]
        part = pl.DataFrame({"taught_in": codes[unseen.first], "asked_in": codes[unseen.second], "accuracy": unseen.outcome})
        part = part.with_columns(**_interval(mean, deviation, len(codes) - 1), baseline=pl.Series(baseline))
        parts.append(part.select(pl.lit(str(codes[language])).alias("left_out"), pl.all()))
    cells = pl.concat(parts)
    error = {"mae": pl.col("predicted"), "baseline_mae": pl.col("baseline")}
    numbers = [
        pl.len().alias("n"),
        pl.col("accuracy").is_between("low", "high").mean().alias("coverage"),
        *((pl.col("accuracy") - value).abs().mean().alias(name) for name, value in error.items()),
    ]
    each = cells.group_by(pl.col("left_out").alias("language"), maintain_order=True).agg(numbers)
    truth = cells["accuracy"].to_numpy()
    scores = {
        name: r_squared(truth, cells[column].to_numpy()) for name, column in (("r2", "predicted"), ("baseline_r2", "baseline"))
    }
    whole = cells.select(pl.lit("all").alias("language"), *numbers).with_columns(**{k: pl.lit(v) for k, v in scores.items()})
    return cells, pl.concat([each, whole], how="diagonal")
