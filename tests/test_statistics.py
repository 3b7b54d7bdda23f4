"""Regressions, tests and predictions: on the published matrix, whose numbers are known, and on made-up ones, whose truth is."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from isogloss.languages import Language
from isogloss.statistics import heldout, paper, scores
from isogloss.statistics.coefficients import coefficients, dyadic_covariance, jackknife, standardised
from isogloss.statistics.effects import fit_effects
from isogloss.statistics.estimators import forest, random_forest
from isogloss.statistics.heldout import ONE, TWO, baseline, folds, predict_left_out
from isogloss.statistics.pairs import Dyads, pool, study
from isogloss.statistics.paper import importance, paper_scores, shap_values, subsets
from isogloss.statistics.predict import check_predictions, predict_unmeasured
from isogloss.statistics.scores import CELLS, score_left_out
from isogloss.statistics.spearman import correlations
from isogloss.statistics.specifications import AVERAGE, DIRECTED, PAPER, SPECIFICATIONS
from isogloss.statistics.subsets import adjusted, candidates, inflation, keep_by_vif, r_squared

ROOT = Path(__file__).parent.parent
BY_NAME = {specification.name: specification for specification in SPECIFICATIONS}
DISTANCES = ["fam", "syntax", "geography", "phonology", "inventory"]
SHARES = ["log_share_sum", "log_share_min", "log_share_taught", "log_share_asked"]


@pytest.fixture(scope="module")
def published():
    """The fine-tuning matrix of GPT-4o-mini that paper A's authors published, with its factors."""
    from isogloss.factors.distances import distances
    from isogloss.factors.shares import pair_table

    square = pl.read_csv(ROOT / "data/published/gpt-4o-mini_fine-tuning.csv")
    codes = square["learned_in"].to_list()
    shares = pl.read_csv(ROOT / "data/common_crawl_language_share.csv").select("iso639_3", "share_percent")
    languages = [Language(code, code, code, code, "", "high") for code in codes]
    factors = pair_table(languages, dict(shares.iter_rows()), None, [distances(codes)])
    cells = square.unpivot(index="learned_in", variable_name="asked_in", value_name="accuracy").rename(
        {"learned_in": "taught_in"}
    )
    # folds are drawn by the row, so rows stand in the order of the matrix
    order = pl.col("taught_in").replace_strict({code: i for i, code in enumerate(codes)})
    table = factors.join(cells.with_columns(pl.col("accuracy") / 100), on=["taught_in", "asked_in"])
    return table.sort(order, pl.col("asked_in").replace_strict({code: i for i, code in enumerate(codes)}))


@pytest.fixture(scope="module")
def found(published):
    return study(published, DISTANCES + SHARES)


def made_up(size: int, seed: int = 0, noise: float = 0.02) -> pl.DataFrame:
    """A table of pairs: accuracy falls with a distance on a line and rises with both shares; targets differ of themselves."""
    rng = np.random.default_rng(seed)
    place, share, own = rng.random(size), rng.normal(size=size), 0.05 * rng.normal(size=size)
    rows = []
    for a, b in itertools.permutations(range(size), 2):
        distance = abs(place[a] - place[b])
        accuracy = 0.5 - 0.3 * distance + 0.03 * share[a] + 0.08 * share[b] + own[b] + noise * rng.normal()
        ends = {"log_share_taught": share[a], "log_share_asked": share[b]}
        mixed = {"log_share_sum": share[a] + share[b], "log_share_min": min(share[a], share[b])}
        row = {"taught_in": f"l{a:02}", "asked_in": f"l{b:02}", "accuracy": accuracy, "syntax": distance}
        rows.append(row | ends | mixed | {"geography": rng.random() if a < b else 0.5})
    return pl.DataFrame(rows)


NAMES = ["syntax", "geography", *SHARES]


# the table of pairs


