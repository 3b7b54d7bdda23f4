"""What factors say of several matrices at once."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from test_statistics import made_up
from test_workflow import copy_project, micro_config, pending, snakemake

from isogloss.statistics import analysis
from isogloss.statistics.coefficients import coefficients
from isogloss.statistics.pairs import pool, study
from isogloss.statistics.pooled import _predict, analyse_pooled, slope_scores

NAMES = ["syntax", "log_share_sum", "log_share_min", "log_share_taught", "log_share_asked"]
FEATURES = ("syntax", "log_share_sum")
MODELS = [{"model": "pupil", "knowledge": "invented"}, {"model": "other", "knowledge": "published"}]


def two_matrices() -> list[pl.DataFrame]:
    """Of the same languages, with other accuracies at another level; one has a language more."""
    table = made_up(10, noise=0.05)
    noise = np.random.default_rng(5).normal(scale=0.05, size=len(table))
    other = table.with_columns(pl.col("accuracy") * 0.7 + 0.3 + pl.Series(noise))
    return [table.filter((pl.col("taught_in") != "l09") & (pl.col("asked_in") != "l09")), other]


def test_the_mean_of_matrices_has_the_coefficients_of_an_effect_of_each():
    one, other = two_matrices()
    both = [one, one.select("taught_in", "asked_in").join(other, on=["taught_in", "asked_in"], maintain_order="left")]
    parts = [study(table, NAMES).symmetric.only(FEATURES) for table in both]
    size = len(parts[0])
    scale = parts[0].features.std(axis=0)
    level = np.kron(np.eye(2), np.ones((size, 1)))
    design = np.column_stack([np.vstack([part.features for part in parts]) / scale, level])
    stacked = sm.OLS(np.concatenate([part.outcome for part in parts]), design).fit()
    mean = coefficients(study(pool(two_matrices(), NAMES), NAMES).symmetric.only(FEATURES), 99)
    found = mean.filter(method="jackknife")["estimate"].to_list()
    assert found == pytest.approx(stacked.params[:2].tolist())
    # one language left out of both matrices is one left out of their mean
    left = [np.tile(~parts[0].touching(i), 2) for i in range(9)]
    each = np.array([sm.OLS(stacked.model.endog[keep], design[keep]).fit().params[:2] for keep in left])
    se = np.sqrt(8 / 9 * np.sum((each - each.mean(axis=0)) ** 2, axis=0))
    assert mean.filter(method="jackknife")["se"].to_list() == pytest.approx(se.tolist())


def test_slopes_of_all_of_the_matrix_and_of_the_others():
    """By regressions with dummies, spelled out for one pair of languages."""
    tables = two_matrices()
    scores = slope_scores(tables, MODELS, FEATURES)
    assert scores.select("model", "slopes").rows() == [
        (name["model"], slopes) for name in MODELS for slopes in ("pooled", "own", "others")
    ]
    assert set(scores["n"]) == {36}
    common = tables[0].select("taught_in", "asked_in")
    parts = [study(common.join(t, on=["taught_in", "asked_in"]), NAMES).symmetric.only(FEATURES) for t in tables]
    errors = {"pooled": [], "own": [], "others": []}
    for row in range(36):
        train = ~parts[0].touching(parts[0].first[row], parts[0].second[row])
        x = np.vstack([part.features[train] for part in parts])
        y = np.concatenate([part.outcome[train] for part in parts])
        level = np.kron(np.eye(2), np.ones((train.sum(), 1)))
        both = sm.OLS(y, np.column_stack([x, level])).fit().params
        own, other = (
            sm.OLS(part.outcome[train], sm.add_constant(part.features[train], prepend=False)).fit().params for part in parts
        )
        truth, new = parts[0].outcome[row], parts[0].features[row]
        errors["pooled"].append(truth - new @ both[:2] - both[2])
        errors["own"].append(truth - new @ own[:2] - own[2])
        gap = new - parts[0].features[train].mean(axis=0)
        errors["others"].append(truth - parts[0].outcome[train].mean() - gap @ other[:2])
    found = dict(scores.filter(model="pupil").select("slopes", "mae").iter_rows())
    assert found == pytest.approx({name: np.abs(values).mean() for name, values in errors.items()})


def test_languages_are_left_out_of_all_matrices():
    """Outcomes of the two languages, in any matrix, may be anything: what is predicted for them stays the same."""
    whole = [study(pool([table], NAMES), NAMES).symmetric.only(FEATURES) for table in [two_matrices()[0]] * 2]
    train = np.flatnonzero(~whole[0].touching(0, 1))
    row = int(np.flatnonzero((whole[0].first == 0) & (whole[0].second == 1))[0])
    spoilt = [replace(matrix, outcome=np.where(matrix.touching(0, 1), 9.0, matrix.outcome)) for matrix in whole]
    np.testing.assert_array_equal(_predict(whole, train, row), _predict(spoilt, train, row))
    assert slope_scores(two_matrices(), MODELS, FEATURES)["baseline_r2"].max() < 0, "the mean of other pairs knows neither"


def test_all_tables_of_several_matrices(monkeypatch):
    monkeypatch.setattr(analysis, "score_left_out", lambda found, jobs: (pl.DataFrame(schema=SCORED), pl.DataFrame(schema=SEEN)))
    tables = two_matrices()
    tables[0] = tables[0].with_columns(jsd=pl.Series(np.random.default_rng(0).random(len(tables[0]))))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = analyse_pooled(tables, MODELS, [*NAMES, "jsd"], 99, others=tables[1].drop("accuracy"))
    assert "effects" not in found
    assert any("jsd (blank for 72 of 72 pairs)" in str(each.message) for each in said), "one matrix lacks it"
    assert found["models"]["model"].unique(maintain_order=True).to_list() == ["pupil", "other"]
    assert set(found["predictions"]["taught_in"]) | set(found["predictions"]["asked_in"]) >= {"l09"}
    assert set(found["left_out_cells"]["left_out"]) == {f"l{i:02}" for i in range(9)}, "languages that all have"


def test_the_published_matrix_beside_the_sandbox(tmp_path):
    """As users run it: eight languages, of which the published matrix has all."""
    codes = ["eng", "fra", "spa", "ita", "swe", "kor", "cym", "zul"]
    published = {"provider": "published", "transferability": {"fine-tuning": "data/published/gpt-4o-mini_fine-tuning.csv"}}
    config = micro_config(
        languages=codes,
        knowledge={"fictional": {"provider": "built-in", "kind": "new", "items": 4}},
        models={
            "sandbox": {"provider": "sandbox", "teaching": {"epochs": 1}, "asking": {"max_new_tokens": 8}},
            "theirs": published | {"optimised": ["eng", "fra"]},
        },
        run=["sandbox", "theirs"],
        studies=["transferability"],
        settings=["fine-tuning"],
        cohort="auto",
        explain={"permutations": 99, "neurons": True},
        language_neurons={"top": 0.1, "texts": 20},
    )
    project = copy_project(tmp_path, config)
    assert pending(project)["pooled"] == 1
    targets = ["results/pooled/fine-tuning/models.csv", "results/factors/languages.csv"]
    explained = "results/sandbox/fictional/transferability/fine-tuning/correlation.csv"
    snakemake(project, *targets, explained)
    shared = pl.read_csv(project / explained).filter(factor="shared_neurons")
    assert shared["n"].to_list() == [28]
    folder = project / "results/pooled/fine-tuning"
    scores = pl.read_csv(folder / "models.csv")
    assert scores.select("model", "knowledge", "slopes").rows() == [
        (*names, slopes)
        for names in (("sandbox", "fictional"), ("theirs", "published"))
        for slopes in ("pooled", "own", "others")
    ]
    assert set(scores["n"]) == {28}
    regression = pl.read_csv(folder / "regression.csv")
    assert set(regression["protocol"]) == {"paper", "leave_two_languages_out", "leave_one_language_out"}
    left_out = dict(pl.read_csv(folder / "left_out_factors.csv").iter_rows())
    assert left_out["jsd"] == "blank for 56 of 56 pairs", "the tokenizer of one of them is not known"
    languages = pl.read_csv(project / "results/factors/languages.csv")
    assert languages["language"].to_list() == codes
    assert languages["optimised_theirs"].to_list() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert "optimised_sandbox" not in languages.columns, "nobody said"
    alone = (project / "config.yaml").read_text(encoding="utf-8").replace("- theirs\n", "")
    (project / "config.yaml").write_text(alone, encoding="utf-8")
    assert "pooled" not in pending(project), "one model is nothing to pool"


SCORED = dict.fromkeys(("estimator", "protocol", "features"), pl.String) | {"n": pl.Int64}
SCORED |= dict.fromkeys(("r2", "adjusted_r2", "mae", "baseline_r2", "baseline_mae"), pl.Float64) | {"note": pl.String}
SEEN = dict.fromkeys(("protocol", "estimator", "left_out", "one", "other"), pl.String)
SEEN |= dict.fromkeys(("accuracy", "predicted", "baseline"), pl.Float64)
