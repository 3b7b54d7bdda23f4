"""Where an answer is lost: is the right concept to be read from a layer, and in which language?"""

import numpy as np
import polars as pl

from isogloss.measures.intervals import percentile_interval, resampled_means, resampling_weights

SHARES = [name + end for name in ("right", "wrong", "excess") for end in ("", "_low", "_high")]
SCHEMA = {"layer": pl.Int64, "read_in": pl.String} | dict.fromkeys(SHARES, pl.Float64) | {"n": pl.Int64, "answers": pl.Int64}
READ_IN = ("asked", "taught", "any")  # the language asked, the one taught, whichever


def decodable(lens: pl.DataFrame, answers: int, resamples: int, seed: int = 0) -> pl.DataFrame:
    """Of wrong answers in another language than was taught, those whose concept can be read from a layer: a row a layer and
    language it is read in; none if no answer is wrong.

    `lens` has a row a wrong answer, layer and concept: taught_in, asked_in, seed, item, layer (from 1), concept (`right`, or
    `wrong`: another of its class), language (in which the concept is decoded; null if in none). `answers` is how many there were
    in another language than was taught, right ones among them.
    Columns: layer, read_in (as in READ_IN), right (share of answers whose right concept is decoded), wrong (the same of the wrong
    concept, what chance would give) and excess (right minus wrong), each with its interval (`right_low`, `right_high`...; 95 %,
    items resampled, the same for all layers), n (wrong answers), answers.
    """
    items, layers = (lens[name].unique().sort().to_list() for name in ("item", "layer"))
    if not items:
        return pl.DataFrame(schema=SCHEMA)
    weights = resampling_weights(len(items), resamples, np.random.default_rng(seed))
    counted = lens.group_by("layer", "concept", "item").agg(
        pl.len().alias("answers"),
        asked=(pl.col("language") == pl.col("asked_in")).fill_null(False).sum(),
        taught=(pl.col("language") == pl.col("taught_in")).fill_null(False).sum(),
        any=pl.col("language").is_not_null().sum(),
    )
    about = {"n": lens.n_unique(["taught_in", "asked_in", "seed", "item"]), "answers": answers}
    rows = []
    for layer in layers:
        parts = {concept: _counts(counted.filter(layer=layer, concept=concept), items) for concept in ("right", "wrong")}
        for read_in, place in zip(READ_IN, range(1, 4), strict=True):
            found = {concept: _share(counts[[0, place]], weights) for concept, counts in parts.items()}
            found["excess"] = found["right"] - found["wrong"]
            row = {"layer": layer, "read_in": read_in}
            for name, (value, *drawn) in found.items():
                low, high = percentile_interval(np.array(drawn))
                row |= {name: value, f"{name}_low": float(low), f"{name}_high": float(high)}
            rows.append(row | about)
    return pl.DataFrame(rows, schema=SCHEMA).fill_nan(None)


def _counts(table: pl.DataFrame, items: list[str]) -> np.ndarray:
    """[4, item]: answers, and those read in each of READ_IN; 0 for an item without."""
    own = pl.DataFrame({"item": items}).join(table, on="item", how="left", maintain_order="left").fill_null(0)
    return own.select("answers", *READ_IN).to_numpy().T.astype(float)


def _share(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The share [1 + resample] of answers, of all items and of each resample of them."""
    answers, read = np.concatenate([counts.sum(axis=1)[None], resampled_means(counts, weights)]).T
    return np.divide(read, answers, out=np.full_like(answers, np.nan), where=answers > 0)
