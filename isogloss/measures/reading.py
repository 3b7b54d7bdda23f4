"""How answers were read: which could not be, in what states, and which name what is right letter by letter."""

import polars as pl

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
