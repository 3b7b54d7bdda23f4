"""Two languages contradict each other: what the answers follow, a bar a pair, and how that differs between pairs."""

import itertools

import numpy as np
import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, labelled, mark_unread, save, unread_line
from isogloss.languages import TIERS, Language
from isogloss.measures.conflict import ALL

Panel = tuple[dict, pl.DataFrame]


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, preference) of each panel, and write the numbers drawn."""
    tier = {language.iso639_3: language.tier for language in languages}
    pairs = panels[0][1].filter(asked_in=ALL).height
    heights = (0.22 * pairs + 0.6, 1.9)
    figure, axes = plt.subplots(
        2,
        len(panels),
        figsize=(3.6 * len(panels) + 0.6, sum(heights) + 0.8),
        height_ratios=heights,
        squeeze=False,
        sharex=True,
        sharey="row",
        layout="constrained",
    )
    for column, (labels, table) in enumerate(panels):
        _bars(axes[0, column], labels, table.filter(asked_in=ALL), tier)
        _rain(axes[1, column], table.filter(pl.col("asked_in") != ALL), tier)
    figure.supxlabel(
        "above: answers, %, like the first language (left), neither (grey), like the second (right); "
        "dot: the first's share of those that follow one, with its interval\n"
        "below: that share for each pair and language asked (dots), with quartiles, median, and 1.5 times their distance"
        + unread_line([table.filter(asked_in=ALL) for _, table in panels], "hatched"),
        fontsize=7,
    )
    save(figure, pdf, png)
    pl.concat([labelled(labels, table) for labels, table in panels]).write_csv(csv)


def _bars(axis, labels: dict, table: pl.DataFrame, tier: dict[str, str]) -> None:
    rows = sorted(table.iter_rows(named=True), key=lambda r: [TIERS.index(tier[r[side]]) for side in ("first", "second")])
    for y, row in enumerate(rows):
        one, other = 100 * row["follows_first"], 100 * row["follows_second"]
        axis.barh(y, one, color=TIER_COLOURS[tier[row["first"]]], height=0.75)
        axis.barh(y, row["neither"] * 100, left=one, color="#eeeeee", height=0.75)
        mark_unread(axis, row, one, y - 0.375, (100 * row["neither"], 0.75), FAINT)  # follow neither
        axis.barh(y, other, left=100 - other, color=TIER_COLOURS[tier[row["second"]]], height=0.75)
        if row["preference"] is not None:
            axis.plot([100 * row["low"], 100 * row["high"]], [y, y], color=INK, linewidth=0.9)
            axis.plot(100 * row["preference"], y, "o", color=INK, markersize=2.5)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    _dress(axis, [f"{row['first']} against {row['second']}" for row in rows])
    axis.set_title(f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}", loc="left", fontsize=8.5)


def _rain(axis, table: pl.DataFrame, tier: dict[str, str]) -> None:
    """The first language's share by the tiers of the pair: a box, and under it a dot for each pair and language asked."""
    combinations = list(itertools.combinations(TIERS, 2))
    rng = np.random.default_rng(0)  # only where a dot lies across its box
    for y, (higher, lower) in enumerate(combinations):
        chosen = pl.col("first").replace_strict(tier).eq(higher) & pl.col("second").replace_strict(tier).eq(lower)
        shares = 100 * table.filter(chosen)["preference"].drop_nulls().to_numpy()
        if not len(shares):
            continue
        style = {"color": INK, "linewidth": 0.9}
        axis.boxplot(
            shares,
            positions=[y - 0.18],
            orientation="horizontal",
            widths=0.28,
            showfliers=False,
            medianprops=style,
            boxprops=style,
            whiskerprops=style,
            capprops=style,
        )
        across = y + 0.2 + rng.uniform(-0.14, 0.14, len(shares))
        axis.scatter(shares, across, s=5, color=TIER_COLOURS[higher], alpha=0.5, linewidths=0)
    axis.set_ylim(len(combinations) - 0.5, -0.5)
    _dress(axis, [f"{higher} against {lower}" for higher, lower in combinations])


def _dress(axis, names: list[str]) -> None:
    axis.axvline(50, color=FAINT, linewidth=0.8, linestyle=":")
    axis.set_yticks(range(len(names)), names)
    axis.set_xlim(0, 100)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
