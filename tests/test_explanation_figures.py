"""What the figures of factors and of what they explain show, and that blanks are blank in them."""

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isogloss.figures import explanation, factors
from isogloss.languages import Language

TIERS = {"aaa": "low", "bbb": "high", "ccc": "medium", "ddd": "high"}
LANGUAGES = [Language(code, code.title(), code, code, "", tier) for code, tier in TIERS.items()]
PAIRS = list(itertools.combinations(TIERS, 2))
LABELS = {"model": "pupil", "knowledge": "invented", "setting": "fine-tuning"}
FEATURES = ["syntax", "log_share_min"]


@pytest.fixture
def tables():
    """Tables as read from CSV, with rows of other estimators and methods, and a forest that could not be scored on languages
    left out."""
    scored = [
        ("paper", "ols", 0.8512),
        ("paper", "forest", 0.9),
        ("leave_two_languages_out", "ols", 0.789),
        ("paper", "ridge", 0.1),
    ]
    regression = [{"estimator": e, "protocol": p, "n": 6, "r2": r2, "mae": 0.0509, "note": ""} for p, e, r2 in scored]
    unscored = {"estimator": "forest", "protocol": "leave_two_languages_out", "n": 0, "r2": None, "mae": None, "note": "for want"}
    predicted = [
        {"protocol": p, "estimator": e, "one": one, "other": other, "accuracy": 0.2 + i / 10, "predicted": 0.25 + i / 10}
        for p, e, _ in scored
        for i, (one, other) in enumerate(PAIRS)
    ]
    coefficients = [
        {"feature": feature, "method": method, "estimate": 0.04, "low": low, "high": None if low is None else 0.09, "p": p}
        for feature in FEATURES
        for method, low, p in [("hc3", 0.03, 0.01), ("jackknife", -0.01, 0.2), ("dyadic", None, None), ("mrqap", None, 0.0005)]
    ]
    shap = [
        {"one": one, "other": other, "feature": feature, "value": float(i), "shap": i / 100}
        for i, (one, other) in enumerate(PAIRS)
        for feature in FEATURES
    ]
    rows = {"regression": [*regression, unscored], "predicted": predicted, "coefficients": coefficients, "shap": shap}
    return {name: pl.DataFrame(values, infer_schema_length=None) for name, values in rows.items()}


@pytest.fixture
def files(tmp_path):
    return [str(tmp_path / f"figure.{kind}") for kind in ("pdf", "png", "csv")]


@pytest.fixture
def kept(monkeypatch):
    """Figures, as they are saved."""
    figures = []
    for module in (explanation, factors):
        real = module.save
        monkeypatch.setattr(module, "save", lambda figure, *paths, real=real: (figures.append(figure), real(figure, *paths)))
    return figures


def height(path: str) -> int:
    return int.from_bytes(Path(path).read_bytes()[20:24], "big")


# explanation


def test_scores_of_both_splits_are_in_the_titles(tables, files, kept):
    explanation.draw([(LABELS, tables)], LANGUAGES, *files)
    titles = [axis.get_title(loc="left") for axis in kept[0].axes[:2]]
    assert "OLS: R\u00b2 0.85, MAE 5.1, n 6" in titles[0]
    assert "forest: R\u00b2 0.90" in titles[0]
    assert "OLS: R\u00b2 0.79" in titles[1]
    assert "forest: not scored" in titles[1]


def test_pairs_are_dots_in_percent_beside_the_identity(tables, files, kept):
    explanation.draw([(LABELS, tables)], LANGUAGES, *files)
    lenient, strict = kept[0].axes[:2]
    for axis in (lenient, strict):
        x, y = axis.lines[0].get_data()
        np.testing.assert_allclose(x, y)
        assert axis.get_xlim() == axis.get_ylim() == pytest.approx((x[0], x[1]))
    forest, ols = strict.collections
    assert len(forest.get_offsets()) == 0
    np.testing.assert_allclose(ols.get_offsets(), [[20 + 10 * i, 25 + 10 * i] for i in range(6)])
    # a pair of two high tiers, and all that have a language of the low one
    colours = {pair: tuple(colour[:3]) for pair, colour in zip(PAIRS, ols.get_facecolors(), strict=True)}
    assert colours["aaa", "bbb"] == colours["aaa", "ccc"] == colours["aaa", "ddd"]
    assert len({colours["bbb", "ddd"], colours["bbb", "ccc"], colours["aaa", "bbb"]}) == 3


