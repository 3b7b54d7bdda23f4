"""The transfer matrix: how much of what was taught in one language is answered in another."""

import numpy as np
import polars as pl

from isogloss.measures.any_language import MAIN, main, with_any
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means, resampling_weights

UNREAD = 0.1  # from this share of answers that could not be read on, an accuracy says little
LOST = ("unfinished", "unparsed", "refused")  # the states of such answers
STATES = [f"state_{state}" for state in LOST]
READING = ["unread", "unfinished_correct"]
TO_THE_LETTER = ("exact", "within", "number")  # how an answer is right that is not inflected
WORST_NAMED = 3  # languages in a sentence


def reading(scores: pl.DataFrame) -> list[pl.Expr]:
    """What to aggregate of scores for the shares READING: `unread` (answers that could not be read: without an end, without an
    answer, refused) and `unfinished_correct` (answers without an end that would have been right; null where that is unknown)."""
    unfinished, right = pl.col("state") == "unfinished", pl.lit(None, dtype=pl.Float64)
    if "unfinished_correct" in scores.columns:
        known = pl.col("unfinished_correct")
        right = pl.when((unfinished & known.is_null()).any()).then(None).otherwise(known.sum() / pl.len())
    return [pl.col("state").is_in(LOST).mean().alias("unread"), right.alias("unfinished_correct")]


def states() -> list[pl.Expr]:
    """What to aggregate of scores for the numbers STATES, of answers in each state that cannot be read."""
    return [(pl.col("state") == state).sum().alias(name) for state, name in zip(LOST, STATES, strict=True)]


def strict(scores: pl.DataFrame) -> pl.Expr:
    """What to aggregate of scores for `strict`, the share of answers that name what is right letter by letter, neither
    inflected nor spelled otherwise (see `isogloss.scoring.exact`); null where that is unknown."""
    if "match" not in scores.columns:
        return pl.lit(None, dtype=pl.Float64).alias("strict")
    return (pl.col("correct") & pl.col("match").is_in(TO_THE_LETTER).fill_null(False)).mean().alias("strict")


def correctness(scores: pl.DataFrame, languages: list[str], rows: str | None) -> tuple[np.ndarray, list[str]]:
    """Which answers are right: [taught, asked, item, seed] (or [asked, item, seed] if `rows` is None), and the items' order.

    Raises ValueError if a cell lacks an item, naming the first.
    """
    items, seeds = (sorted(scores[key].unique().to_list()) for key in ("item", "seed"))
    axes = {**({rows: languages} if rows else {}), "asked_in": languages, "item": items, "seed": seeds}
    values = np.full([len(names) for names in axes.values()], np.nan)
    index = tuple(scores[key].replace_strict({name: i for i, name in enumerate(names)}) for key, names in axes.items())
    values[index] = scores["correct"].cast(pl.Float64)
    if np.isnan(values).any():
        missing = np.argwhere(np.isnan(values))[0]
        named = [str(names[i]) for names, i in zip(axes.values(), missing, strict=True)]
        raise ValueError(
            f"no answer for {' / '.join(named[:-1])} (seed {named[-1]}); delete that lesson's score file and run again"
        )
    return values, items


