"""Everything about one matrix at once."""

import functools
import itertools

import numpy as np
import polars as pl
import pytest

from isogloss.statistics import analysis
from isogloss.statistics.scores import score_left_out
from isogloss.statistics.specifications import SPECIFICATIONS

FACTORS = ["fam", "syntax", "log_share_sum", "log_share_min", "log_share_taught", "log_share_asked", "eflomal"]


def measured(size: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(pairs, answers) of 12 items, with one factor that was not computed and one that does not vary."""
    rng = np.random.default_rng(0)
    place, share = rng.random(size), rng.normal(size=size)
    pairs, answers = [], []
    for a, b in itertools.permutations(range(size), 2):
        ends = {"taught_in": f"l{a}", "asked_in": f"l{b}"}
        right = rng.random(12) < 0.6 - 0.4 * abs(place[a] - place[b]) + 0.1 * share[b]
        mixed = {"log_share_sum": share[a] + share[b], "log_share_min": min(share[a], share[b])}
        mixed |= {"log_share_taught": share[a], "log_share_asked": share[b], "fam": 1.0, "eflomal": None}
        pairs.append(ends | {"accuracy": right.mean(), "syntax": abs(place[a] - place[b])} | mixed)
        answers += [ends | {"item": f"q{i:02}", "correct": bool(one)} for i, one in enumerate(right)]
    return pl.DataFrame(pairs), pl.DataFrame(answers)


def test_all_tables_of_a_matrix(monkeypatch):
    quick = tuple(each for each in SPECIFICATIONS if each.name in ("ols", "directed_ols"))
    monkeypatch.setattr(analysis, "score_left_out", functools.partial(score_left_out, specifications=quick))
    pairs, answers = measured(8)
    with pytest.warns(
        UserWarning, match=r"fam \(the same for all pairs\), eflomal \(blank for 56 of 56 pairs\), geography \(not"
    ):
        tables = analysis.analyse(pairs, FACTORS, answers, permutations=99)
    assert set(tables["regression"]["protocol"]) == {"paper", "leave_two_languages_out", "leave_one_language_out"}
    assert set(tables["regression"].filter(protocol="paper")["estimator"]) == {"ols", "ols_selected", "forest"}
    assert set(tables["coefficients"]["feature"]) == {"syntax", *FACTORS[2:6]}
    assert set(tables["coefficients"]["method"]) == {"hc0", "hc3", "dyadic", "jackknife", "mrqap", "mantel", "mixed_items"}
    assert tables["left_out_factors"]["factor"].to_list() == ["fam", "eflomal", "geography"]
    assert tables["effects"]["effect"].to_list() == ["item", "source", "target", "pair"]
    drawn = tables["predicted"].filter(protocol="paper", estimator="ols")
    assert len(drawn) == 28
    assert len(tables["left_out_cells"]) == 8 * 14


def test_matrices_that_cannot_be_explained_are_refused():
    pairs, _ = measured(8)
    few = pairs.filter(~pl.any_horizontal(pl.col("taught_in", "asked_in") == "l7"))
    with pytest.raises(ValueError, match="7 languages are too few to explain; measure 8 or more"):
        analysis.analyse(few, FACTORS)
    with pytest.warns(UserWarning, match="fam"), pytest.raises(ValueError, match="nothing to explain the matrix with"):
        analysis.analyse(pairs, ["fam"])
