"""Share of the web, and the tables that put all factors of languages and of pairs side by side."""

import io
import itertools
import math
from collections.abc import Collection, Mapping, Sequence

import polars as pl

from isogloss.languages import Language

KEYS = ["taught_in", "asked_in"]


def language_table(
    languages: Sequence[Language],
    shares: Mapping[str, float],
    optimised: Collection[str] | None = None,
    factors: Sequence[pl.DataFrame] = (),
) -> pl.DataFrame:
    """One row a language: tier, share (percent), its natural logarithm, and whether the model was made for it.

    `optimised` lists the codes of languages the model was made for; with None, which is not known, the flag is null. Each of
    `factors` has a column `language` and is joined to it. Columns: `isogloss.factors.columns.LANGUAGE_COLUMNS`.
    Raises ValueError with all languages that have no share above 0.
    """
    logs = _log_shares(languages, shares)
    rows = [
        (code, language.tier, float(shares[code]), logs[code], _flag(optimised, [code], all))
        for code, language in _by_code(languages).items()
    ]
    schema = {
        "language": pl.String,
        "tier": pl.String,
        "share_percent": pl.Float64,
        "log_share": pl.Float64,
        "optimised": pl.Int8,
    }
    return _joined(pl.DataFrame(rows, schema=schema, orient="row"), factors, ["language"])


def with_flags(table: pl.DataFrame, optimised: Mapping[str, Collection[str]]) -> pl.DataFrame:
    """A table of languages with a column `optimised_{model}` for each model in `optimised`, in place of the column `optimised`: 1
    if the model was made for the language, else 0."""
    made = {f"optimised_{model}": pl.col("language").is_in(list(codes)).cast(pl.Int8) for model, codes in optimised.items()}
    return table.drop("optimised").with_columns(**made)


def pair_table(
    languages: Sequence[Language],
    shares: Mapping[str, float],
    optimised: Collection[str] | None = None,
    factors: Sequence[pl.DataFrame] = (),
) -> pl.DataFrame:
    """One row an ordered pair of different languages, with sums, minima and ends of the factors of languages.

    Each of `factors` has columns taught_in and asked_in and is joined to them; `optimised` is as in `language_table`. Columns:
    `isogloss.factors.columns.PAIR_COLUMNS`. Raises ValueError with all languages that have no share above 0.
    """
    logs = _log_shares(languages, shares)
    by_code = _by_code(languages)
    rows = [
        (
            taught,
            asked,
            by_code[taught].tier,
            by_code[asked].tier,
            logs[taught] + logs[asked],
            min(logs[taught], logs[asked]),
            logs[taught],
            logs[asked],
            _flag(optimised, [taught, asked], all),
            _flag(optimised, [taught, asked], any),
        )
        for taught, asked in itertools.permutations(by_code, 2)
    ]
    words = dict.fromkeys([*KEYS, "taught_tier", "asked_tier"], pl.String)
    numbers = dict.fromkeys(["log_share_sum", "log_share_min", "log_share_taught", "log_share_asked"], pl.Float64)
    flags = dict.fromkeys(["optimised_both", "optimised_any"], pl.Int8)
    return _joined(pl.DataFrame(rows, schema=words | numbers | flags, orient="row"), factors, KEYS)


def common_crawl_shares(text: str, crawls: Collection[str] | None = None) -> pl.DataFrame:
    """The share table, from the text of `plots/languages.csv` of Common Crawl's statistics.

    Columns iso639_3, pages_{crawl} of each crawl (by default the last two) and share_percent: the mean over the crawls of a
    language's share of all pages, those without a language among them. Most pages first. Raises ValueError if the text has other
    columns or lacks a crawl.
    """
    table = pl.read_csv(io.StringIO(text))
    if missing := {"crawl", "primary_language", "pages"} - set(table.columns):
        raise ValueError(f"no column {', '.join(sorted(missing))}; give the text of plots/languages.csv of cc-crawl-statistics")
    counted = table.filter(pl.col("primary_language") != "<unknown>")
    there = counted["crawl"].unique().sort().to_list()  # their names are dates
    crawls = sorted(there[-2:] if crawls is None else crawls)
    if absent := [crawl for crawl in crawls if crawl not in there]:
        raise ValueError(f"no languages of {', '.join(absent)}; the last crawls there are {', '.join(there[-3:])}")
    totals = dict(table.group_by("crawl").agg(pl.col("pages").sum()).iter_rows())
    pages = counted.filter(pl.col("crawl").is_in(crawls)).pivot("crawl", index="primary_language", values="pages").fill_null(0)
    share = pl.mean_horizontal(100 * pl.col(crawl) / totals[crawl] for crawl in crawls)
    names = {crawl: "pages_" + crawl.lower().replace("-", "_") for crawl in crawls}
    return (
        pages.select(pl.col("primary_language").alias("iso639_3"), *crawls, share.round(6).alias("share_percent"))
        .rename(names)
        .sort("share_percent", "iso639_3", descending=[True, False])
    )


def _by_code(languages: Sequence[Language]) -> dict[str, Language]:
    return {language.iso639_3: language for language in languages}


def _log_shares(languages: Sequence[Language], shares: Mapping[str, float]) -> dict[str, float]:
    codes = list(_by_code(languages))
    if missing := [code for code in codes if not shares.get(code, 0) > 0]:
        raise ValueError(f"no share above 0 for {', '.join(missing)}; add a row with iso639_3 and share_percent for each")
    return {code: math.log(shares[code]) for code in codes}


def _flag(optimised: Collection[str] | None, codes: list[str], combine) -> int | None:
    return None if optimised is None else int(combine(code in optimised for code in codes))


def _joined(table: pl.DataFrame, factors: Sequence[pl.DataFrame], keys: list[str]) -> pl.DataFrame:
    for factor in factors:
        table = table.join(factor, on=keys, how="left", validate="1:1", maintain_order="left")
    return table
