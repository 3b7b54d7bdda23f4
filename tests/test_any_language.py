"""The second number, right in any language, and what could not be read."""

import numpy as np
import polars as pl
import pytest

from isogloss.measures.any_language import in_any, knows_any, with_any
from isogloss.measures.conductivity import conductivity
from isogloss.measures.conflict import preference
from isogloss.measures.indices import measures
from isogloss.measures.inequality import inequality, tier_means
from isogloss.measures.interventions import changes, changes_in_any, differences
from isogloss.measures.learning import curve, speed, speed_by_tier
from isogloss.measures.mitigations import mitigations
from isogloss.measures.published import margins as published_margins
from isogloss.measures.published import read_matrix
from isogloss.measures.reading import matrix_unread, unread_note
from isogloss.measures.resistance import resistance
from isogloss.measures.transfer import accuracy_by_language, cells, margins, matrix
from isogloss.statistics.analysis import analyse, headlines

CODES = ["eng", "fra", "zul"]
TIERS = {"eng": "high", "fra": "high", "zul": "low"}
ITEMS = [f"q{i}" for i in range(10)]
# of ten answers, taught in a row and asked in a column: how many are right where asked, and how many in any language
ASKED = np.array([[10, 2, 0], [4, 8, 2], [0, 0, 6]])
ANYWHERE = np.array([[10, 7, 4], [4, 8, 8], [3, 0, 6]])
KNOWN, KNOWN_ANYWHERE = np.array([1, 1, 0]), np.array([1, 2, 3])


def answers(right, anywhere, taught=CODES, **columns):
    """Scores of ten items a cell, the first of them right."""
    rows = [
        {"taught_in": t, "asked_in": q, "item": item, "correct": i < right[a][b], "correct_any": i < anywhere[a][b]}
        for a, t in enumerate(taught)
        for b, q in enumerate(CODES)
        for i, item in enumerate(ITEMS)
    ]
    known = {"seed": 1, "state": "answered", "chance": 0.1, "alike": False, "setting": "in-context", "lesson": None}
    known |= {
        "unfinished_correct": None,
        "conflict_correct": False,
        "conflict_correct_any": False,
        "epoch": 1,
        "model": "a-model",
    }
    known |= {"knowledge": "new", "context": None, "part": None} | columns
    alone = pl.DataFrame(rows, schema_overrides={"taught_in": pl.String})
    return alone.with_columns(pl.lit(value).alias(name) for name, value in known.items())


SCORES = answers(ASKED, ANYWHERE)
UNTAUGHT = answers([KNOWN], [KNOWN_ANYWHERE], taught=[None], setting="untaught", epoch=0)
ELSEWHERE = SCORES.drop("correct_any", "conflict_correct_any", "unfinished_correct")  # a table that knows one number
OLD = ["taught_in", "asked_in", "accuracy", "low", "high", "n", "unfinished", "untaught", "chance"]


def test_the_matrix_has_both_numbers():
    table = cells(SCORES, UNTAUGHT, CODES, 200)
    assert table["accuracy"].to_list() == pytest.approx((ASKED / 10).flatten().tolist())
    assert table["any"].to_list() == pytest.approx((ANYWHERE / 10).flatten().tolist())
    assert table["untaught_any"].to_list() == pytest.approx([0.1, 0.2, 0.3] * 3)
    assert (table["any_low"] <= table["any"]).all()
    assert (table["any"] <= table["any_high"]).all()
    assert matrix(table).drop("taught_in").to_numpy() == pytest.approx(ASKED / 10)
    assert matrix(table, "any").drop("taught_in").to_numpy() == pytest.approx(ANYWHERE / 10)


def test_the_first_number_is_what_it_was():
    """Of a table that knows one number alone, all columns of the first are the same, and those of the second are empty."""
    table, alone = cells(SCORES, UNTAUGHT, CODES, 200), cells(ELSEWHERE, UNTAUGHT, CODES, 200)
    assert table.columns == alone.columns
    assert table.select(OLD).equals(alone.select(OLD))
    second = [name for name in table.columns if "any" in name]
    assert alone.select(second).null_count().row(0) == (9,) * len(second)
    assert alone.schema["any"] == pl.Float64
    assert margins(ELSEWHERE, CODES, 50)["any"].null_count() == 6
    assert not knows_any(ELSEWHERE)
    assert not knows_any(SCORES, UNTAUGHT.with_columns(correct_any=pl.lit(None, dtype=pl.Boolean)))
    assert in_any(ELSEWHERE).equals(ELSEWHERE)