def test_symmetrised_pairs_are_means_of_both_directions():
    table = made_up(5)
    both = study(table, NAMES)
    assert (len(both.directed), len(both.symmetric)) == (20, 10)
    one = table.filter(pl.col("taught_in").is_in(["l01", "l03"]) & pl.col("asked_in").is_in(["l01", "l03"]))
    row = [(a, b) for a, b in zip(both.symmetric.first, both.symmetric.second, strict=True)].index((1, 3))
    assert both.symmetric.outcome[row] == pytest.approx(one["accuracy"].mean())
    assert both.symmetric.features[row, 1] == pytest.approx(one["geography"].mean())
    assert both.symmetric.names == ("syntax", "geography", "log_share_sum", "log_share_min")
    assert both.directed.square(both.directed.outcome)[1, 3] == table.filter(taught_in="l01", asked_in="l03")["accuracy"].item()


def test_factors_that_say_nothing_are_left_out_and_named():
    table = made_up(5).with_columns(fam=pl.lit(1.0), eflomal=pl.when(pl.col("taught_in") != "l01").then(0.5), jsd=None)
    both = study(table, ["syntax", "fam", "eflomal", "jsd"])
    assert both.directed.names == ("syntax",)
    assert both.left_out == {
        "fam": "the same for all pairs",
        "eflomal": "blank for 4 of 20 pairs",
        "jsd": "blank for 20 of 20 pairs",
    }


def test_half_measured_and_doubled_pairs_are_refused():
    table = made_up(4)
    with pytest.raises(ValueError, match="no row for l00 -> l01; every pair needs both directions"):
        study(table.slice(1), NAMES)
    with pytest.raises(ValueError, match="more than one row"):
        study(pl.concat([table, table]), NAMES)
    with pytest.raises(ValueError, match="has no column tokens"):
        study(table, ["tokens"])


def test_models_are_pooled_over_pairs_that_all_have():
    one, other = made_up(4), made_up(5).with_columns(pl.col("accuracy") + 0.2, jsd=pl.lit(1.0))
    pooled = pool([one.with_columns(jsd=None), other], ["syntax", "jsd"])
    assert len(pooled) == 12
    joined = one.join(other, on=["taught_in", "asked_in"])
    assert pooled["accuracy"].to_list() == pytest.approx(((joined["accuracy"] + joined["accuracy_right"]) / 2).to_list())
    assert pooled["jsd"].null_count() == 12


# paper A's protocol


def test_paper_protocol_on_the_published_matrix(found):
    rows = {row["estimator"]: row for row in paper_scores(found.symmetric, PAPER)[0]}
    assert rows["ols"]["n"] == 136
    assert rows["ols"]["adjusted_r2"] == pytest.approx(0.84, abs=0.02)
    assert rows["ols"]["mae"] == pytest.approx(0.051, abs=0.002)
    assert rows["forest"]["r2"] == pytest.approx(0.91, abs=0.02)
    assert rows["forest"]["mae"] == pytest.approx(0.038, abs=0.002)
    assert rows["ols_selected"]["adjusted_r2"] >= rows["ols"]["adjusted_r2"]


def test_importance_and_shap(found):
    values = shap_values(found.symmetric, PAPER)
    table = importance(found.symmetric, PAPER, values)
    assert table.sort("shap")["feature"].last() == "log_share_min"
    assert table.filter(feature="log_share_sum")["adjusted_r2_drop"].item() > 0.01
    # TreeSHAP adds up to the forest's prediction, whose mean is near that of the pairs
    sums = values.group_by("one", "other", maintain_order=True).agg(pl.col("shap").sum())["shap"].to_numpy()
    assert r_squared(found.symmetric.outcome - found.symmetric.outcome.mean(), sums) > 0.95


