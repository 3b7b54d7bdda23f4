"""Neurons that languages share, and in which layers those of each language lie."""

from itertools import pairwise

import numpy as np
import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, by_tier, labelled, save
from isogloss.languages import Language

Panel = tuple[dict, pl.DataFrame, pl.DataFrame]
MAP, LAYERS = "YlGnBu", "Greys"


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, overlap, layers) of each panel, a row each, and write the numbers drawn, which a column `part` tells apart.

    `overlap` has one, other, shared (neurons that both languages have, as a share of those of either: 0..1), a row for each
    ordered pair; the diagonal is not needed. `layers` has language, layer, neurons (their number). Labels are model and set.
    """
    ordered = by_tier(languages)
    side = max(0.19 * len(ordered), 1.6)
    size = (2 * side + 2.9, (side + 1.15) * len(panels))
    figure, axes = plt.subplots(len(panels), 2, figsize=size, squeeze=False, layout="constrained")
    for (left, right), (labels, overlap, layers) in zip(axes, panels, strict=True):
        _overlap(left, overlap, ordered)
        _layers(right, layers, ordered)
        left.set_title(f"{labels['model']}: neurons of {labels['set']}\nshared by two languages, %", loc="left", fontsize=8)
        right.set_title("where they are: neurons of a layer,\n% of those of the language", loc="left", fontsize=8)
    save(figure, pdf, png)
    parts = [
        labelled(labels, table.select(pl.lit(name).alias("part"), pl.all()))
        for labels, overlap, layers in panels
        for name, table in (("overlap", overlap), ("layers", layers))
    ]
    pl.concat(parts, how="diagonal_relaxed").write_csv(csv)


def _overlap(axis: plt.Axes, overlap: pl.DataFrame, languages: list[Language]) -> None:
    codes = [language.iso639_3 for language in languages]
    square = np.full((len(codes), len(codes)), np.nan)
    for one, other, shared in overlap.filter(pl.col("one") != pl.col("other")).select("one", "other", "shared").iter_rows():
        square[codes.index(one), codes.index(other)] = np.nan if shared is None else 100 * shared
    _map(axis, square, MAP, "white")
    axis.set_xticks(range(len(codes)), codes, rotation=90, fontsize=6)
    _rows(axis, languages, codes)
    for label, language in zip(axis.get_xticklabels(), languages, strict=True):
        label.set_color(TIER_COLOURS[language.tier])
    for place, (before, after) in enumerate(pairwise(languages)):
        if before.tier != after.tier:
            axis.axhline(place + 0.5, color=INK, linewidth=0.8)
            axis.axvline(place + 0.5, color=INK, linewidth=0.8)


def _layers(axis: plt.Axes, layers: pl.DataFrame, languages: list[Language]) -> None:
    codes = [language.iso639_3 for language in languages]
    depth = layers["layer"].max()
    counts = np.zeros((len(codes), depth))
    for code, layer, neurons in layers.select("language", "layer", "neurons").iter_rows():
        counts[codes.index(code), layer - 1] = neurons
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(100 * counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    _map(axis, shares, LAYERS, "#f3dfd6")
    step = max(1, depth // 8)
    axis.set_xticks(range(0, depth, step), range(1, depth + 1, step))
    axis.set_xlabel("layer")
    _rows(axis, languages, codes)


def _map(axis: plt.Axes, values: np.ndarray, colours: str, blank: str) -> None:
    """What is not known has the colour `blank`."""
    image = axis.imshow(
        values, cmap=plt.get_cmap(colours).with_extremes(bad=blank), interpolation="nearest", aspect="auto", vmin=0
    )
    axis.spines[:].set_color(FAINT)
    axis.tick_params(length=0, pad=2)
    bar = axis.figure.colorbar(image, ax=axis, fraction=0.046, pad=0.03)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2, labelsize=6)


def _rows(axis: plt.Axes, languages: list[Language], codes: list[str]) -> None:
    axis.set_yticks(range(len(codes)), codes, fontsize=6)
    for label, language in zip(axis.get_yticklabels(), languages, strict=True):
        label.set_color(TIER_COLOURS[language.tier])
