"""Conductivity: how much of what was taught in English alone is known in each language, and what had to be learned first."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, TIER_COLOURS, by_tier, labelled, mark_unread, rows_by_language, save, unread_legend
from isogloss.languages import Language
from isogloss.measures.conductivity import GATE

Panel = tuple[dict, pl.DataFrame]
PARTS = {"english_taught": "<", "english_held_out": ">", "translated": "D", "taught": "s"}
LEGEND = {
    "english_taught": "in English, the half taught in both",
    "english_held_out": "in English, the half taught in English alone",
    "translated": "names",
    "taught": "in the language, the half taught in both",
}


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, XRR by language) of each panel, and write the numbers drawn: the XRR, and beside it the gate."""
    taught = {code for _, table in panels for code in table["language"]}
    ordered = [language for language in by_tier(languages) if language.iso639_3 in taught]
    size = (5.2 * len(panels) + 1.2, 0.22 * len(ordered) + 1.9)
    figure, axes = plt.subplots(1, 2 * len(panels), figsize=size, squeeze=False, sharey=True, layout="constrained")
    for (labels, table), left, right in zip(panels, axes[0, ::2], axes[0, 1::2], strict=True):
        rows = {row["language"]: row for row in table.iter_rows(named=True)}
        for y, language in enumerate(ordered):
            _row(left, right, rows[language.iso639_3], y, TIER_COLOURS[language.tier])
        right.axvline(100 * GATE, color=FAINT, linewidth=0.8, linestyle=":")
        left.set_xlabel("retrieved of what was taught in English alone (XRR), %\nhollow: too little was learned for it to count")
        right.set_xlabel("learned of what was taught, %\n(dotted: what each must be above)")
        left.set_title(f"{labels['model']}: {labels['knowledge']} knowledge", loc="left", fontsize=8.5)
    rows_by_language(list(axes[0]), ordered)
    handles = [plt.Line2D([], [], color=FAINT, marker=PARTS[part], linestyle="", markersize=4) for part in LEGEND]
    legend = dict(zip(LEGEND.values(), handles, strict=True)) | unread_legend(table for _, table in panels)
    figure.legend(legend.values(), legend.keys(), loc="outside lower center", ncols=2, frameon=False)
    save(figure, pdf, png)
    pl.concat([labelled(labels, table) for labels, table in panels]).write_csv(csv)


def _row(left: plt.Axes, right: plt.Axes, row: dict, y: int, colour: str) -> None:
    if row["xrr"] is not None:
        left.plot([100 * row["low"], 100 * row["high"]], [y, y], color=colour, linewidth=1.2, zorder=2)
        face = colour if row["passed"] else "white"
        left.plot(100 * row["xrr"], y, "o", markerfacecolor=face, markeredgecolor=colour, markersize=4.5, zorder=3)
        mark_unread(left, row, 100 * row["xrr"], y)
    for part, marker in PARTS.items():
        if row[part] is not None:
            right.plot(100 * row[part], y, marker, color=colour, markersize=4, alpha=0.75, markeredgewidth=0, clip_on=False)