def test_best_subset_by_refitting_each(found):
    """The products of small matrices give what a fit of every subset gives."""
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import KFold, cross_val_predict

    data = found.symmetric.only(PAPER)
    parts = KFold(5, shuffle=True, random_state=42)
    table = subsets(data)
    assert len(table) == 31
    for row in table.head(4).iter_rows(named=True):
        chosen = data.only(tuple(row["features"].split()))
        predicted = cross_val_predict(LinearRegression(), chosen.features, data.outcome, cv=parts)
        r2 = r_squared(data.outcome, predicted)
        assert row["r2"] == pytest.approx(r2)
        assert row["adjusted_r2"] == pytest.approx(1 - (1 - r2) * 135 / (135 - row["count"]))


def test_inflated_factors_are_dropped():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 60))
    values = np.column_stack([one, other, one + 0.1 * rng.normal(size=60), one + other])
    data = Dyads(("a",), np.zeros(60), np.zeros(60), one, values, ("one", "other", "copy", "sum"))
    assert np.isinf(inflation(values)[[0, 1, 3]]).all()
    kept = keep_by_vif(data)
    assert len(kept) == 2
    assert inflation(data.only(kept).features).max() <= 10
    by_hand = sm.OLS(values[:, 0], sm.add_constant(values[:, 1:3])).fit().rsquared
    assert inflation(values[:, :3])[0] == pytest.approx(1 / (1 - by_hand))
    many = replace(data, features=rng.normal(size=(60, 13)) + one[:, None], names=tuple("abcdefghijklm"))
    assert len(candidates(many).names) == 10


def test_adjusted_r2_knows_its_limits():
    assert adjusted(0.8, 101, 5) == pytest.approx(1 - 0.2 * 100 / 95)
    assert np.isnan(adjusted(0.8, 6, 5))


def test_the_forest_that_is_refitted_is_that_of_scikit_learn(found):
    data = found.symmetric.only(PAPER)
    half = np.arange(len(data)) % 2 == 0
    theirs = random_forest(data.features[half], data.outcome[half]).predict(data.features[~half])
    ours = forest(data.rows(half))(data.rows(~half))
    assert np.abs(ours - theirs).max() < 0.02  # nought with the version this was written with


# languages left out


def test_languages_left_out_of_the_published_matrix(found):
    few = tuple(BY_NAME[name] for name in ("ols", "fractional_logit", "directed_ols", "random_effects", "related_effects"))
    table, predicted = score_left_out(found, few)
    r2 = {(row["estimator"], row["protocol"]): row["r2"] for row in table.iter_rows(named=True)}
    row = table.row(by_predicate=(pl.col("estimator") == "ols") & (pl.col("protocol") == TWO), named=True)
    assert row["n"] == 136
    assert row["r2"] == pytest.approx(0.79, abs=0.01)
    assert row["mae"] == pytest.approx(0.060, abs=0.001)
    assert row["baseline_r2"] == pytest.approx(-0.23, abs=0.01)
    assert r2[CELLS, TWO] == pytest.approx(0.755, abs=0.002)
    assert table.filter(estimator=CELLS)["n"].item() == 272
    # what was found when they were first scored
    assert r2["fractional_logit", TWO] == pytest.approx(0.811, abs=0.002)
    assert r2["random_effects", TWO] == pytest.approx(0.796, abs=0.002)
    assert r2["related_effects", TWO] == pytest.approx(0.769, abs=0.002)
    # averaging both directions undoes what a plane gains from telling them apart
    assert r2["directed_ols", TWO] == pytest.approx(r2["ols", TWO])
    assert r2["random_effects", ONE] == pytest.approx(0.859, abs=0.002)
    two = predicted.filter(protocol=TWO)
    mean = two.filter(pl.col("estimator") != AVERAGE).group_by("left_out").agg(pl.col("predicted").mean())
    both = two.filter(estimator=AVERAGE).join(mean, on="left_out")
    assert both["predicted"].to_list() == pytest.approx(both["predicted_right"].to_list())


