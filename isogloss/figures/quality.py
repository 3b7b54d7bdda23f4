"""How well a knowledge set survives translation into each language and back."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import TIER_COLOURS, by_tier, labelled, rows_by_language, save
from isogloss.languages import Language


def draw(table: pl.DataFrame, languages: list[Language], made: dict, pdf: str, png: str, csv: str) -> None:
    """Draw the summary of `isogloss.knowledge.quality.quality`, and write the numbers drawn.

    `made` has knowledge, source (who or what the texts are from), forward (the translator of the languages that the source lacks;
    null where it lacks none) and back. A panel of consistency is drawn where texts were judged.
    """
    ordered = [language for language in by_tier(languages) if language.iso639_3 in table["language"]]
    rows = {row["language"]: row for row in table.iter_rows(named=True)}
    lowest = min(0.0, table["similarity_low"].min())
    panels = {
        "similarity": ("cosine similarity of sentence embeddings", (lowest - 0.02, 1.02)),
        "chrf": ("chrF", (-2, 102)),
    }
    if table["consistency"].count():
        panels["consistency"] = ("judged to mean the same (share)", (-0.02, 1.02))
    size = (2.4 * len(panels) + 1.2, 0.19 * len(ordered) + 1.5)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, sharey=True, layout="constrained")
    rows_by_language(list(axes[0]), ordered)
    for axis, (name, (label, limits)) in zip(axes[0], panels.items(), strict=True):
        for y, language in enumerate(ordered):
            row, colour = rows[language.iso639_3], TIER_COLOURS[language.tier]
            if f"{name}_low" in row:
                axis.plot([row[f"{name}_low"], row[f"{name}_high"]], [y, y], color=colour, linewidth=1.2)
            axis.plot(row[name], y, "o", color=colour, markersize=3.5)
        axis.set_xlim(limits)
        axis.set_xlabel(label)
    figure.suptitle(_title(made), x=0.01, ha="left", fontsize=8.5)
    figure.supxlabel("means of items (lines: 95 % intervals)", fontsize=7.5)
    save(figure, pdf, png)
    labelled(made, table).write_csv(csv)


def _title(made: dict) -> str:
    forward, back = made["forward"], made["back"]
    steps = [f"from {made['source']}", *([f"translated by {forward}"] if forward else []), f"translated back by {back}"]
    translators = dict.fromkeys(name for name in (forward, back) if name)
    return f"{made['knowledge']}: {', '.join(steps)}\na property of {' and '.join(translators)}, not of the texts alone"