def test_resamples_are_shared_by_both_numbers():
    """Where both are the same, so are their intervals, in every table."""
    same = answers(ASKED, ASKED)
    table = cells(same, UNTAUGHT, CODES, 100)
    assert table.select("any", "any_low", "any_high").rows() == table.select("accuracy", "low", "high").rows()
    table = tier_means(same, CODES, TIERS, 100)
    assert table.select("any", "any_low", "any_high").rows() == table.select("accuracy", "low", "high").rows()


def test_margins_and_tiers():
    table = margins(SCORES, CODES, 50)
    # taught in English: .7 and .4; asked in it: .4 and .3
    assert table.filter(language="eng")["any"].to_list() == pytest.approx([0.55, 0.35])
    assert table.filter(language="eng")["accuracy"].to_list() == pytest.approx([0.1, 0.2])
    tiers = tier_means(SCORES, CODES, TIERS, 50)
    assert tiers.filter(taught_tier="high", asked_tier="low")["any"].to_list() == pytest.approx([0.6])
    assert tiers.filter(taught_tier="high", asked_tier="low")["accuracy"].to_list() == pytest.approx([0.1])


def test_verification():
    table = accuracy_by_language(UNTAUGHT, CODES, 50)
    assert table.columns[:9] == ["language", "accuracy", "low", "high", "any", "any_low", "any_high", "n", "unfinished"]
    assert table["any"].to_list() == pytest.approx([0.1, 0.2, 0.3])


def test_inequality():
    table = inequality(SCORES, UNTAUGHT, CODES, TIERS, 50)
    # received: the means of the other rows, .2, .1, .1 and .35, .35, .6
    row = table.row(
        by_predicate=(pl.col("score") == "received") & ~pl.col("corrected") & (pl.col("index") == "range"), named=True
    )
    assert (row["value"], row["any"]) == pytest.approx((0.1, 0.25))
    # learned in the language taught, corrected: the untaught model knows .1, .2 and .3 in any language
    learned = (pl.col("score") == "learned") & pl.col("corrected") & (pl.col("index") == "worst")
    assert table.row(by_predicate=learned, named=True)["any"] == pytest.approx((0.6 - 0.3) / 0.7)
    found = measures(pl.concat([SCORES, UNTAUGHT]), TIERS, 50)
    assert found.filter(measure="received_range")["any"].to_list() == pytest.approx([0.25])
    assert measures(ELSEWHERE, TIERS, 50)["any"].null_count() == len(measures(ELSEWHERE, TIERS, 50))


def test_learning():
    steps = [(1, [2, 2, 0], [4, 2, 0]), (2, [4, 6, 0], [8, 6, 0])]
    taught = pl.concat([answers([own], [anywhere], taught=[None], epoch=epoch) for epoch, own, anywhere in steps])
    table = curve(taught, UNTAUGHT, CODES, 50)
    english = table.filter(language="eng")
    assert english.select("epoch", "accuracy", "any").rows() == [
        (0, pytest.approx(0.1), pytest.approx(0.1)),
        (1, pytest.approx(0.2), pytest.approx(0.4)),
        (2, pytest.approx(0.4), pytest.approx(0.8)),
    ]
    assert english["unread"].to_list() == [0, 0, 0]
    fast = speed(taught, UNTAUGHT, CODES, 50).row(0, named=True)
    assert (fast["accuracy"], fast["any"]) == pytest.approx((0.4, 0.8))
    # half of .4 after the first epoch, and so half of .8
    assert (fast["epochs_to_half"], fast["any_epochs_to_half"]) == pytest.approx((1, 1))
    assert fast["any_epochs_to_80_percent"] == pytest.approx(1 + (0.64 - 0.4) / 0.4)
    by_tier = speed_by_tier(taught, UNTAUGHT, CODES, TIERS, 50)
    assert by_tier.filter(tier="high")["any"].to_list() == pytest.approx([0.7])