@pytest.mark.parametrize("name", ["ols", "random_effects", "related_effects", "ols_selected"])
def test_what_is_predicted_was_not_learned_from(name):
    """Outcomes of left-out languages may be anything: predictions for them stay the same."""
    before = study(made_up(8), NAMES)
    specification = replace(BY_NAME[name], features=("syntax", "log_share_taught", "log_share_asked"))
    if not specification.directed:
        specification = replace(specification, features=("syntax", "log_share_sum"))
    for protocol in (TWO, ONE):
        held = folds(before.symmetric, protocol)[0]
        spoilt = {
            form: replace(data, outcome=np.where(data.touching(*held), 9.0, data.outcome))
            for form, data in (("directed", before.directed), ("symmetric", before.symmetric))
        }
        first, second = (predict_left_out(each, specification, protocol) for each in (before, replace(before, **spoilt)))
        assert np.isfinite(first[0]).sum() == (1 if protocol == TWO else 7)
        np.testing.assert_allclose(first[0], second[0])
        assert not np.allclose(first[-1], second[-1], equal_nan=True)


def test_baselines():
    data = study(made_up(8), NAMES).symmetric
    two = baseline(data, TWO, (0, 1))
    assert np.flatnonzero(np.isfinite(two)).tolist() == [0]
    assert two[0] == pytest.approx(data.outcome[~data.touching(0, 1)].mean())
    one = baseline(data, ONE, (0,))
    partner = ~data.touching(0) & data.touching(3)
    assert one[(data.first == 0) & (data.second == 3)] == pytest.approx(data.outcome[partner].mean())


def test_processes_change_nothing_and_caps_are_said():
    both = study(made_up(9), NAMES)
    capped = replace(BY_NAME["ols"], features=("syntax", "log_share_sum"), folds=10, rows=15)
    one, two = (score_left_out(both, (capped,), jobs=jobs) for jobs in (1, 2))
    assert one[0].equals(two[0])
    assert one[1].equals(two[1])
    row = one[0].row(0, named=True)
    assert row["n"] == 10
    assert row["note"] == "10 of 36 sets of languages, drawn at random; learned from 15 pairs, drawn at random"


def test_with_many_languages_some_are_left_out_and_it_is_said(monkeypatch):
    monkeypatch.setattr(heldout, "MOST_ALONE", 5)
    monkeypatch.setattr(scores, "MOST_CELLS", 10)
    both = study(made_up(9), NAMES)
    plane = replace(BY_NAME["ols"], features=("syntax",), folds=20)
    few, many = (folds(both.symmetric, TWO, most) for most in (10, 20))
    assert set(few) < set(many), "estimators with other caps share sets of languages"
    table, predicted = score_left_out(both, (plane,))
    one = table.filter(protocol=ONE).row(0, named=True)
    assert (one["n"], one["note"]) == (5 * 8, "5 of 9 sets of languages, drawn at random")
    assert predicted.filter(protocol=ONE)["left_out"].n_unique() == 5
    assert check_predictions(both, ("syntax",))[0]["left_out"].n_unique() == 5
    named = made_up(9).with_columns(fam=pl.col("syntax") ** 2)
    table, _ = score_left_out(study(named, ["fam", *NAMES]), (plane,))
    cells = table.filter(estimator=CELLS).row(0, named=True)
    assert (cells["n"], cells["note"].split("; ")[1]) == (20, "10 of 36 sets of languages, drawn at random")


def test_a_forest_of_very_many_pairs_is_capped_and_it_is_said(monkeypatch):
    data = study(made_up(9), NAMES).symmetric.only(("syntax", "log_share_sum"))
    whole = paper_scores(data, ("syntax",))[0][-1]
    monkeypatch.setattr(paper, "MOST_GROWN", 20)
    capped = paper_scores(data, ("syntax",))[0][-1]
    assert (whole["note"], capped["note"]) == ("", "learned from 20 pairs, drawn at random")
    assert whole["r2"] != capped["r2"]


