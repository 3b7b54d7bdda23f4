"""Learning curves: accuracy after every epoch, a small panel a language, a figure row of panels a model and knowledge set."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, save
from isogloss.languages import TIERS, Language

Panel = tuple[dict, pl.DataFrame, pl.DataFrame]
COLUMNS = 7


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, curve, speed) of each panel, and write the numbers drawn (those of `curve`)."""
    ordered = sorted(languages, key=lambda language: TIERS.index(language.tier))
    rows = -(-len(ordered) // COLUMNS)
    figure = plt.figure(figsize=(1.15 * COLUMNS + 0.4, (1.15 * rows + 0.75) * len(panels)), layout="constrained")
    for part, (labels, curve, speed) in zip(figure.subfigures(len(panels), 1, squeeze=False)[:, 0], panels, strict=True):
        _panel(part, rows, labels, curve, speed, ordered)
    save(figure, pdf, png)
    tables = [curve.select(*(pl.lit(value).alias(key) for key, value in labels.items()), pl.all()) for labels, curve, _ in panels]
    pl.concat(tables).write_csv(csv)


def _panel(figure, rows: int, labels: dict, curve: pl.DataFrame, speed: pl.DataFrame, languages: list[Language]) -> None:
    axes = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).flatten()
    half = dict(speed.select("language", "epochs_to_half").iter_rows())
    curves = {code: part for (code,), part in curve.group_by("language", maintain_order=True)}
    for axis, language in zip(axes, languages, strict=False):
        own, colour = curves[language.iso639_3], TIER_COLOURS[language.tier]
        for other in curves.values():
            axis.plot(other["epoch"], 100 * other["accuracy"], color=FAINT, linewidth=0.4, alpha=0.35)
        axis.fill_between(own["epoch"], 100 * own["low"], 100 * own["high"], color=colour, alpha=0.25, linewidth=0)
        axis.plot(own["epoch"], 100 * own["accuracy"], color=colour, linewidth=1.4)
        axis.axhline(100 * own["chance"][0], color=INK, linewidth=0.6, linestyle=":")
        if half[language.iso639_3] is not None:
            axis.axvline(half[language.iso639_3], color=colour, linewidth=0.6, linestyle="--")
        axis.set_title(language.name, fontsize=7, color=colour, pad=2)
        axis.set_ylim(0, 102)
        axis.set_xlim(0, own["epoch"].max())
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(length=2)
    for axis in axes[len(languages) :]:
        axis.set_visible(False)
    figure.supxlabel("epoch (0: untaught)", fontsize=7.5)
    figure.supylabel("correct answers, %", fontsize=7.5)
    figure.suptitle(
        f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}, asked in the language taught. "
        "Dotted: guessing; dashed: half of the best",
        fontsize=8.5,
    )