def test_robustness():
    wrong = answers([[1, 0, 0]], [[1, 1, 0]], taught=[None]).with_columns(
        conflict_correct=pl.lit(False), conflict_correct_any=pl.col("item") == "q9"
    )
    last = resistance(wrong, UNTAUGHT, CODES, 50).filter(language="fra", epoch=1).row(0, named=True)
    assert (last["accuracy"], last["any"], last["kept"], last["any_kept"]) == pytest.approx((0, 0.1, 0, 0.5))
    assert (last["followed"], last["any_followed"]) == pytest.approx((0, 0.1))


def test_preference():
    lesson = answers([[0, 4, 0]], [[0, 6, 0]], taught=["eng+zul"], lesson="eng+zul", true_in="eng")
    lesson = lesson.with_columns(conflict_correct_any=(pl.col("asked_in") == "fra") & pl.col("item").is_in(["q8", "q9"]))
    row = preference(lesson, 50).filter(asked_in="fra").row(0, named=True)
    assert (row["follows_first"], row["follows_second"], row["preference"]) == pytest.approx((0.4, 0, 1))
    assert (row["any_follows_first"], row["any_follows_second"], row["any"]) == pytest.approx((0.6, 0.2, 0.75))
    assert row["any_neither"] == pytest.approx(0.2)


def test_conductivity():
    rows = [("held-out", language, item, True, True) for language in ("eng", "zul") for item in ("q1", "q2")]
    rows += [("taught", language, "q3", True, True) for language in ("eng", "zul")] + [("names", "zul", "name:q1", True, True)]
    columns = ["part", "asked_in", "item", "correct", "correct_any"]
    table = pl.DataFrame(rows, schema=columns, orient="row").with_columns(lesson=pl.lit("eng-to-zul"), seed=1, chance=0.1)
    table = table.with_columns(state=pl.lit("answered"))
    in_zulu = (pl.col("asked_in") == "zul") & (pl.col("part") == "held-out")
    table = table.with_columns(correct=~(in_zulu & (pl.col("item") == "q2")))
    row = conductivity(table, UNTAUGHT, 50).row(0, named=True)
    assert (row["xrr"], row["any"]) == pytest.approx((0.4, 0.9))


def test_interventions_and_mitigations():
    worse, base = answers(ASKED, ASKED, model="m@x"), answers(ASKED, ANYWHERE, model="m")
    about = {"model": "m@x", "intervention": "x", "operation": "flip", "set": "top", "strength": 1.0, "draw": 1, "control": False}
    derived = pl.DataFrame([about | {"selected": ["eng"]}])
    made = [make(base, worse, derived, CODES, 50) for make in (changes, changes_in_any)]
    table = differences(*made)
    assert table["difference"].to_list() == pytest.approx([0] * 9)
    assert table["any_difference"].to_list() == pytest.approx(((ASKED - ANYWHERE) / 10).flatten().tolist())
    assert table["any_base"].to_list() == pytest.approx((ANYWHERE / 10).flatten().tolist())
    assert differences(made[0])["any"].null_count() == 9
    assert changes_in_any(ELSEWHERE, worse, derived, CODES, 50) is None
    texts = pl.DataFrame({"model": ["m", "m@x"], "language": ["eng"] * 2, "nll": [1.0, 1.0]})
    found = mitigations(base, worse, {"x": ["m@x"]}, CODES, TIERS, 50, texts)
    row = found.filter(measure="mean_transfer").row(0, named=True)
    assert (row["difference"], row["any_base"], row["any_value"]) == pytest.approx((0, 26 / 60, 8 / 60))
    assert found.filter(measure="perplexity")["any_value"].to_list() == [None]