def test_absent_factors_are_said():
    both = study(made_up(8).with_columns(geography=0.5), ["syntax", "geography", "log_share_sum"])
    with pytest.warns(UserWarning, match=r"fractional_logit .* is not scored for want of .*log_share_min \(not given\)"):
        table, _ = score_left_out(both, (BY_NAME["ols"], BY_NAME["fractional_logit"]))
    ols, logit = table.filter(protocol=TWO).rows(named=True)
    assert ols["features"] == "syntax log_share_sum"
    assert "geography (the same for all pairs)" in ols["note"]
    assert (logit["n"], logit["r2"]) == (0, None)


def test_too_few_languages_are_refused():
    with pytest.raises(ValueError, match="measure at least 8 languages"):
        score_left_out(study(made_up(7), NAMES))


# mixed models


@pytest.mark.parametrize("related", [False, True])
def test_effects_by_matrices_of_full_size(related):
    """Predictions and their spread as the textbook has them, with the covariance of all rows inverted."""
    data = study(made_up(7), NAMES).directed.only(("syntax", "log_share_asked"))
    known = data.rows(~data.touching(6))
    fitted = fit_effects(known, related)
    mean, spread = fitted.predict(data.rows(data.touching(6)))

    def parts(rows: Dyads) -> tuple[np.ndarray, np.ndarray]:
        scaled = (rows.features - known.features.mean(axis=0)) / known.features.std(axis=0)
        return np.column_stack([np.ones(len(rows)), scaled]), np.column_stack(
            [rows.first[:, None] == range(7), rows.second[:, None] == range(7)]
        )

    def likelihood(sizes: np.ndarray) -> tuple:
        kin = data.kinship if related else np.eye(7)
        cover = np.kron(np.diag(sizes), kin)
        (x, z), (new_x, new_z) = parts(known), parts(data.rows(data.touching(6)))
        inverse = np.linalg.inv(np.eye(len(x)) + z @ cover @ z.T)
        information = x.T @ inverse @ x
        b = np.linalg.solve(information, x.T @ inverse @ known.outcome)
        left = known.outcome - x @ b
        variance = left @ inverse @ left / (len(x) - x.shape[1])
        across = new_z @ cover @ z.T @ inverse
        gap = new_x - across @ x
        total = 1 + np.diag(new_z @ cover @ new_z.T - across @ z @ cover @ new_z.T + gap @ np.linalg.solve(information, gap.T))
        logs = np.linalg.slogdet(inverse)[1] - np.linalg.slogdet(information)[1]
        return logs - (len(x) - x.shape[1]) * np.log(variance), new_x @ b + across @ left, np.sqrt(variance * total)

    # the sizes that were found, taken back from what the model says of one language's effects
    grid = np.exp(np.linspace(-8, 6, 29))
    scores = {sizes: likelihood(np.array(sizes))[0] for sizes in itertools.product(grid, repeat=2)}
    near = max(scores, key=scores.get)
    _, by_hand, spread_by_hand = likelihood(np.array(near))
    np.testing.assert_allclose(mean, by_hand, atol=0.01)
    np.testing.assert_allclose(spread, spread_by_hand, rtol=0.15)


def test_a_language_that_was_not_measured():
    """Predictions are those made when the language was measured but left out; their intervals hold what they promise."""
    table = made_up(14, noise=0.04)
    both = study(table, NAMES)
    features = ("syntax", "log_share_taught", "log_share_asked")
    cells, summary = check_predictions(both, features)
    with_it = cells.filter(left_out="l13")
    without = study(table.filter((pl.col("taught_in") != "l13") & (pl.col("asked_in") != "l13")), NAMES)
    new = predict_unmeasured(without, table.drop("accuracy"), features)
    assert len(new) == 26
    joined = with_it.join(new, on=["taught_in", "asked_in"])
    for column in ("predicted", "low", "high"):
        assert joined[column].to_list() == pytest.approx(joined[f"{column}_right"].to_list(), abs=1e-4)
    whole = summary.filter(language="all").row(0, named=True)
    assert whole["n"] == 14 * 26
    assert 0.9 <= whole["coverage"] <= 1
    assert whole["mae"] < whole["baseline_mae"]
    blank = table.with_columns(syntax=pl.when(pl.col("asked_in") != "l13").then("syntax"))
    with pytest.raises(ValueError, match="factors are blank for l00 -> l13"):
        predict_unmeasured(without, blank, features)


