"""What the untaught model knows: a point a language, a panel a model and knowledge set."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, TIER_COLOURS, by_tier, labelled, mark_unread, rows_by_language, save, unread_line
from isogloss.languages import Language

Panel = tuple[dict, pl.DataFrame]


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, accuracy by language) of each panel, and write the numbers drawn."""
    ordered = by_tier(languages)
    size = (2.6 * len(panels) + 1.2, 0.19 * len(ordered) + 1.1)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, sharey=True, layout="constrained")
    for axis, (labels, table) in zip(axes[0], panels, strict=True):
        rows = {row["language"]: row for row in table.iter_rows(named=True)}
        for y, language in enumerate(ordered):
            row, colour = rows[language.iso639_3], TIER_COLOURS[language.tier]
            axis.plot([100 * row["low"], 100 * row["high"]], [y, y], color=colour, linewidth=1.2)
            axis.plot(100 * row["accuracy"], y, "o", color=colour, markersize=3.5)
            mark_unread(axis, row, 100 * row["accuracy"], y)
        axis.axvline(100 * table["chance"].mean(), color=FAINT, linewidth=0.8, linestyle=":")
        axis.set_xlabel("correct answers of the untaught model, %\n(dotted: guessing within the class)")
        axis.set_title(f"{labels['model']}: {labels['knowledge']} knowledge", loc="left", fontsize=8.5)
    rows_by_language(list(axes[0]), ordered)
    if line := unread_line((table for _, table in panels), "crossed"):
        figure.supxlabel(line.strip(), fontsize=7)
    save(figure, pdf, png)
    pl.concat([labelled(labels, table) for labels, table in panels]).write_csv(csv)
