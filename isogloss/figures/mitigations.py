"""What each mitigation is worth against doing nothing: a row each, a panel a measure, every difference with its interval."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, labelled, mark_unread, save, unread_line

Panel = tuple[dict, pl.DataFrame]
# measure: title, factor of a number, unit, whether more is better
MEASURES = {
    "mean_transfer": ("mean accuracy,\nother languages", 100, "points", True),
    "mean_all": ("mean accuracy,\nall cells", 100, "points", True),
    "low_tier": ("low-tier\nlanguages", 100, "points", True),
    "worst": ("worst\nlanguage", 100, "points", True),
    "english": ("English", 100, "points", True),
    "gini": ("inequality\n(Gini)", 1, "index", False),
    "perplexity": ("perplexity of\nother text", 100, "% more", False),
}
BETTER, WORSE = "#0072B2", "#D55E00"  # Okabe and Ito's; the side of the zero line says the same


def draw(panels: list[Panel], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, table of `isogloss.measures.mitigations.mitigations`) of each panel, and write the numbers drawn;
    labels are model and knowledge.

    A setting has its own block of rows. A difference is coloured if its interval leaves out 0. Measures that no table has are not
    drawn.
    """
    shown = [name for name in MEASURES if any(name in table["measure"] for _, table in panels)]
    keys = [
        table.select("setting", "mitigation").unique(maintain_order=True).sort("setting", maintain_order=True)
        for _, table in panels
    ]
    heights = [0.2 * len(rows) + 0.75 for rows in keys]
    figure = plt.figure(figsize=(1.15 * len(shown) + 1.7, sum(heights) + 0.55), layout="constrained")
    parts = figure.subfigures(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, (labels, table), rows in zip(parts, panels, keys, strict=True):
        part.suptitle(f"{labels['model']}: {labels['knowledge']} knowledge", x=0.01, ha="left", fontsize=9)
        axes = part.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axis, measure in zip(axes, shown, strict=True):
            _panel(axis, table.filter(measure=measure), measure, rows.rows())
        settings = rows["setting"].n_unique()
        names = [name if settings == 1 else f"{name} ({setting})" for setting, name in rows.iter_rows()]
        axes[0].set_yticks(range(len(rows)), names)
    figure.supxlabel(
        "change against doing nothing, 95 % intervals, the same items on both sides; blue: better, red: worse, grey: 0 is in it\n"
        "numbers above: without it, one a setting in the order of rows" + unread_line([table for _, table in panels], "crossed"),
        fontsize=7,
    )
    save(figure, pdf, png)
    pl.concat([labelled(labels, table) for labels, table in panels]).write_csv(csv)


def _panel(axis: plt.Axes, table: pl.DataFrame, measure: str, rows: list[tuple[str, str]]) -> None:
    title, factor, unit, more_is_better = MEASURES[measure]
    axis.axvline(0, color=INK, linewidth=0.8, zorder=0)
    for row in table.filter(pl.col("difference").is_not_null()).iter_rows(named=True):
        y = rows.index((row["setting"], row["mitigation"]))
        colour = FAINT
        if row["low"] > 0 or row["high"] < 0:
            colour = BETTER if (row["difference"] > 0) == more_is_better else WORSE
        axis.plot([factor * row["low"], factor * row["high"]], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
        axis.plot(factor * row["difference"], y, "o", color=colour, markersize=3.5)
        mark_unread(axis, row, factor * row["difference"], y)
    if measure != "perplexity":  # whose base is 1
        before = table.unique("setting", maintain_order=True).sort("setting")["base"].drop_nulls()
        title += "\n" + " / ".join(f"{factor * value:.0f} %" if factor == 100 else f"{value:.2f}" for value in before)
    axis.set_title(title, fontsize=7)
    axis.set_xlabel(unit)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    for y in range(1, len(rows)):
        if rows[y][0] != rows[y - 1][0]:
            axis.axhline(y - 0.5, color=FAINT, linewidth=0.6)
    axis.margins(x=0.12)
    axis.grid(axis="x", color="#eeeeee", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.tick_params(axis="x", length=2)