def test_predictions_for_the_published_matrix(found):
    whole = check_predictions(found, DIRECTED)[1].filter(language="all").row(0, named=True)
    assert whole["n"] == 544
    assert 0.92 <= whole["coverage"] <= 0.98
    assert whole["mae"] < 0.06 < 0.11 < whole["baseline_mae"]


# coefficients and correlations


def test_coefficients(found):
    data = found.symmetric.only(PAPER)
    table = coefficients(data, 500)
    fam = {row["method"]: row for row in table.filter(feature="fam").iter_rows(named=True)}
    robust = sm.OLS(data.outcome, standardised(data)).fit(cov_type="HC0")
    assert [fam["hc0"][key] for key in ("estimate", "low", "p")] == pytest.approx(
        [robust.params[1], robust.conf_int()[1, 0], robust.pvalues[1]]
    )
    # allowing for shared languages widens the interval
    assert fam["hc0"]["se"] < fam["dyadic"]["se"] < fam["jackknife"]["se"]
    assert fam["mantel"]["estimate"] == pytest.approx(np.corrcoef(data.features[:, 0], data.outcome)[0, 1])
    assert fam["mrqap"]["se"] is None
    assert "too narrow" in fam["dyadic"]["note"]


def test_dyadic_covariance_by_pairs_of_rows():
    """The double sum over rows that share a language, spelled out."""
    rng = np.random.default_rng(0)
    first, second = np.array(list(itertools.permutations(range(5), 2))).T
    design = np.column_stack([np.ones(20), rng.normal(size=(20, 2))])
    residual = rng.normal(size=20)
    middle = np.zeros((3, 3))
    for i, j in itertools.product(range(20), repeat=2):
        if {first[i], second[i]} & {first[j], second[j]}:
            middle += residual[i] * residual[j] * np.outer(design[i], design[j])
    bread = np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(dyadic_covariance(design, residual, first, second), bread @ middle @ bread)


def test_jackknife_finds_how_much_languages_matter():
    """For a mean of pairs with only language effects, the standard error is known: 2 s / sqrt(L), on average over draws."""
    size, errors = 12, []
    first, second = np.triu_indices(size, 1)
    rng = np.random.default_rng(1)
    for _ in range(200):
        own = rng.normal(size=size)
        data = Dyads(tuple("abcdefghijkl"), first, second, own[first] + own[second], rng.normal(size=(66, 1)), ("x",))
        errors.append(jackknife(data)[0] ** 2)
    assert np.sqrt(np.mean(errors)) == pytest.approx(2 / np.sqrt(size), rel=0.15)


def test_coefficients_of_one_and_the_same_factor_are_refused():
    data = study(made_up(8), NAMES).symmetric
    twice = replace(data, features=data.features[:, [0, 0, 2]], names=("one", "again", "share"))
    with pytest.raises(ValueError, match="say the same thing: one, again; leave one of them out"):
        coefficients(twice)


def test_correlations(found):
    table = correlations(found, 500)
    rows = {row["factor"]: row for row in table.iter_rows(named=True)}
    assert rows["log_share_min"]["n"] == 136
    assert rows["log_share_asked"]["n"] == 272
    assert rows["log_share_min"]["rho"] == pytest.approx(0.844, abs=0.001)
    assert rows["log_share_min"]["low"] > 0.5
    # pairs that are taken as independent make a chance correlation look sure
    assert rows["fam"]["p_holm"] < 0.01 < rows["fam"]["p_permuted"]
    assert all(row["p"] <= row["p_bh"] <= row["p_holm"] for row in rows.values())
