"""Heat maps of what is known of pairs of languages, in the order and layout of the transfer matrices."""

from itertools import pairwise

import numpy as np
import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, by_tier, save
from isogloss.languages import Language

Panel = tuple[dict, pl.DataFrame]
# column: title, whether a greater number means that the languages are closer or better known
SHARED = {
    "fam": ("genealogical distance", False),
    "syntax": ("syntactic distance", False),
    "geography": ("geographical distance", False),
    "phonology": ("phonological distance", False),
    "inventory": ("distance of phoneme inventories", False),
    "log_share_sum": ("share of the web, % (log, sum of both)", True),
}
OF_TOKENIZERS = {
    "jsd": ("divergence of tokens, bits", False),
    "one_to_one": ("tokens aligned one to one, share", True),
    "eflomal": ("surprise of aligned tokens, nats", False),
}
COLUMNS = 3
MAP = "YlGnBu"
BLANK = "#dcdcdc"


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, pairs) of each model, and write the numbers drawn: model (blank for what all share), factor, taught_in,
    asked_in, value.

    What does not depend on the model is drawn once, from the first table; the tokenizer's columns once a model. Columns that are
    not there, or blank throughout, are not drawn.
    """
    ordered = by_tier(languages)
    codes = [language.iso639_3 for language in ordered]
    maps = [(None, name, panels[0][1]) for name in SHARED]
    maps += [(labels["model"], name, pairs) for name in OF_TOKENIZERS for labels, pairs in panels]
    maps = [found for found in maps if found[1] in found[2].columns and found[2][found[1]].null_count() < len(found[2])]
    rows = -(-len(maps) // COLUMNS)
    side = max(0.135 * len(codes), 1.3)
    size = ((side + 0.75) * COLUMNS, (side + 0.7) * rows + 0.4)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=size, squeeze=False, layout="constrained")
    tables = []
    for axis, (model, name, pairs) in zip(axes.flat, maps, strict=False):
        long = pairs.filter(pl.col("taught_in").is_in(codes) & pl.col("asked_in").is_in(codes)).select(
            pl.lit(model, dtype=pl.String).alias("model"),
            pl.lit(name).alias("factor"),
            "taught_in",
            "asked_in",
            pl.col(name).cast(pl.Float64).alias("value"),
        )
        _map(axis, long, name, model, ordered)
        tables.append(long)
    for axis in axes.flat[len(maps) :]:
        axis.set_visible(False)
    figure.supylabel("taught in", fontsize=7.5)
    figure.supxlabel(
        "asked in; languages from the highest tier (top left) to the lowest\n"
        "dark: close, alike or much written; grey: not known; each map has its own scale",
        fontsize=7.5,
    )
    save(figure, pdf, png)
    pl.concat(tables).write_csv(csv)


def _map(axis: plt.Axes, long: pl.DataFrame, name: str, model: str | None, languages: list[Language]) -> None:
    title, greater_is_closer = (SHARED | OF_TOKENIZERS)[name]
    codes = [language.iso639_3 for language in languages]
    size = len(codes)
    square = np.full((size, size), np.nan)
    for taught, asked, value in long.select("taught_in", "asked_in", "value").rows():
        square[codes.index(taught), codes.index(asked)] = np.nan if value is None else value
    colours = plt.get_cmap(MAP if greater_is_closer else MAP + "_r").with_extremes(bad=BLANK)
    image = axis.imshow(square, cmap=colours, interpolation="nearest")
    for place in range(size):  # a language and itself are no pair
        axis.add_patch(plt.Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor="white", edgecolor="none"))
    for place, (before, after) in enumerate(pairwise(languages)):
        if before.tier != after.tier:
            axis.axhline(place + 0.5, color=INK, linewidth=0.8)
            axis.axvline(place + 0.5, color=INK, linewidth=0.8)
    axis.set_xticks(range(size), codes, rotation=90, fontsize=6)
    axis.set_yticks(range(size), codes, fontsize=6)
    for ticks in (axis.get_xticklabels(), axis.get_yticklabels()):
        for label, language in zip(ticks, languages, strict=True):
            label.set_color(TIER_COLOURS[language.tier])
    axis.tick_params(length=0, pad=2)
    axis.spines[:].set_color(FAINT)
    axis.set_title(title if model is None else f"{title}\n{model}", loc="left", fontsize=8)
    bar = axis.figure.colorbar(image, ax=axis, fraction=0.046, pad=0.03)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2, labelsize=6)
    if not greater_is_closer:
        bar.ax.invert_yaxis()