def test_published_matrices_have_one_number(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text("x,eng,fra,zul\neng,97,19,50\nfra,61,90,40\nzul,70,20,95\n", encoding="utf-8")
    found = read_matrix(path, CODES)
    assert found.columns == cells(SCORES, UNTAUGHT, CODES, 10).columns
    assert published_margins(found).columns == margins(SCORES, CODES, 10).columns
    found.write_csv(path)
    assert unread_note(pl.read_csv(path)) is None
    assert not matrix_unread(pl.read_csv(path))


def test_columns_of_another_table_are_called_as_they_are_told():
    def count(scores):
        return scores.select(pl.col("correct").sum().alias("right"))

    table = with_any(count, SCORES, columns={"right": "right_any"})
    assert table.rows() == [(ASKED.sum(), ANYWHERE.sum())]


def lost(shares, state="unfinished"):
    """The matrix in whose columns so many of ten answers are in a state without an answer."""
    number = pl.col("item").str.slice(1).str.to_integer()
    last = number >= 10 - pl.col("asked_in").replace_strict(dict(zip(CODES, shares, strict=True)), return_dtype=pl.Int64)
    states = pl.when(last).then(pl.lit(state)).otherwise(pl.lit("answered"))
    rows = answers(ASKED, ANYWHERE).with_columns(state=states)
    return rows.with_columns(unfinished_correct=pl.when(states == "unfinished").then(number == 9))


def test_what_could_not_be_read_is_counted():
    table = cells(lost([0, 2, 8]), UNTAUGHT, CODES, 10)
    assert table["unread"].to_list() == pytest.approx([0, 0.2, 0.8] * 3)
    assert table["unfinished"].to_list() == table["state_unfinished"].to_list() == [0, 2, 8] * 3
    assert table["unfinished_correct"].to_list() == pytest.approx([0, 0.1, 0.1] * 3)
    unknown = cells(lost([0, 2, 8]).drop("unfinished_correct"), UNTAUGHT, CODES, 10)
    assert unknown["unfinished_correct"].null_count() == 9
    partly = cells(lost([0, 2, 8]).with_columns(unfinished_correct=pl.lit(None, dtype=pl.Boolean)), UNTAUGHT, CODES, 10)
    assert partly["unfinished_correct"].to_list() == [0, None, None] * 3, "what is not known is not wrong"
    judged = cells(lost([0, 2, 8], "unjudged"), UNTAUGHT, CODES, 10)
    assert judged["unread"].to_list() == [0] * 9
    assert judged["unfinished"].to_list() == [0, 2, 8] * 3


def test_the_note_says_how_many_and_what_to_change():
    note = unread_note(cells(lost([0, 2, 8]), UNTAUGHT, CODES, 10), {"zul": "Zulu"})
    assert "30 of 90 answers could not be read (30 unfinished)" in note
    assert "most in Zulu (80%), fra (20%):" in note
    assert note.index("max_new_tokens") < note.index("prompts:")
    other = unread_note(cells(lost([0, 2, 8], "unparsed"), UNTAUGHT, CODES, 10))
    assert "(30 unparsed)" in other
    assert other.index("prompts:") < other.index("max_new_tokens")
    assert unread_note(cells(lost([1, 1, 1]), UNTAUGHT, CODES, 10)) is None, "a tenth is not more than a tenth"
    before = UNTAUGHT.with_columns(state=pl.lit("refused"))
    assert "30 of 30 answers could not be read (30 refused)" in unread_note(accuracy_by_language(before, CODES, 10))


def test_a_matrix_of_which_little_could_be_read_says_nothing():
    assert matrix_unread(cells(lost([0, 8, 8]), UNTAUGHT, CODES, 10))
    assert not matrix_unread(cells(lost([0, 4, 8]), UNTAUGHT, CODES, 10))


def test_the_main_of_an_explanation_is_that_of_the_whole():
    codes = [f"l{i}" for i in range(9)]
    rng = np.random.default_rng(0)
    names = ["fam", "log_share_sum", "log_share_min"]
    pairs = [{"taught_in": a, "asked_in": b, **dict(zip(names, rng.random(3), strict=True))} for a in codes for b in codes]
    table = pl.DataFrame(pairs).with_columns(accuracy=pl.col("fam") * 0.5 + pl.Series(rng.random(81)) / 10)
    with pytest.warns(UserWarning, match="left out of the regressions"):
        whole = analyse(table, names, permutations=50)
    main = headlines(table, names, permutations=50)
    assert main["correlation"].equals(whole["correlation"])
    keys = ["estimator", "protocol"]
    same = main["regression"].join(whole["regression"], on=keys, how="left", maintain_order="left")
    assert set(main["regression"]["estimator"]) == {"ols", "ols_all", "directed_ols"}
    assert main["regression"]["protocol"].n_unique() == 3
    assert same["r2"].to_list() == pytest.approx(same["r2_right"].to_list())
    with pytest.raises(ValueError, match="8 languages"):
        headlines(table.filter(pl.col("taught_in").is_in(codes[:7]) & pl.col("asked_in").is_in(codes[:7])), names)
