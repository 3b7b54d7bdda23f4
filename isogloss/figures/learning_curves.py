"""Learning curves: accuracy after every epoch, a small panel a language."""

import polars as pl

from isogloss.figures.style import (
    FAINT,
    INK,
    by_tier,
    labelled,
    mark_unread,
    panels_by_language,
    save,
    small_multiples,
    unread_line,
)
from isogloss.languages import Language

Panel = tuple[dict, pl.DataFrame, pl.DataFrame]


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, curve, speed) of each panel, and write the numbers drawn (those of `curve`)."""
    figure, parts = small_multiples(len(panels), len(languages))
    for part, (labels, curve, speed) in zip(parts, panels, strict=True):
        _panel(part, labels, curve, speed, by_tier(languages))
    save(figure, pdf, png)
    pl.concat([labelled(labels, curve) for labels, curve, _ in panels]).write_csv(csv)


def _panel(figure, labels: dict, curve: pl.DataFrame, speed: pl.DataFrame, languages: list[Language]) -> None:
    half = dict(speed.select("language", "epochs_to_half").iter_rows())
    curves = {code: part for (code,), part in curve.group_by("language", maintain_order=True)}
    for axis, language, colour in panels_by_language(figure, languages):
        own = curves[language.iso639_3]
        for other in curves.values():
            axis.plot(other["epoch"], 100 * other["accuracy"], color=FAINT, linewidth=0.4, alpha=0.35)
        axis.fill_between(own["epoch"], 100 * own["low"], 100 * own["high"], color=colour, alpha=0.25, linewidth=0)
        axis.plot(own["epoch"], 100 * own["accuracy"], color=colour, linewidth=1.4)
        for row in own.iter_rows(named=True):
            mark_unread(axis, row, row["epoch"], 100 * row["accuracy"])
        axis.axhline(100 * own["chance"][0], color=INK, linewidth=0.6, linestyle=":")
        if half[language.iso639_3] is not None:
            axis.axvline(half[language.iso639_3], color=colour, linewidth=0.6, linestyle="--")
        axis.set_xlim(0, own["epoch"].max())
    figure.supxlabel("epoch (0: untaught)", fontsize=7.5)
    figure.supylabel("correct answers, %", fontsize=7.5)
    figure.suptitle(
        f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}, asked in the language taught\n"
        "dotted: guessing within the class of the answer; dashed: epochs to half of the best" + unread_line([curve], "crossed"),
        fontsize=8.5,
    )
