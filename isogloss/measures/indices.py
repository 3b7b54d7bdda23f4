"""Other cross-lingual knowledge measures, from any table of scored answers: X-FaKT, ECLeKTic, RankC, indices of inequality."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import softmax

from isogloss.knowledge.sources.records import refuse
from isogloss.measures.any_language import MAIN, main, with_any
from isogloss.measures.inequality import inequality
from isogloss.measures.intervals import percentile_interval, resampled_means, resampling_weights
from isogloss.measures.transfer import correctness

SCORE_SCHEMA = {
    "model": pl.String,
    "knowledge": pl.String,
    "setting": pl.String,
    "taught_in": pl.String,
    "asked_in": pl.String,
    "item": pl.String,
    "seed": pl.Int64,
    "correct": pl.Boolean,
}
MEASURE_SCHEMA = {
    **dict.fromkeys(("model", "knowledge", "setting", "measure"), pl.String),
    **dict.fromkeys(("value", "low", "high", *MAIN), pl.Float64),
}
GROUP = ("model", "knowledge", "setting")
ANSWER = [name for name in SCORE_SCHEMA if name != "correct"]
TRUE, FALSE = ("true", "1"), ("false", "0")
STUDIES = ("transferability", "verification")  # of a project's table: those that ask what one language teaches another


def x_fakt(own_error: np.ndarray, other_error: np.ndarray) -> dict[str, np.ndarray]:
    """Factual recall (frs), knowledge transfer (kts) and their harmonic mean (x_fakt), each 0..1, 1 is best (Aggarwal et al.
    2025).

    `own_error` is the mean error where asked in the language taught, `other_error` where asked in another (0..1, any shape).
    """
    recall = 1.5 * (1 / (own_error + other_error + 1) - 1 / 3)
    transfer = 2 * (1 / (np.abs(own_error - other_error) + 1) - 1 / 2)
    return {"frs": recall, "kts": transfer, "x_fakt": harmonic_mean(recall, transfer)}


def harmonic_mean(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Harmonic mean of two shares; 0 where both are 0."""
    total = np.asarray(one + other, dtype=float)
    return np.divide(2 * one * other, total, out=np.zeros_like(total), where=total > 0)


