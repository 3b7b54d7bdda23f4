"""Two languages contradict each other: a bar a pair, what the answers follow."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, labelled, save
from isogloss.languages import TIERS, Language
from isogloss.measures.conflict import ALL

Panel = tuple[dict, pl.DataFrame]


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, preference) of each panel, and write the numbers drawn."""
    tier = {language.iso639_3: language.tier for language in languages}
    pairs = panels[0][1].filter(asked_in=ALL).height
    size = (3.6 * len(panels) + 0.6, 0.22 * pairs + 1.3)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, sharey=True, layout="constrained")
    for axis, (labels, table) in zip(axes[0], panels, strict=True):
        _panel(axis, labels, table.filter(asked_in=ALL), tier)
    figure.supxlabel(
        "answers, %: like the first language (left), neither (grey), like the second (right); "
        "dot: the first's share of those that follow one, with its interval",
        fontsize=7,
    )
    save(figure, pdf, png)
    pl.concat([labelled(labels, table.filter(asked_in=ALL)) for labels, table in panels]).write_csv(csv)


def _panel(axis, labels: dict, table: pl.DataFrame, tier: dict[str, str]) -> None:
    rows = sorted(table.iter_rows(named=True), key=lambda r: [TIERS.index(tier[r[side]]) for side in ("first", "second")])
    for y, row in enumerate(rows):
        one, other = 100 * row["follows_first"], 100 * row["follows_second"]
        axis.barh(y, one, color=TIER_COLOURS[tier[row["first"]]], height=0.75)
        axis.barh(y, row["neither"] * 100, left=one, color="#eeeeee", height=0.75)
        axis.barh(y, other, left=100 - other, color=TIER_COLOURS[tier[row["second"]]], height=0.75)
        if row["preference"] is not None:
            axis.plot([100 * row["low"], 100 * row["high"]], [y, y], color=INK, linewidth=0.9)
            axis.plot(100 * row["preference"], y, "o", color=INK, markersize=2.5)
    axis.axvline(50, color=FAINT, linewidth=0.8, linestyle=":")
    axis.set_yticks(range(len(rows)), [f"{row['first']} against {row['second']}" for row in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(0, 100)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    axis.set_title(f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}", loc="left", fontsize=8.5)
