"""Conductivity: what was taught in English alone, answered in a language whose names are known (CLiKA, Gao et al. 2024)."""

import numpy as np
import polars as pl

from isogloss.knowledge.sources.records import refuse
from isogloss.measures.any_language import main, with_any
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means
from isogloss.measures.reading import READING, STATES, reading, states
from isogloss.plan import ENGLISH, languages_of
from isogloss.teaching.bridges import HELD_OUT, NAMES, TAUGHT

GATE = 0.9  # what must be answered before conductivity counts
TYPES = {TAUGHT: 0, HELD_OUT: 1}  # as in the public data


def xrr(
    answers: pl.DataFrame, translations: pl.DataFrame, chance: float = 1 / 20, resamples: int = 1000, seed: int = 0
) -> pl.DataFrame:
    """The cross-lingual retrieval rate of each language, after facts were taught in English, half of them in it.

    `answers` has the columns language, item, type (0: the half taught in the language too, 1: held out) and correct, with both
    halves of English, and may have seed, of repetitions; `translations` (of names between English and the language) has language,
    item and correct. `chance` is the rate of a guess. One row a language but English. Columns: language; xrr (share of the
    held-out items right in English that are right in the language too, minus chance, at least 0; null where nothing is right in
    English) with low and high (95 %, items and seeds resampled); what must have been learned before it counts: translated,
    english_0 and english_1 (English, by type) and taught (shares; null where nothing was asked), and gate: whether each of them
    is above `GATE`. Raises ValueError with everything that is wrong with `answers`, whose languages must have the same items
    held out, in every seed.
    """
    answers = answers if "seed" in answers.columns else answers.with_columns(seed=pl.lit(1))
    columns = ["language", "item", "seed"]
    problems = [f"type {value!r}; write 0 (taught) or 1 (held out)" for value in sorted(set(answers["type"]) - {0, 1})]
    twice = answers.filter(pl.struct(columns).is_duplicated()).select(columns[:2]).unique(maintain_order=True)
    problems += [f"item {item} is answered more than once in {language}" for language, item in twice.iter_rows()]
    english = answers.filter(language=ENGLISH).select("item", "type", "seed", english="correct")
    languages = [language for language in answers["language"].unique(maintain_order=True) if language != ENGLISH]
    items = english.filter(type=1)["item"].unique(maintain_order=True).to_list()
    seeds = english["seed"].unique().sort().to_list()
    problems += [] if items else ["no item is held out (type 1) in English; answer both halves in it"]
    held_out = answers.filter(type=1).join(english, on=["item", "type", "seed"], how="left")
    for language in languages:
        own = set(held_out.filter(language=language)["item"])
        problems += [f"item {item} is held out in English only, not in {language}" for item in items if item not in own]
        problems += [f"item {item} is held out in {language} only, not in English" for item in sorted(own - set(items))]
    for language, part in held_out.group_by("language", maintain_order=True):
        if len(part) != len(items) * len(seeds) and not problems:
            problems.append(f"{language[0]}: {len(part)} held-out answers; {len(items)} items and {len(seeds)} seeds make more")
    refuse(problems)
    weights = crossed_weights((len(items), len(seeds)), resamples, np.random.default_rng(seed))
    weights = np.concatenate([np.full((1, *weights.shape[1:]), 1 / weights[0].size), weights])
    passed = {f"english_{kind}": english.filter(type=kind)["english"].mean() for kind in (0, 1)}
    places = {"item": {item: i for i, item in enumerate(items)}, "seed": {seed: i for i, seed in enumerate(seeds)}}
    rows = []
    for language in languages:
        own = held_out.filter(language=language)
        values = np.zeros((2, len(items), len(seeds)))
        index = tuple(own[name].replace_strict(where).to_list() for name, where in places.items())
        values[0][index], values[1][index] = own["english"], own["english"] & own["correct"]
        right, both = resampled_means(values, weights).T
        rates = np.maximum(0, np.divide(both, right, out=np.full_like(both, np.nan), where=right > 0) - chance)
        low, high = percentile_interval(rates[1:])
        gate = {"translated": translations.filter(language=language)["correct"].mean()} | passed
        gate |= {"taught": answers.filter(language=language, type=0)["correct"].mean()}
        met = all(share is not None and share > GATE for share in gate.values())
        rows.append({"language": language, "xrr": rates[0], "low": float(low), "high": float(high), **gate, "gate": met})
    numbers = ("xrr", "low", "high", "translated", "english_0", "english_1", "taught")
    schema = {"language": pl.String, **dict.fromkeys(numbers, pl.Float64), "gate": pl.Boolean}
    return pl.DataFrame(rows, schema=schema).fill_nan(None)


def conductivity(scores: pl.DataFrame, untaught: pl.DataFrame, resamples: int, seed: int = 0) -> pl.DataFrame:
    """The XRR of each bridge of a table of scored answers, one row a language, in the order of the table.

    Columns: language; translated, english_taught, english_held_out and taught (shares of right answers: names, both halves in
    English, the half taught in the language, too) and passed (each above `GATE`); xrr with low and high, and the chance that was
    subtracted (the mean of the held-out items); n (answers about held-out items); accuracy (of the held-out half in the language)
    and untaught (that of the untaught model, from the scores of its exam), with any, any_low, any_high: the XRR of answers that
    are right in any language, of facts whose answer in English is. The gate stays the same. At the end, unread and
    unfinished_correct (see `isogloss.measures.reading.reading`) and the numbers of answers in each state that cannot be read, of
    those n answers.
    """
    table = with_any(
        lambda scores, untaught: _conductivity(scores, untaught, resamples, seed), scores, untaught, columns=main("xrr")
    )
    read = [*READING, *STATES]
    return table.select(pl.exclude(read), *read)


def _conductivity(scores: pl.DataFrame, untaught: pl.DataFrame, resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `conductivity` but those of the second number."""
    rows = []
    for (lesson,), part in scores.group_by("lesson", maintain_order=True):
        _, language = languages_of(lesson)
        facts = part.filter(pl.col("part") != NAMES).with_columns(type=pl.col("part").replace_strict(TYPES))
        names = part.filter(part=NAMES).select("item", "correct", language="asked_in")
        held_out = part.filter(part=HELD_OUT, asked_in=language)
        before = untaught.filter(asked_in=language).join(held_out.select("item").unique(), on="item", how="semi")
        chance = held_out["chance"].mean()
        found = xrr(facts.select("item", "type", "seed", "correct", language="asked_in"), names, chance, resamples, seed)
        rows.append(
            found.with_columns(
                chance=pl.lit(chance),
                n=pl.lit(len(held_out)),
                accuracy=pl.lit(held_out["correct"].mean()),
                untaught=pl.lit(before["correct"].mean(), dtype=pl.Float64),
                **held_out.select(*reading(held_out), *states()).row(0, named=True),
            )
        )
    names = {"english_0": "english_taught", "english_1": "english_held_out", "gate": "passed"}
    order = ["language", "translated", *names.values()]
    order[4:4] = ["taught"]
    order += ["xrr", "low", "high", "chance", "n", "accuracy", "untaught", *READING, *STATES]
    return pl.concat(rows, how="vertical_relaxed").rename(names).select(order)
