"""Transfer matrices: taught in a row, asked in a column, one panel a model, knowledge set and setting."""

import textwrap

import numpy as np
import polars as pl
from matplotlib import patheffects
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from isogloss.figures.style import INK, TIER_COLOURS, by_tier, is_unread, labelled, mark_unread, save, unread_line
from isogloss.languages import TIERS, Language
from isogloss.measures.reading import matrix_unread, unread_note

Panel = tuple[dict, pl.DataFrame, pl.DataFrame]
GAP = 0.45  # between the matrix and its margins, in cells
MAP = plt.get_cmap("YlGnBu")
SECOND = "small: right in any language, where that differs by a point or more"


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, cells, margins) of each panel, and write the numbers drawn; a panel may lack languages, which stay blank.

    A cell shows the share right in the language asked and, small, the share right in any language (the column `any`, which a
    table may lack), where that differs by a point or more. Where most answers could not be read, a panel says so in place of
    numbers.
    """
    ordered = by_tier(languages)
    size = len(ordered)
    side = max(0.33 * (size + 2 * GAP + 3), 2.6)
    drawn = [table for _, cells, margins in panels if not _lost(cells) for table in (cells, margins)]
    legend = ["correct answers, %", *([SECOND] if any(map(_has_second, drawn)) else [])]
    legend = "\n".join(legend) + unread_line(drawn, "hatched")
    height = side + 1.9 + 0.25 * legend.count("\n") if drawn else 2.2
    figure, axes = plt.subplots(1, len(panels), figsize=((side + 1.6) * len(panels), height), squeeze=False, layout="constrained")
    for axis, (labels, cells, margins) in zip(axes[0], panels, strict=True):
        if _lost(cells):
            _words(axis, labels, unread_note(cells, {language.iso639_3: language.name for language in ordered}), side)
        else:
            _panel(axis, labels, cells, margins, ordered)
    if drawn:
        _colours(figure, axes[0].tolist(), legend)
    save(figure, pdf, png)
    _numbers(panels).write_csv(csv)


def _colours(figure: plt.Figure, axes: list[plt.Axes], legend: str) -> None:
    mappable = plt.cm.ScalarMappable(Normalize(0, 100), MAP)
    bar = figure.colorbar(mappable, ax=axes, orientation="horizontal", shrink=0.35, aspect=40, pad=0.02)
    bar.set_label(legend)
    bar.outline.set_visible(False)


def _numbers(panels: list[Panel]) -> pl.DataFrame:
    """All panels in long form; a margin is a row whose other language is `others`."""
    tables = []
    for labels, cells, margins in panels:
        is_row = pl.col("direction") == "taught"
        others = margins.select(
            pl.when(is_row).then("language").otherwise(pl.lit("others")).alias("taught_in"),
            pl.when(is_row).then(pl.lit("others")).otherwise("language").alias("asked_in"),
            *(column for column in margins.columns if column not in ("direction", "language")),
        )
        tables += [labelled(labels, cells), labelled(labels, others)]
    return pl.concat(tables, how="diagonal")


def _panel(axis, labels: dict, cells: pl.DataFrame, margins: pl.DataFrame, languages: list[Language]) -> None:
    codes = [language.iso639_3 for language in languages]
    size = len(codes)
    value = {(row["taught_in"], row["asked_in"]): row for row in cells.iter_rows(named=True)}
    margin = {(row["direction"], row["language"]): row for row in margins.iter_rows(named=True)}
    for i, taught in enumerate(codes):
        for j, asked in enumerate(codes):
            _cell(axis, j, i, value.get((taught, asked), {}), outlined=i == j)
        _cell(axis, size + GAP, i, margin.get(("taught", taught), {}))
    untaught = {row["asked_in"]: {"accuracy": row["untaught"], "any": row.get("untaught_any")} for row in value.values()}
    for j, asked in enumerate(codes):
        _cell(axis, j, size + GAP, margin.get(("asked", asked), {}))
        _cell(axis, j, size + 1 + GAP, untaught.get(asked, {}))
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
    chances = [row["chance"] for row in value.values() if row["chance"] is not None]
    guess = f"guessing within the class of the answer {100 * np.mean(chances):.0f} %" if chances else "chance level not known"
    lines = [_about(labels), "same language {} %, other languages {} %".format(*_same_and_other(cells, "accuracy"))]
    if _has_second(cells):
        lines.append("right in any language: {} % and {} %".format(*_same_and_other(cells, "any")))
    axis.set_title("\n".join([*lines, guess]), loc="left", fontsize=8.5, linespacing=1.6, pad=8)


def _about(labels: dict) -> str:
    return f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}"


def _same_and_other(cells: pl.DataFrame, column: str) -> tuple[str, str]:
    """The means of a column on the diagonal and off it, in percent."""
    same = pl.col("taught_in") == pl.col("asked_in")
    return tuple(f"{100 * cells.filter(which)[column].mean():.0f}" for which in (same, ~same))


def _lost(cells: pl.DataFrame) -> bool:
    """Whether a matrix says nothing, as far as its table knows."""
    return "unread" in cells.columns and matrix_unread(cells)


def _words(axis, labels: dict, note: str, side: float) -> None:
    """What is wrong with a matrix that cannot be read, in a panel so many inches wide, in place of numbers that say nothing."""
    axis.set_axis_off()
    axis.set_title(_about(labels), loc="left", fontsize=8.5, pad=8)
    text = f"Not drawn. {note}"
    axis.text(0, 1, textwrap.fill(text, int(13 * (side + 1.6))), transform=axis.transAxes, va="top", fontsize=8, linespacing=1.6)


def _second(row: dict) -> float | None:
    """The share right in any language, where it is known and differs by a point or more from that in the language asked."""
    share = row.get("any")
    return share if share is not None and abs(share - row["accuracy"]) > 0.01 - 1e-9 else None


def _has_second(table: pl.DataFrame) -> bool:
    return any(_second(row) is not None for row in table.iter_rows(named=True))


def _cell(axis, x: float, y: float, row: dict, outlined: bool = False) -> None:
    """One annotated square, none where nothing is known; the diagonal is outlined."""
    accuracy = row.get("accuracy")
    if accuracy is None:
        return
    face = MAP(accuracy)
    axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=face, edgecolor="white", linewidth=0.6))
    if outlined:
        axis.add_patch(Rectangle((x - 0.44, y - 0.44), 0.88, 0.88, facecolor="none", edgecolor=INK, linewidth=0.7, zorder=3))
    colour = "white" if accuracy > 0.55 else INK
    mark_unread(axis, row, x - 0.5, y - 0.5, (1, 1), colour)
    # a rim in the colour of the cell, so that hatching does not run through a number
    rim = [patheffects.withStroke(linewidth=2.2, foreground=face)] if is_unread(row) else None
    style = {"ha": "center", "va": "center", "color": colour, "path_effects": rim}
    second = _second(row)
    axis.text(x, y if second is None else y - 0.15, f"{100 * accuracy:.0f}", fontsize=6.2, **style)
    if second is not None:
        axis.text(x, y + 0.25, f"{100 * second:.0f}", fontsize=4.8, **style)


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