def eclektic(right: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """ECLeKTic's overall success and transfer (Goldman et al. 2025), each [resamples].

    `right` is [taught, asked, item, seed] (0 or 1), `weights` [resamples, item, seed]. Of all questions in a language
    other than the one taught, `overall` is the share that is right in both, `transfer` the same share of those where
    the answer is right in the language taught (NaN where none is).
    """
    return _eclektic(list(right), [weights] * len(right))


def _eclektic(right: list[np.ndarray], weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """The same where each language taught has items of its own: `right` and `weights` of each. Every question counts alike."""
    asked, known, both = 0, 0, 0
    for i, (answers, weight) in enumerate(zip(right, weights, strict=True)):
        questions = answers[0].size * (len(right) - 1)
        own = resampled_means(answers[i], weight)
        asked += questions
        known = known + questions * own
        both = both + questions * (resampled_means(answers * answers[i], weight).sum(axis=-1) - own) / (len(right) - 1)
    with np.errstate(invalid="ignore"):
        return {"eclektic_overall": both / asked, "eclektic_transfer": both / known}


def measures(scores: pl.DataFrame, tiers: dict[str, str], resamples: int = 1000, seed: int = 0) -> pl.DataFrame:
    """Every measure of each model, knowledge set and setting of a table with the columns of `SCORE_SCHEMA` (others are ignored,
    but of a table with a column study only the studies in `STUDIES` are used).

    Columns: model, knowledge, setting, measure, value, low, high (95 %, items and seeds resampled), any, any_low, any_high (the
    same of answers that are right in any language; null of tables that do not know it). Measures: those of `x_fakt`
    and `eclektic`, and SCORE_INDEX of `isogloss.measures.inequality`, with `_corrected` at the end where it is corrected for
    what the untaught model gets right (not there without answers of the untaught model, whose `taught_in` is null). Low and high
    tiers (`tiers`, by ISO 639-3) are compared where there are both. Where the languages taught have items of their own (X-FaKT,
    ECLeKTic), inequality is not there: it would compare them on different questions. Null where a measure is undefined. A single
    language has none. Raises ValueError where an answer is missing.
    """
    if "study" in scores.columns:
        scores = scores.filter(pl.col("study").is_in(STUDIES))
    return with_any(lambda scores: _measures(scores, tiers, resamples, seed), scores, columns=main("value"))


def _measures(scores: pl.DataFrame, tiers: dict[str, str], resamples: int, seed: int) -> pl.DataFrame:
    """The columns of `measures` but those of the second number."""
    taught, untaught = (scores.filter(kind) for kind in (pl.col("taught_in").is_not_null(), pl.col("taught_in").is_null()))
    rows = []
    for (model, knowledge, setting), part in taught.group_by(GROUP, maintain_order=True):
        languages = part["taught_in"].unique(maintain_order=True).to_list()
        if len(languages) == 1:
            continue
        before = untaught.filter(model=model, knowledge=knowledge)
        found = _of_matrix(part, languages, resamples, seed)
        if len({tuple(items) for items in _items(part).values()}) == 1:
            found |= _inequality(part, before, languages, tiers, resamples, seed)
        rows += [(model, knowledge, setting, name, *numbers) for name, numbers in found.items()]
    schema = {name: kind for name, kind in MEASURE_SCHEMA.items() if name not in MAIN}
    return pl.DataFrame(rows, schema=schema, orient="row").fill_nan(None)


def _of_matrix(part: pl.DataFrame, languages: list[str], resamples: int, seed: int) -> dict[str, tuple]:
    """X-FaKT and ECLeKTic of a matrix of answers: (value, low, high) by name."""
    right = [correctness(part.filter(taught_in=code), languages, None)[0] for code in languages]
    weights = _weights([tuple(_items(part)[code]) for code in languages], right[0].shape[-1], resamples, seed)
    errors = 1 - np.stack([resampled_means(*both) for both in zip(right, weights, strict=True)], axis=1)
    own = np.eye(len(languages), dtype=bool)
    found = x_fakt(errors[:, own].mean(axis=-1), errors[:, ~own].mean(axis=-1)) | _eclektic(right, weights)
    return {name: (values[0], *percentile_interval(values[1:])) for name, values in found.items()}


def _items(part: pl.DataFrame) -> dict[str, list[str]]:
    """The items of each language taught."""
    return dict(part.group_by("taught_in", maintain_order=True).agg(pl.col("item").unique().sort()).iter_rows())


def _weights(items: list[tuple[str, ...]], seeds: int, resamples: int, seed: int) -> list[np.ndarray]:
    """Weights of the answers to each language's items, [1 + resamples, item, seed], the first not resampled.

    Languages with the same items are resampled alike, and seeds in all languages.
    """
    rng = np.random.default_rng(seed)
    drawn = {own: resampling_weights(len(own), resamples, rng) for own in dict.fromkeys(items)}
    of_seeds = resampling_weights(seeds, resamples, rng)
    weights = {own: of_items[:, :, None] * of_seeds[:, None] for own, of_items in drawn.items()}
    return [np.concatenate([np.full((1, len(own), seeds), 1 / (len(own) * seeds)), weights[own]]) for own in items]


def own_items(scores: pl.DataFrame) -> list[str]:
    """A note on each model, knowledge set and setting of which the languages taught do not have the same items."""
    notes = []
    for group, part in scores.filter(pl.col("taught_in").is_not_null()).group_by(GROUP, maintain_order=True):
        items = _items(part)
        if len({tuple(own) for own in items.values()}) > 1:
            sizes = ", ".join(f"{code} {len(own)}" for code, own in items.items())
            shared = len(set.intersection(*map(set, items.values())))
            notes.append(f"{' / '.join(group)}: each language taught has items of its own ({sizes}; in all of them: {shared})")
    return notes


def _inequality(
    part: pl.DataFrame, before: pl.DataFrame, languages: list[str], tiers: dict[str, str], resamples: int, seed: int
) -> dict[str, tuple]:
    """The indices of inequality of a matrix of answers: (value, low, high) by name."""
    # without an untaught model nothing is corrected; any answers do in its place
    guessed = part.filter(taught_in=languages[0]) if before.is_empty() else before
    table = inequality(part, guessed, languages, {code: tiers.get(code, "") for code in languages}, resamples, seed)
    shown = table.filter(~pl.col("corrected")) if before.is_empty() else table
    return {
        f"{row['score']}_{row['index']}{'_corrected' * row['corrected']}": (row["value"], row["low"], row["high"])
        for row in shown.iter_rows(named=True)
    }


def rankc(one: Sequence[Sequence], other: Sequence[Sequence]) -> np.ndarray:
    """Consistency of two rankings of each query's options, best first: [queries], 0..1 (RankC, Qi et al. 2023).

    Of a query with N options, the mean over j = 1..N of the share of the first j that both rankings have, weighted by softmax of
    N, N - 1, ..., 1. RankC of two languages is the mean over queries. Raises ValueError with every query whose two rankings are
    not of the same options, each once.
    """
    wrong = [
        i for i, (a, b) in enumerate(zip(one, other, strict=True)) if not (0 < len(a) == len(b) == len({*a}) and {*a} == {*b})
    ]
    refuse([f"query {i}: {list(one[i])} and {list(other[i])} do not rank the same options, each once" for i in wrong])
    weights = {size: softmax(np.arange(size, 0, -1)) for size in {len(ranks) for ranks in one}}
    return np.array([weights[len(a)] @ _overlap(a, b) for a, b in zip(one, other, strict=True)])


def _overlap(one: Sequence, other: Sequence) -> np.ndarray:
    """The share of the first j options that two rankings have in common, for each j = 1..N."""
    place = {option: j for j, option in enumerate(other)}
    # an option is among the first j of both from the later of its two places on
    joined = np.bincount([max(j, place[option]) for j, option in enumerate(one)], minlength=len(one))
    return joined.cumsum() / np.arange(1, len(one) + 1)


def rank_consistency(rankings: pl.DataFrame, resamples: int = 1000, seed: int = 0) -> pl.DataFrame:
    """RankC of each two languages, and their mean. `rankings` has language, item and options (a list, best first, the same in
    every language).

    Columns: one, other (of the mean, the last row, both `all`), value, low, high (95 %, items resampled). Raises ValueError where
    a language lacks an item.
    """
    table = {
        language: dict(part.select("item", "options").iter_rows())
        for (language,), part in rankings.group_by("language", maintain_order=True)
    }
    items = rankings["item"].unique(maintain_order=True).to_list()
    refuse([f"{language}: no ranking of item {item}" for language, own in table.items() for item in items if item not in own])
    weights = resampling_weights(len(items), resamples, np.random.default_rng(seed))
    ranked = {language: [own[item] for item in items] for language, own in table.items()}
    found = {pair: rankc(*(ranked[language] for language in pair)) for pair in itertools.combinations(ranked, 2)}
    found |= {("all", "all"): np.mean(list(found.values()), axis=0)} if found else {}
    rows = []
    for pair, values in found.items():
        low, high = percentile_interval(resampled_means(values, weights))
        rows.append((*pair, values.mean(), float(low), float(high)))
    schema = {"one": pl.String, "other": pl.String, **dict.fromkeys(("value", "low", "high"), pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def read_scores(path: str | Path) -> pl.DataFrame:
    """A table of scored answers made elsewhere, .csv or .parquet, with the columns of `SCORE_SCHEMA`.

    One row an answer: `taught_in` and `asked_in` are ISO 639-3, `correct` is true or false (or 1 or 0), `seed` counts repetitions
    (1 where there is no such column). In every setting each language taught must be asked, and the other way round; a language
    taught may have items of its own, which must then be asked in every language. Rows with nothing in `taught_in` are those of
    the model before it was taught; they may be left out. Other columns are ignored, and studies other than `STUDIES` if there is
    a column study. Raises ValueError with everything that is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise ValueError(f"{path}: unknown format; known are .csv, .parquet")
    try:
        table = pl.read_csv(path, infer_schema=False) if kind == ".csv" else pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path}: cannot be read as {kind[1:]} ({error})") from None
    if absent := [name for name in SCORE_SCHEMA if name not in (*table.columns, "seed")]:
        raise ValueError(f"{path}: no column {', '.join(absent)}; it has {', '.join(table.columns)}")
    if "seed" not in table.columns:
        table = table.with_columns(seed=pl.lit("1"))
    texts = [name for name in (*SCORE_SCHEMA, "study") if name in table.columns]
    try:
        table = table.select(pl.col(texts).cast(pl.String).str.strip_chars().replace("", None))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path}: a column has neither texts nor numbers ({error})") from None
    table = table.with_row_index("row", offset=2 if kind == ".csv" else 1)  # of a CSV the line, where no text has two
    if "study" in texts:
        table = table.filter(pl.col("study").is_in(STUDIES)).drop("study")
    table = table.with_columns(pl.col("correct").str.to_lowercase())
    problems = _malformed(table)
    refuse([f"{path}, {problem}" for problem in problems])
    table = table.select(pl.col(ANSWER), pl.col("correct").is_in(TRUE)).cast(SCORE_SCHEMA)
    refuse([f"{path}: {problem}" for problem in _incomplete(table)])
    return table


def _malformed(table: pl.DataFrame) -> list[str]:
    """What is wrong with single rows of a table of texts."""
    language = r"^[a-z]{3}$"
    rules = {
        "taught_in": (language, "an ISO 639-3 code, or nothing for the untaught model"),
        "asked_in": (language, "an ISO 639-3 code"),
        "seed": (r"^\d{1,18}$", "a whole number"),
        "correct": (f"^({'|'.join(TRUE + FALSE)})$", "true or false"),
    }
    problems = []
    for name in SCORE_SCHEMA:
        if name != "taught_in":
            problems += [f"row {row}: {name} is empty" for row in table.filter(pl.col(name).is_null())["row"]]
        if name in rules:
            pattern, wanted = rules[name]
            wrong = table.filter(~pl.col(name).str.contains(pattern)).select("row", name)
            problems += [f"row {row}: {name} is {value!r}; write {wanted}" for row, value in wrong.iter_rows()]
    again = table.with_columns(first=pl.col("row").first().over(ANSWER)).filter(pl.col("first") != pl.col("row"))
    return problems + [
        f"row {row}: the answer is there already (row {first})" for row, first in again.select("row", "first").iter_rows()
    ]


def _incomplete(table: pl.DataFrame) -> list[str]:
    """What keeps the answers of each model, knowledge set and setting from being a matrix of languages, taught and untaught."""
    taught, untaught = (table.filter(kind) for kind in (pl.col("taught_in").is_not_null(), pl.col("taught_in").is_null()))
    problems = [] if len(taught) else ["no row has a language in taught_in"]
    for group, part in taught.group_by(GROUP, maintain_order=True):
        languages = set(part["taught_in"]) | set(part["asked_in"])
        codes, items = pl.DataFrame({"asked_in": sorted(languages)}), part.select("item").unique().sort("item")
        named = " / ".join(group)
        problems += [f"{named}: one language alone; at least two are needed"] if len(languages) == 1 else []
        own = _items(part)
        for code in sorted(languages):
            cells = codes.select(pl.lit(code).alias("taught_in"), "asked_in")
            problems += [f"{named}: {hole}" for hole in _holes(part, cells, pl.DataFrame({"item": own.get(code, items["item"])}))]
        before = untaught.filter(model=group[0], knowledge=group[1])
        if len(before):
            before = before.with_columns(taught_in=pl.lit("nothing"))
            settings = before["setting"].unique().sort().to_list()
            problems += [f"{named}: the untaught model has settings {', '.join(settings)}; keep one"] if len(settings) > 1 else []
            problems += [f"{named}: {hole}" for hole in _holes(before, codes.with_columns(taught_in=pl.lit("nothing")), items)]
            more = sorted((set(before["item"]) - set(items["item"])) | (set(before["asked_in"]) - languages))
            problems += [f"{named}: the untaught model was asked more ({', '.join(more)}); take it out"] if more else []
    return problems


def _holes(part: pl.DataFrame, cells: pl.DataFrame, items: pl.DataFrame) -> list[str]:
    """The cells that lack answers, where each should have all of these items with every seed that there is in `part`."""
    expected = cells.join(items, how="cross").join(part.select("seed").unique().sort("seed"), how="cross")
    absent = expected.join(part, on=expected.columns, how="anti", maintain_order="left")
    found = absent.group_by("taught_in", "asked_in", maintain_order=True).agg(
        pl.len(), pl.col("item").first(), pl.col("seed").first()
    )
    return [
        f"taught {taught}, asked in {asked}: answers that are not there: {n}, the first of item {item} (seed {seed})"
        for taught, asked, n, item, seed in found.select("taught_in", "asked_in", "len", "item", "seed").iter_rows()
    ]
