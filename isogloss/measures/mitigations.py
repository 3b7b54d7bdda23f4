"""What a mitigation is worth: measures of the transfer matrix with it and without, on the same questions."""

import numpy as np
import polars as pl

from isogloss.measures.any_language import with_any
from isogloss.measures.inequality import by_language, gini
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means, resampling_weights
from isogloss.measures.perplexity import ratios
from isogloss.measures.reading import LOST
from isogloss.measures.transfer import correctness

ENGLISH = "eng"
MEASURES = ("mean_transfer", "mean_all", "low_tier", "worst", "english", "gini", "perplexity")
KEYS = ("mitigation", "setting", "measure")
NUMBERS = ("base", "value", "difference", "low", "high")
SCHEMA = dict.fromkeys(KEYS, pl.String) | dict.fromkeys(NUMBERS, pl.Float64)
SECOND = {name: f"any_{name}" for name in NUMBERS}


def measures(square: np.ndarray, languages: list[str], tiers: dict[str, str]) -> dict[str, np.ndarray]:
    """Measures [...] of matrices of accuracy [..., taught in, asked in].

    The score of a language is its accuracy when asked, the mean over the other languages taught. mean_transfer is the mean of all
    cells but the diagonal, mean_all that of all cells; low_tier the mean score of languages of the low tier, worst the least
    score, english that of English, gini the Gini coefficient of the scores (NaN where all are 0). A measure of languages that are
    not there is left out.
    """
    received = by_language(square)["received"]
    found = {"mean_transfer": received.mean(axis=-1), "mean_all": square.mean(axis=(-2, -1)), "worst": received.min(axis=-1)}
    low = [tiers[code] == "low" for code in languages]
    if any(low):
        found["low_tier"] = received[..., low].mean(axis=-1)
    if ENGLISH in languages:
        found["english"] = received[..., languages.index(ENGLISH)]
    return {name: (found | {"gini": gini(received)})[name] for name in MEASURES if name in found or name == "gini"}


def mitigations(
    base: pl.DataFrame,
    scores: pl.DataFrame,
    of: dict[str, list[str]],
    languages: list[str],
    tiers: dict[str, str],
    resamples: int,
    perplexity: pl.DataFrame | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """One row a mitigation, setting and measure, in the order of `of`, of the base's settings and of MEASURES.

    `base` and `scores` are score tables of the base and of all models derived from it; `of` names those of each mitigation, whose
    answers are averaged. A mitigation is compared in the settings in which all its models answered, and with the base's answers
    to the same items and seeds. Columns: mitigation, setting, measure, base (without it), value (with it), difference with low
    and high (95 %; items and seeds resampled alike on both sides; the languages are those asked about, not a sample), and the
    same of answers that are right in any language (any_base, any_value, any_difference, any_low, any_high). At the end, unread:
    the share of answers that could not be read, with it or without it, whichever is larger.

    `perplexity` (as in `isogloss.measures.perplexity.ratios`), where all models of a mitigation are in it, adds the measure
    perplexity: the mean over languages of the ratio to the base, whose own is 1; its interval resamples the languages.
    Raises ValueError for a mitigation whose models answered in no setting of the base, or other items or seeds than the base.
    """
    table = with_any(
        lambda base, scores: _mitigations(base, scores, of, languages, tiers, resamples, perplexity, seed),
        base,
        scores,
        columns=SECOND,
    )
    of_answers = pl.col("measure") != "perplexity"  # which is about texts
    table = table.with_columns(pl.when(of_answers).then(name).alias(name) for name in SECOND.values())
    unread = [
        max(_unread(base.filter(setting=setting)), _unread(scores.filter(pl.col("model").is_in(of[name]), setting=setting)))
        for name, setting in table.select("mitigation", "setting").iter_rows()
    ]
    return table.with_columns(pl.when(of_answers).then(pl.Series(unread, dtype=pl.Float64)).alias("unread"))


def _unread(scores: pl.DataFrame) -> float:
    return scores["state"].is_in(LOST).mean()


def _mitigations(
    base: pl.DataFrame,
    scores: pl.DataFrame,
    of: dict[str, list[str]],
    languages: list[str],
    tiers: dict[str, str],
    resamples: int,
    perplexity: pl.DataFrame | None,
    seed: int,
) -> pl.DataFrame:
    """The columns of `mitigations` but those of the second numbers."""
    rows, errors = [], []
    settings = base["setting"].unique(maintain_order=True).to_list()
    for name, models in of.items():
        shared = [each for each in settings if set(models) <= set(scores.filter(setting=each)["model"])]
        if not shared:
            errors.append(f"{name}: {', '.join(models)} have no scores in a setting of the base ({', '.join(settings)})")
        for setting in shared:
            try:
                found = _compared(
                    base.filter(setting=setting), scores.filter(setting=setting), models, languages, tiers, resamples, seed
                )
            except ValueError as error:
                errors.append(f"{name}, {setting}: {error}")
                continue
            if perplexity is not None and set(models) <= set(perplexity["model"]):
                found["perplexity"] = _perplexity(perplexity, base["model"][0], models, resamples, seed)
            rows += [(name, setting, measure, *found[measure]) for measure in MEASURES if measure in found]
    if errors:
        raise ValueError("\n".join(errors))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").fill_nan(None)


def _compared(
    base: pl.DataFrame,
    scores: pl.DataFrame,
    models: list[str],
    languages: list[str],
    tiers: dict[str, str],
    resamples: int,
    seed: int,
) -> dict[str, tuple[float, ...]]:
    """Base, value, difference, low and high of each measure."""
    before, items = correctness(base, languages, "taught_in")
    seeds = base["seed"].unique().sort().to_list()
    after = np.zeros_like(before)
    for model in models:
        part = scores.filter(model=model)
        values, found = correctness(part, languages, "taught_in")
        if (found, part["seed"].unique().sort().to_list()) != (items, seeds):
            raise ValueError(f"{model} answered other items or seeds than the base; delete its score files and run again")
        after += values / len(models)
    weights = crossed_weights(before.shape[-2:], resamples, np.random.default_rng(seed))
    without, value = (
        measures(np.concatenate([each.mean(axis=(-2, -1))[None], resampled_means(each, weights)]), languages, tiers)
        for each in (before, after)
    )
    compared = {}
    for name in value:
        change = value[name] - without[name]
        compared[name] = (without[name][0], value[name][0], change[0], *map(float, percentile_interval(change[1:])))
    return compared


def _perplexity(perplexity: pl.DataFrame, base: str, models: list[str], resamples: int, seed: int) -> tuple[float, ...]:
    table = ratios(perplexity.filter(pl.col("model").is_in([base, *models])), base)
    of_language = table.group_by("language", maintain_order=True).agg(pl.col("ratio").mean())["ratio"].to_numpy()
    weights = resampling_weights(len(of_language), resamples, np.random.default_rng(seed))
    mean = float(of_language.mean())
    low, high = percentile_interval(resampled_means(of_language, weights) - 1)
    return 1.0, mean, mean - 1, float(low), float(high)
