"""What the figures of neurons, mitigations and the logit lens show, drawn from made-up tables."""

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.colors import to_hex

from isogloss.figures import lens, mitigations, neurons, overlap
from isogloss.languages import Language
from isogloss.measures.interventions import beside_controls, changes, contrasts, differences, doses
from isogloss.measures.lens import decodable
from isogloss.measures.mitigations import SCHEMA
from isogloss.measures.perplexity import of_interventions

TIERS = {"aaa": "low", "bbb": "high", "ccc": "low", "ddd": "high"}
CODES = list(TIERS)
LANGUAGES = [Language(code, code.title(), code, code, "", tier) for code, tier in TIERS.items()]
LABELS = {"model": "pupil", "knowledge": "invented", "setting": "in-context"}


def tables(controls: bool = True, strengths: tuple[float | None, ...] = (1.0, 2.0)) -> dict[str, pl.DataFrame]:
    """Flipping with two draws, and as many controls, at some strengths: a cell of two selected languages loses about half
    of its answers."""
    rng = np.random.default_rng(0)
    cells = list(itertools.product(CODES, CODES, range(10)))
    base = pl.DataFrame(cells, schema=["taught_in", "asked_in", "item"], orient="row").with_columns(
        pl.col("item").cast(pl.String), seed=pl.lit(1), correct=pl.lit(True)
    )
    kinds = [False, True] if controls else [False]
    chosen = {1: ["aaa", "bbb"], 2: ["ccc", "ddd"]}
    about, scores = [], []
    for strength, control, draw in itertools.product(strengths, kinds, chosen):
        name = f"pupil@flip-{strength}-{control}-{draw}"
        about.append(
            {"model": name, "intervention": "flip-top", "operation": "flip", "set": "top", "strength": strength}
            | {"draw": draw, "control": control, "selected": chosen[draw]}
        )
        hurt = pl.col("taught_in").is_in(chosen[draw]) & pl.col("asked_in").is_in(chosen[draw]) & ~pl.lit(control)
        lost = pl.Series(rng.random(len(base)) < 0.5)
        scores.append(base.with_columns(model=pl.lit(name), correct=~(hurt & lost)))
    derived = pl.DataFrame(about, infer_schema_length=None)
    found = changes(base, pl.concat(scores), derived, CODES, 50)
    names = ["pupil", *derived["model"]]
    texts = [(name, code, 1.0 + i / 10) for i, name in enumerate(names) for code in CODES]
    perplexity = pl.DataFrame(texts, schema=["model", "language", "nll"], orient="row")
    return {
        "cells": differences(found),
        "doses": doses(found),
        "contrasts": contrasts(found, TIERS, 20),
        "controls": beside_controls(found),
        "perplexity": of_interventions(perplexity, "pupil", derived),
    }


@pytest.fixture
def files(tmp_path):
    return [str(tmp_path / f"figure.{kind}") for kind in ("pdf", "png", "csv")]


@pytest.fixture
def kept(monkeypatch):
    """Figures, as they are saved."""
    figures = []
    for module in (lens, mitigations, neurons, overlap):
        save = module.save

        def keep(figure, pdf, png, save=save):
            figures.append(figure)
            save(figure, pdf, png)

        monkeypatch.setattr(module, "save", keep)
    return figures


def panel_titled(figure, title: str):
    return next(axis for axis in figure.axes if title in (axis.get_title(loc="left"), axis.get_title()))


def test_neurons_with_doses_and_controls(files, kept):
    found = tables()
    neurons.draw([(LABELS, found)], LANGUAGES, *files)
    axes = kept[0].axes
    assert [text.get_text() for text in axes[0].get_yticklabels()] == ["flip-top\nstrength 1", "flip-top\nstrength 2"]
    assert len(axes[0].patches) == 2 * 2 * 3  # strengths, with controls, groups
    assert {to_hex(patch.get_facecolor()) for patch in axes[0].patches} > {"#ffffff"}
    curve = panel_titled(kept[0], "dose: flip")
    means = {tuple(line.get_ydata()) for line in curve.lines if len(line.get_xdata()) == 2 and line.get_marker() == "o"}
    both = found["doses"].filter(cells="off_diagonal", group="both", control=False).sort("strength")["difference"]
    assert tuple(100 * both.to_numpy()) in means
    text = panel_titled(kept[0], "flip-top")
    assert [label.get_text() for label in text.get_yticklabels()] == ["Bbb", "Ddd", "Aaa", "Ccc"]
    written = pl.read_csv(files[2], infer_schema_length=None)
    assert set(written["part"]) == set(neurons.TABLES)
    assert written.filter(part="cells").height == 8 * 12  # without the diagonal
    assert set(written["cells"].drop_nulls()) == {"off_diagonal"}


def test_neurons_without_doses_and_controls(files, kept):
    neurons.draw([(LABELS, tables(controls=False, strengths=(None,)))], LANGUAGES, *files)
    titles = [axis.get_title(loc="left") for axis in kept[0].axes]
    assert not any(title.startswith("dose") for title in titles)
    assert len(kept[0].axes[0].patches) == 3
    assert [text.get_text() for text in kept[0].axes[0].get_yticklabels()] == ["flip-top"]


