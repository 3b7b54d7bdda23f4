"""Wrong answers taught: what is still right, epoch by epoch and in a context, a small panel a language."""

import polars as pl

from isogloss.figures.style import (
    FAINT,
    by_tier,
    labelled,
    mark_unread,
    panels_by_language,
    save,
    small_multiples,
    unread_line,
)
from isogloss.languages import Language

Panel = tuple[dict, pl.DataFrame]


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, resistance) of each panel, and write the numbers drawn. Settings of a model and knowledge set share axes."""
    groups: dict[tuple, dict[str, pl.DataFrame]] = {}
    for labels, table in panels:
        groups.setdefault((labels["model"], labels["knowledge"]), {})[labels["setting"]] = table
    figure, parts = small_multiples(len(groups), len(languages))
    for part, (names, tables) in zip(parts, groups.items(), strict=True):
        _group(part, names, tables, by_tier(languages))
    save(figure, pdf, png)
    pl.concat([labelled(labels, table) for labels, table in panels]).write_csv(csv)


def _group(figure, names: tuple, tables: dict[str, pl.DataFrame], languages: list[Language]) -> None:
    for axis, language, colour in panels_by_language(figure, languages):
        if (table := tables.get("fine-tuning")) is not None:
            own = table.filter(language=language.iso639_3)
            axis.fill_between(own["epoch"], 100 * own["low"], 100 * own["high"], color=colour, alpha=0.25, linewidth=0)
            axis.plot(own["epoch"], 100 * own["accuracy"], color=colour, linewidth=1.4)
            axis.plot(own["epoch"], 100 * own["followed"], color=FAINT, linewidth=1, linestyle="--")
            for row in own.iter_rows(named=True):
                mark_unread(axis, row, row["epoch"], 100 * row["accuracy"])
            axis.set_xticks(own["epoch"])
            axis.set_xlim(-0.15, own["epoch"].max() + 0.15)
        if (table := tables.get("in-context")) is not None:
            own = table.filter(language=language.iso639_3, epoch=0)
            for column, marker in (("accuracy", colour), ("followed", FAINT)):
                axis.plot(0, 100 * own[column][0], "D", color=marker, markersize=4, clip_on=False)
            mark_unread(axis, own.row(0, named=True), 0, 100 * own["accuracy"][0])
    figure.supxlabel("epoch of wrong answers (0: none)", fontsize=7.5)
    figure.supylabel("answers, %", fontsize=7.5)
    figure.suptitle(
        f"{names[0]}: {names[1]} knowledge, wrong answers taught\n"
        "coloured: still right; grey: the wrong answer; lines: fine-tuning; diamonds: in the prompt"
        + unread_line(tables.values(), "crossed"),
        fontsize=8.5,
    )
