"""Distances between languages, shares of the web, and the tables of factors."""

import math

import numpy as np
import polars as pl
import pytest

from isogloss.factors.columns import LANGUAGE_COLUMNS, PAIR_COLUMNS
from isogloss.factors.distances import DISTANCES, cosine_distances, coverage, distances
from isogloss.factors.neurons import with_shared_neurons
from isogloss.factors.shares import common_crawl_shares, language_table, pair_table, with_flags
from isogloss.models.sandbox.corpus import read_shares

SHARES = "data/common_crawl_language_share.csv"


@pytest.fixture(scope="module")
def measured(languages):
    """Distances of the shipped languages."""
    return distances(list(languages))


def pair(table, taught, asked):
    return table.row(by_predicate=(pl.col("taught_in") == taught) & (pl.col("asked_in") == asked), named=True)


def test_cosine_distances_of_vectors_one_can_see():
    found = cosine_distances(np.array([[1, 0], [1, 1], [0, 2], [0, 0]]))
    assert found[0, 1] == pytest.approx(1 - 1 / math.sqrt(2))
    assert found[0, 2] == 1
    assert found[1, 1] == pytest.approx(0)
    assert np.isnan(found[3]).all(), "a vector without direction is at no distance from anything"


def test_distances_are_those_of_lang2vec_on_full_vectors(measured):
    """Computed with lang2vec.get_features; the syntax of eng-fra with minimal=True among these 19 would be .2036."""
    expected = {"fam": 0.9038, "syntax": 0.1882, "inventory": 0.2591}
    assert {name: round(pair(measured, "eng", "fra")[name], 4) for name in expected} == expected
    expected = {"fam": 1 / 6, "syntax": 1 / 19, "geography": 0.001116, "phonology": 0, "inventory": 0.132868}
    assert {name: pair(measured, "swe", "dan")[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_a_distance_depends_on_its_two_languages_alone(measured):
    for one, two in (("eng", "fra"), ("tam", "zul")):
        alone = distances([two, one])
        assert pair(alone, one, two) == pytest.approx(pair(measured, one, two))
        back = pair(measured, two, one)
        assert {c: back[c] for c in DISTANCES} == pytest.approx({c: pair(measured, one, two)[c] for c in DISTANCES})


def test_every_ordered_pair_has_every_distance(measured, languages):
    assert len(measured) == len(languages) * (len(languages) - 1)
    assert not sum(measured.null_count().row(0))
    assert all(0 <= value <= 1 for column in DISTANCES for value in measured[column])


def test_coverage_says_what_is_imputed(measured):
    known = {row["language"]: row for row in coverage(["eng", "swe", "dan", "tuk"]).iter_rows(named=True)}
    assert known["eng"]["syntax_coverage"] == 1
    assert known["eng"]["phonology_coverage"] == 25 / 28
    assert known["tuk"]["syntax_coverage"] == pytest.approx(31 / 103)
    assert [known[code]["inventory_coverage"] for code in ("swe", "dan")] == [1, 0]
    assert pair(measured, "swe", "dan")["phonology_coverage"] == 0, "a distance of 0 between guesses"
    assert pair(measured, "eng", "tuk")["syntax_coverage"] == pytest.approx(31 / 103)


def test_a_language_without_a_family_is_at_no_genealogical_distance():
    found = distances(["que", "eng"])
    assert found["fam"].to_list() == [None, None]
    assert found["syntax"].null_count() == 0


def test_unknown_codes_are_named_together():
    with pytest.raises(ValueError, match="no language xx1, xx2;"):
        distances(["eng", "xx1", "xx2"])


def test_languages_and_pairs_side_by_side(languages):
    chosen = [languages[code] for code in ("eng", "swe", "gla")]
    shares = {"eng": 40.0, "swe": 0.5, "gla": 0.002}
    flags = language_table(chosen, shares, ["eng", "swe"])
    assert flags["optimised"].to_list() == [1, 1, 0]
    assert flags["tier"].to_list() == ["high", "medium", "low"]
    assert flags["log_share"].to_list() == pytest.approx([math.log(40), math.log(0.5), math.log(0.002)])
    extra = pl.DataFrame({"taught_in": ["gla", "eng"], "asked_in": ["eng", "gla"], "jsd": [0.25, 0.5]})
    table = pair_table(chosen, shares, ["eng", "swe"], [extra])
    assert len(table) == 6
    row = pair(table, "gla", "eng")
    assert row["log_share_sum"] == pytest.approx(math.log(0.08))
    assert row["log_share_min"] == row["log_share_taught"] == pytest.approx(math.log(0.002))
    assert row["log_share_asked"] == pytest.approx(math.log(40))
    assert (row["taught_tier"], row["asked_tier"], row["jsd"]) == ("low", "high", 0.25)
    assert [row["optimised_both"], row["optimised_any"]] == [0, 1]
    assert [pair(table, "eng", "swe")[c] for c in ("optimised_both", "optimised_any", "jsd")] == [1, 1, None]


def test_a_flag_that_nobody_stated_is_blank_and_one_for_no_language_is_not(languages):
    chosen, shares = [languages["eng"], languages["fra"]], {"eng": 40.0, "fra": 4.0}
    assert pair_table(chosen, shares)["optimised_any"].to_list() == [None, None]
    assert pair_table(chosen, shares, [])["optimised_any"].to_list() == [0, 0]
    assert language_table(chosen, shares)["optimised"].to_list() == [None, None]


def test_flags_of_every_model_that_states_them(languages):
    chosen, shares = [languages["eng"], languages["fra"]], {"eng": 40.0, "fra": 4.0}
    table = with_flags(language_table(chosen, shares), {"llama-3.1-8b": ["fra", "deu"], "none": []})
    assert table.columns == ["language", "tier", "share_percent", "log_share", "optimised_llama-3.1-8b", "optimised_none"]
    assert table["optimised_llama-3.1-8b"].to_list() == [0, 1]
    assert table["optimised_none"].to_list() == [0, 0]


def test_neurons_that_languages_share_are_a_factor_of_both_directions(languages):
    pairs = pair_table([languages[code] for code in ("eng", "fra", "zul")], {"eng": 40.0, "fra": 4.0, "zul": 0.001})
    overlap = pl.DataFrame({"language": ["eng", "eng", "fra"], "other": ["eng", "fra", "eng"], "jaccard": [1.0, 0.25, 0.25]})
    found = with_shared_neurons(pairs, overlap)
    assert found.drop("shared_neurons").equals(pairs)
    assert pair(found, "eng", "fra")["shared_neurons"] == pair(found, "fra", "eng")["shared_neurons"] == 0.25
    assert found["shared_neurons"].null_count() == 4, "nothing is known of Zulu"
    with pytest.raises(ValueError, match="no column jaccard; it has language, other, share"):
        with_shared_neurons(pairs, overlap.rename({"jaccard": "share"}))
    unequal = overlap.with_columns(jaccard=pl.Series([1.0, 0.25, 0.5]))
    with pytest.raises(ValueError, match="two numbers for eng and fra, fra and eng"):
        with_shared_neurons(pairs, unequal)


def test_every_language_needs_a_share(languages):
    chosen = [languages[code] for code in ("eng", "fra", "gla")]
    with pytest.raises(ValueError, match="for fra, gla;"):
        pair_table(chosen, {"eng": 40.0, "gla": 0.0})


def test_columns_are_documented(languages, measured):
    shares = read_shares(SHARES, list(languages))
    chosen = list(languages.values())
    assert set(pair_table(chosen, shares, factors=[measured]).columns) <= set(PAIR_COLUMNS)
    table = language_table(chosen, shares, factors=[coverage(list(languages))])
    assert set(table.columns) <= set(LANGUAGE_COLUMNS)
    assert table["language"].to_list() == list(languages)


PUBLISHED = """crawl,primary_language,pages,urls,%pages/crawl
CC-MAIN-2017-51,<unknown>,900,900,100.0000
CC-MAIN-2025-43,eng,100,100,100.0000
CC-MAIN-2025-51,<unknown>,20,20,10.0000
CC-MAIN-2025-51,eng,100,99,50.0000
CC-MAIN-2025-51,nob,80,80,40.0000
CC-MAIN-2026-04,eng,30,30,30.0000
CC-MAIN-2026-04,fra,50,50,50.0000
CC-MAIN-2026-04,nob,20,20,20.0000
"""


def test_common_crawl_as_published():
    """The mean of shares, not the share of sums: 40 % of all pages are English in the one crawl and 30 % in the other."""
    table = common_crawl_shares(PUBLISHED)
    assert table.columns == ["iso639_3", "pages_cc_main_2025_51", "pages_cc_main_2026_04", "share_percent"]
    assert table.rows() == [("eng", 100, 30, 40), ("nob", 80, 20, 30), ("fra", 0, 50, 25)]
    assert common_crawl_shares(PUBLISHED, ["CC-MAIN-2025-43"])["share_percent"].to_list() == [100]
    assert table.columns == pl.read_csv(SHARES).columns, "the shipped table is of the same form"


def test_what_is_no_table_of_common_crawl():
    with pytest.raises(ValueError, match="no column crawl, primary_language"):
        common_crawl_shares("language,pages\neng,1\n")
    with pytest.raises(ValueError, match=r"no languages of CC-MAIN-2017-51; .* CC-MAIN-2026-04"):
        common_crawl_shares(PUBLISHED, ["CC-MAIN-2017-51"])