def cells(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """One row a cell of the matrix, in the order of `languages`.

    Columns: taught_in, asked_in, accuracy with its 95 % interval low..high (items and seeds resampled), any, any_low, any_high
    (the same of answers that are right in any language; null where that is unknown), n (answers), unfinished (answers in another
    state than `answered`, which count as wrong), untaught (accuracy of the untaught model on the same exam), chance (of a guess
    within the class of the right answer), alike (share of items whose answer is spelled alike in both languages), accuracy_alike
    and accuracy_unlike (accuracy on those items and on the rest; null where there are none), unread and unfinished_correct (see
    `reading`), untaught_any (as untaught, in any language) and how many answers were in each state that cannot be read
    (state_unfinished, state_unparsed, state_refused), and strict (see there).
    """
    table = with_any(
        lambda scores, untaught: _cells(scores, untaught, languages, resamples, seed),
        scores,
        untaught,
        columns=main("accuracy") | {"untaught": "untaught_any"},
    )
    order = ["taught_in", "asked_in", "accuracy", "low", "high", *MAIN, "n", "unfinished", "untaught", "chance"]
    return table.select(*order, "alike", "accuracy_alike", "accuracy_unlike", *READING, "untaught_any", *STATES, "strict")


def _cells(scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `cells`, in another order, but those of the second number."""
    taught, items = correctness(scores, languages, "taught_in")
    before, untaught_items = correctness(untaught, languages, None)
    if items != untaught_items:
        raise ValueError("the untaught model was asked other items; delete its score file and run again")
    weights = crossed_weights(taught.shape[-2:], resamples, np.random.default_rng(seed))
    low, high = percentile_interval(resampled_means(taught, weights))
    counts = scores.group_by("taught_in", "asked_in").agg(
        pl.len().alias("n"),
        (pl.col("state") != "answered").sum().alias("unfinished"),
        pl.col("chance", "alike").mean(),
        pl.col("correct").filter(pl.col("alike")).mean().alias("accuracy_alike"),
        pl.col("correct").filter(~pl.col("alike")).mean().alias("accuracy_unlike"),
        *reading(scores),
        *states(),
        strict(scores),
    )
    size = len(languages)
    table = pl.DataFrame(
        {
            "taught_in": [a for a in languages for _ in languages],
            "asked_in": languages * size,
            "accuracy": taught.mean(axis=(-2, -1)).flatten(),
            "low": low.flatten(),
            "high": high.flatten(),
            "untaught": np.tile(before.mean(axis=(-2, -1)), size),
        }
    )
    return table.join(counts, on=["taught_in", "asked_in"], how="left", maintain_order="left")


def matrix(table: pl.DataFrame, values: str = "accuracy") -> pl.DataFrame:
    """The square matrix of accuracies (0..1), or of another column of `cells`: taught_in, then one column a language."""
    return table.pivot(on="asked_in", index="taught_in", values=values, maintain_order=True)


def margins(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """Means over the other languages, with 95 % intervals that resample items, seeds and partner languages (crossed).

    Columns: language, direction (`taught`: taught in it, asked in the others; `asked`: asked in it, taught in the others),
    accuracy, low, high, and any, any_low, any_high (of answers that are right in any language).
    """
    return with_any(lambda scores: _margins(scores, languages, resamples, seed), scores, columns=main("accuracy"))


def _margins(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `margins` but those of the second number."""
    taught, _ = correctness(scores, languages, "taught_in")
    size = len(languages)
    rng = np.random.default_rng(seed)
    sampled = resampled_means(taught, crossed_weights(taught.shape[-2:], resamples, rng))
    others = ~np.eye(size, dtype=bool)
    partner_weights = resampling_weights(size, resamples, rng)[:, None, :] * others
    totals = partner_weights.sum(axis=-1)
    means = taught.mean(axis=(-2, -1))
    rows = []
    for direction, square, squares in (("taught", means, sampled), ("asked", means.T, sampled.swapaxes(1, 2))):
        # a resample that drew no other language has no mean
        drawn = np.divide((squares * partner_weights).sum(axis=-1), totals, out=np.full_like(totals, np.nan), where=totals > 0)
        low, high = percentile_interval(drawn)
        mean = (square * others).sum(axis=-1) / (size - 1)
        rows += [
            {"language": language, "direction": direction, "accuracy": mean[i], "low": low[i], "high": high[i]}
            for i, language in enumerate(languages)
        ]
    return pl.DataFrame(rows)


def accuracy_by_language(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """Accuracy of each exam language: language, accuracy, low, high (items and seeds resampled), any, any_low, any_high, n,
    unfinished, chance, unread, unfinished_correct, the numbers of states and strict, as in `cells`."""
    table = with_any(lambda scores: _by_language(scores, languages, resamples, seed), scores, columns=main("accuracy"))
    return table.select("language", "accuracy", "low", "high", *MAIN, "n", "unfinished", "chance", *READING, *STATES, "strict")


def _by_language(scores: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> pl.DataFrame:
    values, _ = correctness(scores, languages, None)
    weights = crossed_weights(values.shape[-2:], resamples, np.random.default_rng(seed))
    low, high = percentile_interval(resampled_means(values, weights))
    counts = scores.group_by("asked_in").agg(
        pl.len().alias("n"),
        (pl.col("state") != "answered").sum().alias("unfinished"),
        pl.col("chance").mean(),
        *reading(scores),
        *states(),
        strict(scores),
    )
    table = pl.DataFrame({"language": languages, "accuracy": values.mean(axis=(-2, -1)), "low": low, "high": high})
    return table.join(counts, left_on="language", right_on="asked_in", how="left", maintain_order="left")


def matrix_unread(table: pl.DataFrame) -> bool:
    """Whether a matrix says nothing: in more than half of its `cells` more than half of the answers could not be read."""
    return bool((table["unread"].cast(pl.Float64).fill_null(0.0) > 0.5).mean() > 0.5)


def unread_note(table: pl.DataFrame, names: dict[str, str] | None = None) -> str | None:
    """For people: how many answers of `cells`, or of `accuracy_by_language`, could not be read, in what states, where most of
    them are, and what to change. None where no row has more than the share UNREAD of them, or it is unknown.

    `names` says what languages are called; without it they are called by their codes.
    """
    if not (table["unread"].cast(pl.Float64) > UNREAD).any():
        return None
    asked = "asked_in" if "asked_in" in table.columns else "language"
    states = {state: int(table[name].sum()) for state, name in zip(LOST, STATES, strict=True)}
    lost, total = sum(states.values()), int(table["n"].sum())
    said = ", ".join(f"{number:,} {state}" for state, number in states.items() if number)
    by_language = (
        table.group_by(asked, maintain_order=True)
        .agg(pl.sum_horizontal(STATES).sum() / pl.col("n").sum())
        .rename({STATES[0]: "share"})
        .sort("share", descending=True, maintain_order=True)
        .filter(pl.col("share") > 0)
        .head(WORST_NAMED)
    )
    worst = ", ".join(f"{(names or {}).get(code, code)} ({share:.0%})" for code, share in by_language.iter_rows())
    longer = "allow longer answers (asking: {max_new_tokens: N}, with a larger N)"
    other = "try other prompts (asking: {prompts: instructed}, or plain)"
    advice = [longer, other] if 2 * states["unfinished"] >= lost else [other, longer]
    return (
        f"{lost:,} of {total:,} answers could not be read ({said}) and count as wrong, most in {worst}: look at what was said "
        f"(column raw of the scores), then {advice[0]} or {advice[1]}."
    )