def test_an_interval_that_is_blank_is_not_drawn(tables, files, kept):
    explanation.draw([(LABELS, tables)], LANGUAGES, *files)
    axis = kept[0].axes[2]
    intervals = [line.get_xdata() for line in axis.lines[1:] if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(intervals, [[-1, 9]] * len(FEATURES))
    dots = [float(line.get_xdata()[0]) for line in axis.lines[1:] if len(line.get_xdata()) == 1]
    assert dots == pytest.approx([4.0] * 2 * len(FEATURES))
    assert [text.get_text() for text in axis.texts].count("< .001") == len(FEATURES)


def test_p_values_are_never_nought():
    assert [explanation._chance(p) for p in (None, 0.0004, 0.0123, 1.0)] == ["\u2013", "< .001", ".012", "1.000"]


def test_dots_of_a_swarm_keep_to_their_row_and_apart():
    values = np.repeat([0.0, 1.0], [300, 3])
    moved = explanation._spread(values)
    assert np.abs(moved).max() <= explanation.HALF
    assert len(np.unique(moved[:300])) == 300
    np.testing.assert_allclose(moved[300:].mean(), 0, atol=1e-12)
    # a single dot stays where it is
    assert explanation._spread(np.array([2.0])) == [0]


def test_the_table_has_what_is_drawn_and_nothing_else(tables, files):
    explanation.draw([(LABELS, tables), (LABELS | {"model": "other"}, tables)], LANGUAGES, *files)
    written = pl.read_csv(files[2], infer_schema_length=None)
    assert dict(written.filter(model="pupil")["part"].value_counts().iter_rows()) == {
        "regression": 4,
        "predicted": 3 * len(PAIRS),
        "coefficients": 3 * len(FEATURES),
        "shap": len(PAIRS) * len(FEATURES),
    }
    assert set(written["estimator"].drop_nulls()) == {"ols", "forest"}
    assert "hc3" not in written["method"].to_list()
    assert written.filter(model="other").drop("model").equals(written.filter(model="pupil").drop("model"))


def test_more_models_are_more_rows(tables, files):
    explanation.draw([(LABELS, tables)], LANGUAGES, *files)
    one = height(files[1])
    explanation.draw([(LABELS, tables)] * 3, LANGUAGES, *files)
    assert height(files[1]) > 2.3 * one


# factors


def pairs(**columns) -> pl.DataFrame:
    """A table of ordered pairs; a column is a function of the two languages, or what all pairs have."""
    both = list(itertools.permutations(TIERS, 2))
    made = {name: [value(*pair) if callable(value) else value for pair in both] for name, value in columns.items()}
    taught, asked = zip(*both, strict=True)
    return pl.DataFrame({"taught_in": taught, "asked_in": asked, **made})


def test_languages_stand_by_tier_and_what_is_not_known_is_blank(files, kept):
    known = {"bbb": 0.2, "ddd": 0.4, "ccc": 0.6, "aaa": None}
    table = pairs(log_share_sum=lambda taught, asked: known[taught])
    factors.draw([({"model": "pupil"}, table)], LANGUAGES, *files)
    axis = kept[0].axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["bbb", "ddd", "ccc", "aaa"]
    square = np.ma.filled(axis.images[0].get_array().astype(float), np.nan)
    for i, value in enumerate([0.2, 0.4, 0.6, np.nan]):
        np.testing.assert_array_equal(np.delete(square[i], i), value)
        assert np.isnan(square[i, i])


def test_near_is_as_dark_as_well_known(files, kept):
    table = pairs(fam=lambda taught, asked: float(taught == "aaa"), log_share_sum=lambda taught, asked: float(taught == "aaa"))
    factors.draw([({"model": "pupil"}, table)], LANGUAGES, *files)
    distance, share = (axis.images[0].get_cmap() for axis in kept[0].axes[:2])
    assert sum(distance(0.0)[:3]) < sum(distance(1.0)[:3])
    assert sum(share(1.0)[:3]) < sum(share(0.0)[:3])


def test_tokenizers_have_a_map_each_and_the_rest_is_drawn_once(files):
    first = pairs(fam=0.5, log_share_sum=1.0, jsd=0.3, eflomal=None)
    second = pairs(fam=0.5, log_share_sum=1.0, jsd=0.4, eflomal=2.0)
    factors.draw([({"model": "pupil"}, first), ({"model": "other"}, second)], LANGUAGES, *files)
    written = pl.read_csv(files[2])
    maps = written.group_by("model", "factor", maintain_order=True).agg(pl.col("value").mean(), pl.len())
    assert maps.rows() == [
        (None, "fam", 0.5, 12),
        (None, "log_share_sum", 1.0, 12),
        ("pupil", "jsd", pytest.approx(0.3), 12),
        ("other", "jsd", pytest.approx(0.4), 12),
        ("other", "eflomal", 2.0, 12),
    ]
