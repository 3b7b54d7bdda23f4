"""What a mitigation is worth, by hand and in a simulation; and where an answer is lost."""

import itertools

import numpy as np
import polars as pl
import pytest

from isogloss.measures.lens import decodable
from isogloss.measures.mitigations import MEASURES, mitigations

CODES = ["eng", "fra", "swa"]
TIERS = {"eng": "high", "fra": "high", "swa": "low"}


def answers(model: str, right: np.ndarray, setting: str = "in-context", codes: list[str] = CODES) -> pl.DataFrame:
    """Scores of a model: right [taught, asked, item, seed]."""
    size = right.shape
    cells = itertools.product(codes, codes, range(size[2]), range(size[3]))
    rows = [(model, setting, taught, asked, f"q{item:03}", seed) for taught, asked, item, seed in cells]
    table = pl.DataFrame(rows, schema=["model", "setting", "taught_in", "asked_in", "item", "seed"], orient="row")
    return table.with_columns(correct=pl.Series(right.ravel().astype(bool)), state=pl.lit("answered"))


def constant(*rows: list[float], items: int = 10) -> np.ndarray:
    """Answers of which this share is right, the same for every seed: [taught, asked, item, 1]."""
    shares = np.array(rows)
    return (np.arange(items) < np.round(items * shares)[..., None])[..., None]


BASE = constant([1.0, 0.8, 0.2], [0.6, 1.0, 0.2], [0.4, 0.2, 1.0])
HELPED = constant([1.0, 0.8, 0.6], [0.4, 0.9, 0.4], [0.4, 0.4, 1.0])


def by_measure(table: pl.DataFrame) -> dict[str, tuple[float, float, float]]:
    return {row["measure"]: (row["base"], row["value"], row["difference"]) for row in table.iter_rows(named=True)}


def test_measures_by_hand():
    """Scores of languages asked are .5 .5 .2 without and .4 .6 .5 with it."""
    found = mitigations(answers("b", BASE), answers("b@xlt", HELPED), {"xlt": ["b@xlt"]}, CODES, TIERS, 100)
    assert found.select("mitigation", "setting").unique().rows() == [("xlt", "in-context")]
    assert found["measure"].to_list() == [name for name in MEASURES if name != "perplexity"]
    gini_before = (2 * (0.3 + 0.3)) / (2 * 9 * 0.4)  # of .5 .5 .2
    gini_after = (2 * (0.2 + 0.1 + 0.1)) / (2 * 9 * 0.5)
    expected = {
        "mean_transfer": (0.4, 0.5, 0.1),
        "mean_all": (5.4 / 9, 5.9 / 9, 0.5 / 9),
        "low_tier": (0.2, 0.5, 0.3),
        "worst": (0.2, 0.4, 0.2),
        "english": (0.5, 0.4, -0.1),
        "gini": (gini_before, gini_after, gini_after - gini_before),
    }
    measured = by_measure(found)
    assert set(measured) == set(expected)
    for name, values in expected.items():
        assert measured[name] == pytest.approx(values), name
    assert (found["low"] <= found["difference"]).all()
    assert (found["high"] >= found["difference"]).all()
    assert (found["high"] > found["low"]).all()


def test_the_same_answers_are_worth_nothing():
    rng = np.random.default_rng(0)
    right = rng.random((3, 3, 20, 2)) < 0.5
    found = mitigations(answers("b", right), answers("b@same", right), {"same": ["b@same"]}, CODES, TIERS, 200)
    assert found.select("difference", "low", "high").unique().rows() == [(0, 0, 0)]


def test_answers_of_several_models_are_averaged():
    scores = pl.concat([answers("b@one", BASE), answers("b@two", HELPED)])
    both, one = (
        by_measure(mitigations(answers("b", BASE), scores, {"m": models}, CODES, TIERS, 50))
        for models in (["b@one", "b@two"], ["b@two"])
    )
    assert both["mean_transfer"][2] == pytest.approx(one["mean_transfer"][2] / 2)
    assert both["worst"][1] == pytest.approx(0.35)  # the least of .45 .55 .35


def test_settings_are_apart_and_in_the_order_of_the_config():
    base = pl.concat([answers("b", BASE, setting) for setting in ("fine-tuning", "in-context")])
    scores = pl.concat([answers("b@lesson", HELPED, "fine-tuning"), answers("b@lesson", BASE), answers("b@prompt", BASE)])
    of = {"prompt": ["b@prompt"], "lesson": ["b@lesson"]}
    found = mitigations(base, scores, of, CODES, TIERS, 50)
    assert found.select("mitigation", "setting").unique(maintain_order=True).rows() == [
        ("prompt", "in-context"),
        ("lesson", "fine-tuning"),
        ("lesson", "in-context"),
    ]
    assert found.filter(measure="mean_transfer")["difference"].to_list() == pytest.approx([0, 0.1, 0])


def test_perplexity_is_a_multiple_of_the_bases():
    names = ["b"] * 3 + ["b@x"] * 3
    nll = [1.0, 2.0, 3.0, 1.0 + np.log(2), 2.0, 3.0 + np.log(3)]
    table = pl.DataFrame({"model": names, "language": CODES * 2, "nll": nll})
    scores = pl.concat([answers("b@x", BASE), answers("b@prompt", BASE)])
    found = mitigations(answers("b", BASE), scores, {"x": ["b@x"], "p": ["b@prompt"]}, CODES, TIERS, 500, table)
    rows = found.filter(measure="perplexity").drop(pl.col("unread", "^any_.*$")).rows()
    assert rows == [("x", "in-context", "perplexity", 1, pytest.approx(2), pytest.approx(1), pytest.approx(0), pytest.approx(2))]


