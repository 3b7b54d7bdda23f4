"""What all figures share."""

from collections.abc import Iterable, Iterator

import matplotlib
import polars as pl

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from isogloss.languages import TIERS, Language
from isogloss.measures.reading import UNREAD

# Okabe and Ito's colours, told apart with every kind of colour vision.
TIER_COLOURS = {"high": "#0072B2", "medium": "#009E73", "low": "#D55E00"}
INK, FAINT = "#222222", "#8a8a8a"

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 7,
        "text.color": INK,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "pdf.fonttype": 42,  # TrueType, so that text stays text
        "svg.fonttype": "none",
        "figure.facecolor": "white",
        "hatch.linewidth": 0.6,
    }
)


def save(figure, pdf: str, png: str) -> None:
    """Save as vector and as pixels, without the time of day, so that the same data make the same file."""
    figure.savefig(pdf, metadata={"CreationDate": None, "Creator": "isogloss"})
    figure.savefig(png, dpi=200, metadata={"Software": "isogloss"})
    plt.close(figure)


def by_tier(languages: list[Language]) -> list[Language]:
    """The languages in the order of figures: the highest tier first, within a tier as in the config."""
    return sorted(languages, key=lambda language: TIERS.index(language.tier))


def labelled(labels: dict, table: pl.DataFrame) -> pl.DataFrame:
    """A table with what a panel shows in front of its own columns."""
    # a column without a number, read from a CSV, is taken for text
    empty = [column for column in table.columns if table[column].null_count() == len(table)]
    return table.with_columns(pl.col(empty).cast(pl.Float64)).select(
        *(pl.lit(value).alias(key) for key, value in labels.items()), pl.all()
    )


UNREAD_SAID = "more than a tenth of the answers could not be read"
CROSS = {"marker": "x", "color": INK, "markersize": 5.5, "markeredgewidth": 0.9}


def is_unread(row: dict) -> bool:
    """Whether more than `UNREAD` of the answers behind a row of a table could not be read; not where the table does not say."""
    return (row.get("unread") or 0) > UNREAD


def any_unread(tables: Iterable[pl.DataFrame]) -> bool:
    """Whether a row of one of these tables is marked."""
    return any(is_unread(row) for table in tables for row in table.iter_rows(named=True))


def unread_line(tables: Iterable[pl.DataFrame], mark: str) -> str:
    """The line that explains a mark (`hatched`, `crossed`) where a row of a table bears it, with a line break before it."""
    return f"\n{mark}: {UNREAD_SAID}" if any_unread(tables) else ""


def unread_legend(tables: Iterable[pl.DataFrame]) -> dict[str, plt.Line2D]:
    """The same of crosses for a legend: text and handle; nothing where there are none."""
    return {UNREAD_SAID: plt.Line2D([], [], linestyle="", **CROSS)} if any_unread(tables) else {}


def mark_unread(axis, row: dict, x: float, y: float, bar: tuple[float, float] | None = None, colour: str = "white") -> None:
    """Mark what is drawn of a row whose answers could not be read: a cross over a point at x, y, or, with the width and height of
    a `bar` whose lower left corner is at x, y, hatching in a colour. Other rows get no mark."""
    if not is_unread(row):
        return
    if bar is None:
        axis.plot(x, y, zorder=4, clip_on=False, **CROSS)
    else:
        axis.add_patch(Rectangle((x, y), *bar, facecolor="none", edgecolor=colour, hatch="//////", linewidth=0))


def rows_by_language(axes: list, languages: list[Language]) -> None:
    """A row a language in panels in percent that share them, named in the first."""
    for axis in axes:
        axis.set_xlim(-2, 102)
        axis.set_ylim(len(languages) - 0.5, -0.5)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="x", color="#eeeeee", linewidth=0.6)
        axis.set_axisbelow(True)
    axes[0].set_yticks(range(len(languages)), [language.name for language in languages])
    for label, language in zip(axes[0].get_yticklabels(), languages, strict=True):
        label.set_color(TIER_COLOURS[language.tier])


COLUMNS = 7  # of small multiples


def small_multiples(groups: int, languages: int) -> tuple[plt.Figure, list]:
    """A figure with a part for each of `groups`, each with room for a small panel a language."""
    rows = -(-languages // COLUMNS)
    figure = plt.figure(figsize=(1.15 * COLUMNS + 0.4, (1.15 * rows + 0.75) * groups), layout="constrained")
    return figure, list(figure.subfigures(groups, 1, squeeze=False)[:, 0])


def panels_by_language(figure, languages: list[Language]) -> Iterator[tuple]:
    """A panel in percent for each language of a part of a figure, named, with the colour of its tier."""
    axes = figure.subplots(-(-len(languages) // COLUMNS), COLUMNS, sharex=True, sharey=True, squeeze=False).flatten()
    for axis, language in zip(axes, languages, strict=False):
        yield axis, language, TIER_COLOURS[language.tier]
        axis.set_title(language.name, fontsize=7, color=TIER_COLOURS[language.tier], pad=2)
        axis.set_ylim(0, 102)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(length=2)
    for axis in axes[len(languages) :]:
        axis.set_visible(False)
