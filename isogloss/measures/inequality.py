"""How unequal languages are: indices of inequality over a score by language, and means by tier."""

import numpy as np
import polars as pl

from isogloss.languages import TIERS
from isogloss.measures.any_language import main, with_any
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means, resampling_weights
from isogloss.measures.transfer import correctness


def gini(x: np.ndarray) -> np.ndarray:
    """Gini coefficient over the last axis: mean absolute difference over twice the mean (0: equal; NaN where all is 0)."""
    with np.errstate(invalid="ignore"):
        return np.abs(x[..., :, None] - x[..., None, :]).mean(axis=(-2, -1)) / (2 * x.mean(axis=-1))


def theil(x: np.ndarray) -> np.ndarray:
    """Theil's T over the last axis: mean of x/m ln(x/m) with 0 ln 0 = 0 (Theil 1967)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = x / x.mean(axis=-1, keepdims=True)
        return np.where(share == 0, 0.0, share * np.log(share)).mean(axis=-1)


def atkinson(x: np.ndarray, aversion: float) -> np.ndarray:
    """Atkinson's index over the last axis (Atkinson 1970); with an aversion of 1 it is 1 as soon as any value is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if aversion == 1:
            equivalent = np.exp(np.log(x).mean(axis=-1))
        else:
            equivalent = (x ** (1 - aversion)).mean(axis=-1) ** (1 / (1 - aversion))
        return 1 - equivalent / x.mean(axis=-1)


def indices(x: np.ndarray, tiers: list[str]) -> dict[str, np.ndarray]:
    """Every index over the last axis of `x`, whose languages have these `tiers`; low_to_high only where both tiers are there."""
    found = {
        "gini": gini(x),
        "theil": theil(x),
        "atkinson_0.5": atkinson(x, 0.5),
        "atkinson_1": atkinson(x, 1),
        "range": x.max(axis=-1) - x.min(axis=-1),
        "worst": x.min(axis=-1),
    }
    low, high = (np.array([tier == name for tier in tiers]) for name in ("low", "high"))
    if low.any() and high.any():
        with np.errstate(invalid="ignore", divide="ignore"):
            found["low_to_high"] = x[..., low].mean(axis=-1) / x[..., high].mean(axis=-1)
    return found


def corrected(accuracy: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    """Accuracy beyond what the untaught model gets right, as a share of what it gets wrong; 0 where it is no better."""
    rest = 1 - guessed
    return np.clip(np.divide(accuracy - guessed, rest, out=np.zeros_like(accuracy), where=rest > 0), 0, None)


def by_language(square: np.ndarray) -> dict[str, np.ndarray]:
    """Scores by language, [..., language], of matrices [..., taught in, asked in]: `learned` is the diagonal, `given` the mean
    over the other languages asked, `received` over the other languages taught."""
    size = square.shape[-1]
    learned = np.diagonal(square, axis1=-2, axis2=-1)
    others = square * ~np.eye(size, dtype=bool)
    return {"learned": learned, "given": others.sum(axis=-1) / (size - 1), "received": others.sum(axis=-2) / (size - 1)}


def inequality(
    scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], tiers: dict[str, str], resamples: int, seed: int = 0
) -> pl.DataFrame:
    """One row a score, correction and index of inequality between these languages.

    Columns: score (as in `by_language`), corrected (for what the untaught model gets right), index, value, low, high (95 %,
    items and seeds resampled; the languages are those asked about, not a sample), any, any_low, any_high (the same of what is
    right in any language). Null where an index is undefined, as with nothing right anywhere.
    """
    return with_any(
        lambda scores, untaught: _inequality(scores, untaught, languages, tiers, resamples, seed),
        scores,
        untaught,
        columns=main("value"),
    )


def _inequality(
    scores: pl.DataFrame, untaught: pl.DataFrame, languages: list[str], tiers: dict[str, str], resamples: int, seed: int
) -> pl.DataFrame:
    """The columns of `inequality` but those of the second number."""
    taught, _ = correctness(scores, languages, "taught_in")
    before = correctness(untaught, languages, None)[0].mean(axis=-1)
    weights = crossed_weights(taught.shape[-2:], resamples, np.random.default_rng(seed))
    squares = np.concatenate([taught.mean(axis=(-2, -1))[None], resampled_means(taught, weights)])
    guessed = np.concatenate([before.mean(axis=-1)[None], resampled_means(before, weights.sum(axis=-1))])[:, None, :]
    rows = []
    for is_corrected in (False, True):
        for score, values in by_language(corrected(squares, guessed) if is_corrected else squares).items():
            for index, found in indices(values, [tiers[language] for language in languages]).items():
                low, high = percentile_interval(found[1:])
                row = {"score": score, "corrected": is_corrected, "index": index, "value": found[0], "low": low, "high": high}
                rows.append(row)
    return pl.DataFrame(rows).fill_nan(None)


def tier_means(scores: pl.DataFrame, languages: list[str], tiers: dict[str, str], resamples: int, seed: int = 0) -> pl.DataFrame:
    """Mean accuracy from the languages of one tier to those of another, the language taught itself left out.

    Columns: taught_tier, asked_tier, accuracy, low, high (95 %; items, seeds and, within each tier, languages resampled), pairs,
    and any, any_low, any_high (of answers that are right in any language). A pair of tiers without two different languages is
    left out.
    """
    return with_any(lambda scores: _tier_means(scores, languages, tiers, resamples, seed), scores, columns=main("accuracy"))


def _tier_means(scores: pl.DataFrame, languages: list[str], tiers: dict[str, str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `tier_means` but those of the second number."""
    taught, _ = correctness(scores, languages, "taught_in")
    rng = np.random.default_rng(seed)
    sampled = resampled_means(taught, crossed_weights(taught.shape[-2:], resamples, rng))
    means = taught.mean(axis=(-2, -1))
    drawn = np.zeros((resamples, len(languages)))
    present = [tier for tier in TIERS if tier in {tiers[language] for language in languages}]
    members = {tier: [i for i, language in enumerate(languages) if tiers[language] == tier] for tier in present}
    for own in members.values():
        drawn[:, own] = resampling_weights(len(own), resamples, rng)
    others = ~np.eye(len(languages), dtype=bool)
    rows = []
    for one in present:
        for other in present:
            chosen = np.ix_(members[one], members[other])
            pairs = int(others[chosen].sum())
            if not pairs:
                continue
            weight = drawn[:, members[one], None] * drawn[:, None, members[other]] * others[chosen]
            total = weight.sum(axis=(1, 2))
            values = (sampled[:, members[one]][:, :, members[other]] * weight).sum(axis=(1, 2))
            # a resample that drew no two different languages has no mean
            low, high = percentile_interval(np.divide(values, total, out=np.full_like(total, np.nan), where=total > 0))
            accuracy = means[chosen][others[chosen]].mean()
            rows.append({"taught_tier": one, "asked_tier": other, "accuracy": accuracy, "low": low, "high": high, "pairs": pairs})
    return pl.DataFrame(rows)
