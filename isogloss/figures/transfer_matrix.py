"""Transfer matrices: taught in a row, asked in a column, one panel a model, knowledge set and setting."""

import numpy as np
import polars as pl
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from isogloss.figures.style import INK, TIER_COLOURS, by_tier, labelled, save
from isogloss.languages import TIERS, Language

Panel = tuple[dict, pl.DataFrame, pl.DataFrame]
GAP = 0.45  # between the matrix and its margins, in cells
MAP = plt.get_cmap("YlGnBu")


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, cells, margins) of each panel, and write the numbers drawn; a panel may lack languages, which stay blank."""
    ordered = by_tier(languages)
    size = len(ordered)
    side = max(0.33 * (size + 2 * GAP + 3), 2.6)
    figure, axes = plt.subplots(
        1, len(panels), figsize=((side + 1.6) * len(panels), side + 1.9), squeeze=False, layout="constrained"
    )
    for axis, (labels, cells, margins) in zip(axes[0], panels, strict=True):
        _panel(axis, labels, cells, margins, ordered)
    mappable = plt.cm.ScalarMappable(Normalize(0, 100), MAP)
    bar = figure.colorbar(mappable, ax=axes[0].tolist(), orientation="horizontal", shrink=0.35, aspect=40, pad=0.02)
    bar.set_label("correct answers, %")
    bar.outline.set_visible(False)
    save(figure, pdf, png)
    _numbers(panels).write_csv(csv)


def _numbers(panels: list[Panel]) -> pl.DataFrame:
    """All panels in long form; a margin is a row whose other language is `others`."""
    tables = []
    for labels, cells, margins in panels:
        is_row = pl.col("direction") == "taught"
        others = margins.select(
            pl.when(is_row).then("language").otherwise(pl.lit("others")).alias("taught_in"),
            pl.when(is_row).then(pl.lit("others")).otherwise("language").alias("asked_in"),
            "accuracy",
            "low",
            "high",
        )
        tables += [labelled(labels, cells), labelled(labels, others)]
    return pl.concat(tables, how="diagonal")


def _panel(axis, labels: dict, cells: pl.DataFrame, margins: pl.DataFrame, languages: list[Language]) -> None:
    codes = [language.iso639_3 for language in languages]
    size = len(codes)
    value = {(row["taught_in"], row["asked_in"]): row for row in cells.iter_rows(named=True)}
    margin = {(row["direction"], row["language"]): row["accuracy"] for row in margins.iter_rows(named=True)}
    for i, taught in enumerate(codes):
        for j, asked in enumerate(codes):
            _cell(axis, j, i, value.get((taught, asked), {}).get("accuracy"), outlined=i == j)
        _cell(axis, size + GAP, i, margin.get(("taught", taught)))
    untaught = {row["asked_in"]: row["untaught"] for row in value.values()}
    for j, asked in enumerate(codes):
        _cell(axis, j, size + GAP, margin.get(("asked", asked)))
        _cell(axis, j, size + 1 + GAP, untaught.get(asked))
    _tier_lines(axis, languages)
    axis.set_xlim(-0.5, size + 0.5 + GAP)
    axis.set_ylim(size + 1.5 + GAP, -0.5)
    axis.set_aspect("equal")
    axis.set_xticks([*range(size), size + GAP], [*codes, "to others"], rotation=90)
    axis.set_yticks(
        [*range(size), size + GAP, size + 1 + GAP],
        [f"{language.name}  {language.iso639_3}" for language in languages] + ["from others", "untaught"],
    )
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    for ticks in (axis.get_xticklabels(), axis.get_yticklabels()):
        for label, language in zip(ticks, languages, strict=False):
            label.set_color(TIER_COLOURS[language.tier])
    axis.set_xlabel("asked in", labelpad=5)
    axis.set_ylabel("taught in", labelpad=5)
    diagonal = np.mean([row["accuracy"] for (taught, asked), row in value.items() if taught == asked])
    off = np.mean([row["accuracy"] for (taught, asked), row in value.items() if taught != asked])
    chances = [row["chance"] for row in value.values() if row["chance"] is not None]
    guess = f"guessing within the class of the answer {100 * np.mean(chances):.0f} %" if chances else "chance level not known"
    axis.set_title(
        f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}\n"
        f"same language {100 * diagonal:.0f} %, other languages {100 * off:.0f} %\n{guess}",
        loc="left",
        fontsize=8.5,
        linespacing=1.6,
        pad=8,
    )


def _cell(axis, x: float, y: float, accuracy: float | None, outlined: bool = False) -> None:
    """One annotated square, none where nothing is known; the diagonal is outlined."""
    if accuracy is None:
        return
    axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=MAP(accuracy), edgecolor="white", linewidth=0.6))
    if outlined:
        axis.add_patch(Rectangle((x - 0.44, y - 0.44), 0.88, 0.88, facecolor="none", edgecolor=INK, linewidth=0.7, zorder=3))
    colour = "white" if accuracy > 0.55 else INK
    axis.text(x, y, f"{100 * accuracy:.0f}", ha="center", va="center", fontsize=6.2, color=colour)


def _tier_lines(axis, languages: list[Language]) -> None:
    """A line where one tier ends, and the tiers' names."""
    size = len(languages)
    start = 0
    for tier in TIERS:
        count = sum(language.tier == tier for language in languages)
        if not count:
            continue
        end = start + count
        middle = (start + end - 1) / 2
        axis.text(
            size + GAP + 0.75,
            middle,
            tier,
            rotation=270,
            va="center",
            ha="left",
            color=TIER_COLOURS[tier],
            fontsize=7.5,
        )
        if end < size:
            axis.plot([end - 0.5] * 2, [-0.5, size - 0.5], color=INK, linewidth=1.1)
            axis.plot([-0.5, size - 0.5], [end - 0.5] * 2, color=INK, linewidth=1.1)
        start = end