def test_a_measure_without_its_languages_is_not_there():
    two = {"fra": "high", "spa": "high"}
    right = np.ones((2, 2, 3, 1))
    found = mitigations(
        answers("b", right, codes=list(two)), answers("m", right, codes=list(two)), {"m": ["m"]}, list(two), two, 9
    )
    assert found["measure"].to_list() == ["mean_transfer", "mean_all", "worst", "gini"]


def test_an_index_that_is_undefined_is_blank():
    right = np.zeros((3, 3, 4, 1))
    found = mitigations(answers("b", right), answers("m", right), {"m": ["m"]}, CODES, TIERS, 9).filter(measure="gini")
    assert found.select("base", "value", "difference", "low", "high").row(0) == (None,) * 5


def test_everything_that_does_not_fit_is_said_at_once():
    scores = pl.concat([answers("b@short", BASE[:, :, :5]), answers("b@tuned", BASE, "fine-tuning")])
    of = {"short": ["b@short"], "tuned": ["b@tuned"], "absent": ["b@absent"]}
    with pytest.raises(ValueError, match="short, in-context: b@short answered other items") as raised:
        mitigations(answers("b", BASE), scores, of, CODES, TIERS, 9)
    assert "tuned: b@tuned have no scores in a setting of the base (in-context)" in str(raised.value)
    assert "absent: b@absent have no scores" in str(raised.value)


def test_intervals_cover_the_truth():
    """A mitigation adds 15 points to Swahili and takes 5 from English; items differ in how hard they are."""
    rng = np.random.default_rng(4)
    trials, truth = 100, {"low_tier": 0.15, "english": -0.05, "mean_transfer": 0.1 / 3}
    covered = dict.fromkeys(truth, 0)
    for _ in range(trials):
        hard = rng.normal(scale=0.12, size=60)[:, None]
        before = np.broadcast_to(np.array([0.6, 0.5, 0.4])[:, None, None] - hard, (3, 3, 60, 1))
        after = before + np.array([-0.05, 0, 0.15])[:, None, None]
        base, helped = (rng.random(before.shape) < chance for chance in (before, after))
        found = mitigations(answers("b", base), answers("m", helped), {"m": ["m"]}, CODES, TIERS, 200)
        for row in found.filter(pl.col("measure").is_in(list(truth))).iter_rows(named=True):
            covered[row["measure"]] += row["low"] <= truth[row["measure"]] <= row["high"]
    for name, count in covered.items():
        assert 0.87 * trials <= count <= trials - 1, name


def lens(*rows: tuple[str, str, str, int, str | None, str | None]) -> pl.DataFrame:
    """A table from rows (taught_in, asked_in, item, layer, right concept in, wrong concept in)."""
    columns = ["taught_in", "asked_in", "item", "layer", "concept", "language"]
    both = [(*where, concept, code) for *where, right, wrong in rows for concept, code in (("right", right), ("wrong", wrong))]
    return pl.DataFrame(both, schema=columns, orient="row").with_columns(seed=pl.lit(1))


LENS = lens(
    ("eng", "fra", "q0", 1, "eng", None),
    ("eng", "fra", "q1", 1, "fra", "eng"),
    ("eng", "swa", "q0", 1, "fra", None),
    ("eng", "swa", "q1", 1, None, None),
    ("eng", "fra", "q0", 0, None, None),
    ("eng", "fra", "q1", 0, None, "fra"),
    ("eng", "swa", "q0", 0, None, None),
    ("eng", "swa", "q1", 0, None, None),
)


def test_where_the_right_concept_is_read():
    found = decodable(LENS, 5, resamples=200)
    shares = {row[:2]: row[2:] for row in found.select("layer", "read_in", "right", "wrong", "excess").rows()}
    assert shares == {
        (0, "asked"): (0, 0.25, -0.25),
        (0, "taught"): (0, 0, 0),
        (0, "any"): (0, 0.25, -0.25),
        (1, "asked"): (0.25, 0, 0.25),
        (1, "taught"): (0.25, 0.25, 0),
        (1, "any"): (0.75, 0.25, 0.5),
    }
    assert found["n"].unique().to_list() == [4]
    assert found["answers"].unique().to_list() == [5]
    at = found.filter(layer=1, read_in="any").row(0, named=True)
    assert (at["right_low"], at["right_high"]) == (0.5, 1)  # of the items one has two of two, the other one of two
    same = found.filter(layer=0, read_in="taught").row(0, named=True)
    assert (same["excess_low"], same["excess_high"]) == (0, 0)


def test_without_a_wrong_answer_nothing_is_lost():
    found = decodable(LENS.clear(), 5, 9)
    assert found.is_empty()
    assert found.columns == decodable(LENS, 5, 9).columns


def test_the_share_that_could_not_be_read_is_that_of_the_worse_side():
    third = pl.when(pl.col("asked_in") == "swa").then(pl.lit("unfinished")).otherwise(pl.lit("answered"))
    lost = answers("b", BASE).with_columns(state=third)
    for base, other in ((lost, answers("m", HELPED)), (answers("b", BASE), lost.with_columns(model=pl.lit("m")))):
        found = mitigations(base, other, {"m": ["m"]}, CODES, TIERS, 9)
        assert found["unread"].to_list() == pytest.approx([1 / 3] * len(found))
