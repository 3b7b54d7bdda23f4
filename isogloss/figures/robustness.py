"""Wrong answers taught: what is still right, epoch by epoch and in a context, a small panel a language."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, TIER_COLOURS, save
from isogloss.languages import TIERS, Language

Panel = tuple[dict, pl.DataFrame]
COLUMNS = 7


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, resistance) of each panel, and write the numbers drawn. Settings of a model and knowledge set share axes."""
    ordered = sorted(languages, key=lambda language: TIERS.index(language.tier))
    rows = -(-len(ordered) // COLUMNS)
    groups: dict[tuple, dict[str, pl.DataFrame]] = {}
    for labels, table in panels:
        groups.setdefault((labels["model"], labels["knowledge"]), {})[labels["setting"]] = table
    figure = plt.figure(figsize=(1.15 * COLUMNS + 0.4, (1.15 * rows + 0.75) * len(groups)), layout="constrained")
    for part, (names, tables) in zip(figure.subfigures(len(groups), 1, squeeze=False)[:, 0], groups.items(), strict=True):
        _group(part, rows, names, tables, ordered)
    save(figure, pdf, png)
    drawn = [table.select(*(pl.lit(value).alias(key) for key, value in labels.items()), pl.all()) for labels, table in panels]
    pl.concat(drawn).write_csv(csv)


def _group(figure, rows: int, names: tuple, tables: dict[str, pl.DataFrame], languages: list[Language]) -> None:
    axes = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).flatten()
    for axis, language in zip(axes, languages, strict=False):
        colour = TIER_COLOURS[language.tier]
        if (table := tables.get("fine-tuning")) is not None:
            own = table.filter(language=language.iso639_3)
            axis.fill_between(own["epoch"], 100 * own["low"], 100 * own["high"], color=colour, alpha=0.25, linewidth=0)
            axis.plot(own["epoch"], 100 * own["accuracy"], color=colour, linewidth=1.4)
            axis.plot(own["epoch"], 100 * own["followed"], color=FAINT, linewidth=1, linestyle="--")
            axis.set_xticks(own["epoch"])
            axis.set_xlim(-0.15, own["epoch"].max() + 0.15)
        if (table := tables.get("in-context")) is not None:
            own = table.filter(language=language.iso639_3, epoch=0)
            for column, marker in (("accuracy", colour), ("followed", FAINT)):
                axis.plot(0, 100 * own[column][0], "D", color=marker, markersize=4, clip_on=False)
        axis.set_title(language.name, fontsize=7, color=colour, pad=2)
        axis.set_ylim(0, 102)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(length=2)
    for axis in axes[len(languages) :]:
        axis.set_visible(False)
    figure.supxlabel("epoch of wrong answers (0: none)", fontsize=7.5)
    figure.supylabel("answers, %", fontsize=7.5)
    figure.suptitle(
        f"{names[0]}: {names[1]} knowledge, wrong answers taught\n"
        "coloured: still right; grey: the wrong answer; lines: fine-tuning; diamonds: in the prompt",
        fontsize=8.5,
    )