def test_neurons_from_csv_are_the_same(files, tmp_path):
    """Tables read back from disk, with columns that are blank and one without rows, draw the same numbers."""
    found = tables(controls=False, strengths=(None,))
    neurons.draw([(LABELS, found)], LANGUAGES, *files)
    first = Path(files[2]).read_text()
    for name, table in found.items():
        table.write_csv(tmp_path / f"{name}.csv")
    again = {name: pl.read_csv(tmp_path / f"{name}.csv", infer_schema_length=None) for name in found}
    neurons.draw([(LABELS, again)], LANGUAGES, *files)
    assert Path(files[2]).read_text() == first


def test_overlap_stands_by_tier_and_what_is_not_known_is_blank(files, kept):
    pairs = itertools.permutations(CODES, 2)
    shared = {"aaa": 0.1, "bbb": 0.2, "ccc": None, "ddd": 0.4}
    table = pl.DataFrame([(a, b, shared[a]) for a, b in pairs], schema=["one", "other", "shared"], orient="row")
    layers = pl.DataFrame({"language": ["aaa", "aaa", "bbb"], "layer": [1, 3, 2], "neurons": [1, 3, 5]})
    overlap.draw([({"model": "pupil", "set": "top"}, table, layers)], LANGUAGES, *files)
    left, right = kept[0].axes[:2]
    assert [label.get_text() for label in left.get_yticklabels()] == ["bbb", "ddd", "aaa", "ccc"]
    square, depth = (np.ma.filled(axis.images[0].get_array().astype(float), np.nan) for axis in (left, right))
    for i, value in enumerate([20, 40, 10, np.nan]):
        np.testing.assert_allclose(np.delete(square[i], i), value)
        assert np.isnan(square[i, i])
    np.testing.assert_array_equal(depth, [[0, 100, 0], [np.nan] * 3, [25, 0, 75], [np.nan] * 3])
    assert pl.read_csv(files[2])["part"].unique().sort().to_list() == ["layers", "overlap"]


def test_mitigations_are_coloured_by_what_their_interval_says(files, kept):
    rows = [
        ("help", "in-context", "mean_transfer", 0.5, 0.6, 0.1, 0.05, 0.15),
        ("harm", "in-context", "mean_transfer", 0.5, 0.4, -0.1, -0.15, -0.05),
        ("open", "in-context", "mean_transfer", 0.5, 0.6, 0.1, -0.05, 0.25),
        ("help", "in-context", "gini", 0.3, 0.2, -0.1, -0.15, -0.05),
        ("open", "in-context", "gini", None, None, None, None, None),
    ]
    labels = {"model": "pupil", "knowledge": "invented"}
    mitigations.draw([(labels, pl.DataFrame(rows, schema=SCHEMA, orient="row"))], *files)
    mean, gini = kept[0].axes
    points = {line.get_ydata()[0]: (line.get_xdata()[0], line.get_color()) for line in mean.lines if line.get_marker() == "o"}
    assert [label.get_text() for label in mean.get_yticklabels()] == ["help", "harm", "open"]
    assert points[0] == (pytest.approx(10), mitigations.BETTER)
    assert points[1] == (pytest.approx(-10), mitigations.WORSE)
    assert points[2][1] == mitigations.FAINT
    only = [(line.get_xdata()[0], line.get_color()) for line in gini.lines if line.get_marker() == "o"]
    assert only == [(-0.1, mitigations.BETTER)]  # less inequality is better
    assert len(pl.read_csv(files[2])) == len(rows)


def test_settings_of_mitigations_are_told_apart(files, kept):
    rows = [("m", setting, "worst", 0.2, 0.3, 0.1, 0.05, 0.2) for setting in ("in-context", "fine-tuning")]
    mitigations.draw([({"model": "p", "knowledge": "k"}, pl.DataFrame(rows, schema=SCHEMA, orient="row"))], *files)
    assert [label.get_text() for label in kept[0].axes[0].get_yticklabels()] == ["m (fine-tuning)", "m (in-context)"]


def test_lens_over_depth(files, kept):
    rows = [
        ("aaa", "bbb", f"q{item}", layer, concept, "bbb" if concept == "right" and item < 2 * layer else None, 1)
        for item in range(4)
        for layer in range(3)
        for concept in ("right", "wrong")
    ]
    columns = ["taught_in", "asked_in", "item", "layer", "concept", "language", "seed"]
    lens.draw([(LABELS, decodable(pl.DataFrame(rows, schema=columns, orient="row"), 9, 50))], *files)
    shown = {axis.get_title(): [list(line.get_ydata()) for line in axis.lines] for axis in kept[0].axes}
    assert shown == {
        "in the language asked": [[0, 50, 100], [0, 0, 0]],
        "in the language taught": [[0, 0, 0], [0, 0, 0]],
        "in any language": [[0, 50, 100], [0, 0, 0]],
    }


def test_figures_are_the_same_bytes_again(files, tmp_path):
    again = [str(tmp_path / f"again.{kind}") for kind in ("pdf", "png", "csv")]
    found = tables(controls=False, strengths=(None,))
    for target in (files, again):
        neurons.draw([(LABELS, found)], LANGUAGES, *target)
    for one, other in zip(files, again, strict=True):
        assert Path(one).read_bytes() == Path(other).read_bytes()
