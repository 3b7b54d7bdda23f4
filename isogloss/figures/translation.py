"""How well a sandbox translates into English: a point a language, a panel a model and kind of text."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import TIER_COLOURS, by_tier, labelled, rows_by_language, save
from isogloss.languages import Language

Panel = tuple[dict, pl.DataFrame]


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, chrF by language and kind of text) of each panel, and write the numbers drawn."""
    translated = set(panels[0][1]["language"])
    ordered = [language for language in by_tier(languages) if language.iso639_3 in translated]
    kinds = panels[0][1]["kind"].unique(maintain_order=True).to_list()
    size = (1.7 * len(kinds) + 1.2, (0.19 * len(ordered) + 1.0) * len(panels))
    figure, axes = plt.subplots(len(panels), len(kinds), figsize=size, squeeze=False, sharey=True, layout="constrained")
    for line, (labels, table) in zip(axes, panels, strict=True):
        for axis, kind in zip(line, kinds, strict=True):
            rows = {row["language"]: row for row in table.filter(kind=kind).iter_rows(named=True)}
            for y, language in enumerate(ordered):
                row, colour = rows[language.iso639_3], TIER_COLOURS[language.tier]
                axis.plot([row["lowest"], row["highest"]], [y, y], color=colour, linewidth=1.2)
                axis.plot(row["chrf"], y, "o", color=colour, markersize=3.5)
            axis.set_title("all together" if kind == "all" else f"{kind}s", loc="left", fontsize=8)
        line[0].set_ylabel(labels["model"], fontsize=8.5)
        rows_by_language(list(line), ordered)
    figure.supxlabel("chrF of translations into English (lines: lowest and highest of the seeds)", fontsize=7.5)
    save(figure, pdf, png)
    pl.concat([labelled(labels, table) for labels, table in panels]).write_csv(csv)
