"""What interventions on neurons change: cells by how many of their languages are selected, doses, perplexity; random neurons
beside."""

import polars as pl
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, by_tier, labelled, save
from isogloss.languages import Language

Panel = tuple[dict, dict[str, pl.DataFrame]]
TABLES = ("cells", "doses", "contrasts", "controls", "perplexity")
GROUPS = {"both": "#D55E00", "mixed": "#CC79A7", "none": "#0072B2"}
NAMES = {"both": "both languages selected", "mixed": "one of them", "none": "neither"}
ROOM = 0.8  # of an intervention's row, shared by its boxes
SHOWN = pl.col("cells") == "off_diagonal"


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, tables) of each panel, and write the numbers drawn, which a column `part` tells apart.

    Tables, those in TABLES: cells, doses, contrasts and controls are `differences`, `doses`, `contrasts` and `beside_controls` of
    `isogloss.measures.interventions`, perplexity is `of_interventions` of `isogloss.measures.perplexity`. Interventions in cells
    have boxes; an operation of which doses has several strengths has a curve. The diagonal is not drawn.
    """
    drawn = [(labels, _drawn(tables)) for labels, tables in panels]
    heights = [_heights(tables, len(languages)) for _, tables in drawn]
    figure = plt.figure(figsize=(8.6, sum(map(sum, heights)) + 0.75), layout="constrained")
    parts = figure.subfigures(len(panels), 1, squeeze=False, height_ratios=[sum(each) for each in heights])[:, 0]
    for part, (labels, tables), (upper, lower) in zip(parts, drawn, heights, strict=True):
        part.suptitle(f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}", x=0.01, ha="left", fontsize=9)
        above, below = part.subfigures(2, 1, height_ratios=(upper, lower))
        axes = above.subplots(1, 2, width_ratios=(1.75, 1), sharey=True)
        _boxes(axes[0], tables["cells"], tables["doses"])
        _contrasts(axes[1], tables)
        _below(below, tables, by_tier(languages))
    _legend(figure)
    save(figure, pdf, png)
    pl.concat(
        [
            labelled(labels, table.rename({"model": "derived"}, strict=False).select(pl.lit(name).alias("part"), pl.all()))
            for labels, tables in drawn
            for name, table in tables.items()
            if len(table)
        ],
        how="diagonal_relaxed",
    ).write_csv(csv)


def _drawn(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The rows of the tables that are shown."""
    shown = {name: tables[name] for name in TABLES}
    shown["cells"] = shown["cells"].filter(pl.col("taught_in") != pl.col("asked_in"))
    return shown | {name: shown[name].filter(SHOWN) for name in ("doses", "contrasts", "controls")}


def _rows(cells: pl.DataFrame) -> list[tuple[str, float | None]]:
    """The interventions that have boxes."""
    return cells.select("intervention", "strength").unique(maintain_order=True).rows()


def _heights(tables: dict[str, pl.DataFrame], languages: int) -> tuple[float, float]:
    return 0.72 * len(_rows(tables["cells"])) + 0.85, max(0.13 * languages + 0.9, 2.0)


def _of(table: pl.DataFrame, row: tuple[str, float | None], **others) -> pl.DataFrame:
    if table.is_empty():  # one without rows has no types when read from a CSV
        return table
    intervention, strength = row
    return table.filter(pl.col("strength").eq_missing(strength), intervention=intervention, **others)


def _boxes(axis: plt.Axes, cells: pl.DataFrame, doses: pl.DataFrame) -> None:
    """A box of cells for each group of an intervention and of its controls (hollow), with the mean and its interval."""
    rows = _rows(cells)
    step = ROOM / (2 * len(GROUPS))
    axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    for y, row in enumerate(rows):
        for place, (group, colour) in enumerate(GROUPS.items()):
            for control in (False, True):
                values = 100 * _of(cells, row, group=group, control=control)["difference"].to_numpy()
                if not len(values):
                    continue
                at = y - ROOM / 2 + step * (2 * place + control + 0.5)
                line = {"color": colour, "linewidth": 0.8}
                face = {"facecolor": "white" if control else colour, "alpha": 1 if control else 0.55}
                axis.boxplot(
                    values, positions=[at], widths=0.8 * step, orientation="horizontal", patch_artist=True,
                    boxprops={"edgecolor": colour, "linewidth": 0.8} | face, whiskerprops=line, capprops=line,
                    medianprops={"color": INK, "linewidth": 0.9},
                    flierprops={"marker": ".", "markersize": 1.5, "markeredgecolor": colour},
                )  # fmt: skip
                for mean in _of(doses, row, group=group, control=control).iter_rows(named=True):
                    axis.plot([100 * mean["low"], 100 * mean["high"]], [at, at], color=INK, linewidth=1.6, zorder=4)
                    axis.plot(100 * mean["difference"], at, "D", color=INK, markersize=2.2, zorder=4)
    several = len({intervention for intervention, _ in rows}) < len(rows)
    names = [f"{name}\nstrength {strength:g}" if several and strength is not None else name for name, strength in rows]
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel("change in accuracy of a cell (other language asked than taught), points")
    _plain(axis)


def _contrasts(axis: plt.Axes, tables: dict[str, pl.DataFrame]) -> None:
    """Both minus none: of the neurons selected, of random ones, and how much more it is for those selected."""
    axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    rows = _rows(tables["cells"])
    for y, row in enumerate(rows):
        found = [_over_draws(_of(tables["contrasts"], row, control=control)) for control in (False, True)]
        found.append(_of(tables["controls"], row, statistic="contrast").rename({"difference": "contrast"}, strict=False))
        for place, (table, mark) in enumerate(zip(found, ("o", "o", "s"), strict=True)):
            at = y - ROOM / 2 + ROOM * (place + 0.5) / 3
            for each in table.filter(pl.col("contrast").is_not_null()).iter_rows(named=True) if len(table) else ():
                axis.plot([100 * each["low"], 100 * each["high"]], [at, at], color=INK, linewidth=1.1)
                face = "white" if place == 1 else INK
                axis.plot(100 * each["contrast"], at, mark, markeredgecolor=INK, markerfacecolor=face, markersize=4)
                chance = f"p {each['p_permutation']:.3f}" if each.get("p_permutation") is not None else "difference"
                axis.text(1.01, at, chance, transform=axis.get_yaxis_transform(), va="center", fontsize=6.3)
    axis.set_xlabel("both minus neither, points")
    _plain(axis)


def _over_draws(table: pl.DataFrame) -> pl.DataFrame:
    """The row over all models, or the only one."""
    return table.filter(pl.col("draw").is_null()) if len(table) > 1 else table


def _below(part, tables: dict[str, pl.DataFrame], languages: list[Language]) -> None:
    """A panel a dose curve, then one of perplexity for each intervention that has boxes."""
    doses = tables["doses"]
    strengths = doses.filter(pl.col("strength").is_not_null()).group_by("operation", maintain_order=True)
    curves = [operation for (operation,), own in strengths if own["strength"].n_unique() > 1]
    texts = [row for row in _rows(tables["cells"]) if len(_of(tables["perplexity"], row))]
    if not curves and not texts:
        return
    axes = part.subplots(1, len(curves) + len(texts), squeeze=False, width_ratios=[1.15] * len(curves) + [1] * len(texts))[0]
    for axis, operation in zip(axes, curves, strict=False):
        _curve(axis, doses.filter(operation=operation), operation)
    for place, (axis, row) in enumerate(zip(axes[len(curves) :], texts, strict=True)):
        _perplexity(axis, _of(tables["perplexity"], row), row[0], languages, named=place == 0)


def _curve(axis: plt.Axes, doses: pl.DataFrame, operation: str) -> None:
    axis.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    for group, colour in GROUPS.items():
        for control, style in ((False, "-"), (True, ":")):
            own = doses.filter(group=group, control=control).sort("strength")
            strength, *values = own.select("strength", "difference", "low", "high").to_numpy().T
            mean, low, high = (100 * each for each in values)
            axis.plot(strength, mean, style, color=colour, marker="o", markersize=2.5, linewidth=1.1)
            if not control:
                axis.fill_between(strength, low, high, color=colour, alpha=0.15, linewidth=0)
    axis.set_title(f"dose: {operation}", loc="left", fontsize=7.5)
    axis.set_xlabel("strength")
    axis.set_ylabel("mean change, points")
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(length=2)


def _perplexity(axis: plt.Axes, table: pl.DataFrame, name: str, languages: list[Language], named: bool) -> None:
    """A dot a draw: full where the language is selected, else hollow; random neurons as small crosses."""
    axis.axvline(1, color=FAINT, linewidth=0.8, zorder=0)
    codes = [language.iso639_3 for language in languages]
    for control, selected, style in (
        (True, None, {"marker": "x", "color": FAINT, "markersize": 2.5, "markeredgewidth": 0.6}),
        (False, False, {"marker": "o", "markeredgecolor": GROUPS["none"], "markerfacecolor": "white", "markersize": 3}),
        (False, True, {"marker": "o", "color": GROUPS["both"], "markersize": 3}),
    ):
        own = table.filter(control=control)
        own = own if selected is None else own.filter(selected=selected)
        axis.plot(own["ratio"], [codes.index(code) for code in own["language"]], linestyle="", **style)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_ylim(len(codes) - 0.5, -0.5)
    axis.set_yticks(range(len(codes)), [language.name for language in languages] if named else [], fontsize=6)
    for text, language in zip(axis.get_yticklabels(), languages, strict=False):
        text.set_color(TIER_COLOURS[language.tier])
    axis.set_title(name, loc="left", fontsize=7.5)
    axis.set_xlabel("perplexity ratio", fontsize=6.3)
    _plain(axis)


def _plain(axis: plt.Axes) -> None:
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.tick_params(axis="x", length=2)
    axis.grid(axis="x", color="#eeeeee", linewidth=0.6)
    axis.set_axisbelow(True)


def _legend(figure: plt.Figure) -> None:
    patches = [plt.Rectangle((0, 0), 1, 1, facecolor=colour, edgecolor=colour, alpha=0.55) for colour in GROUPS.values()]
    hollow = plt.Rectangle((0, 0), 1, 1, facecolor="white", edgecolor=INK, linewidth=0.8)
    mean = plt.Line2D([], [], color=INK, marker="D", markersize=2.5, linewidth=1.6)
    beyond = plt.Line2D([], [], color=INK, marker="s", markersize=4, linewidth=1.1)
    handles = [*patches, hollow, mean, beyond]
    texts = [*NAMES.values(), "random neurons, as many (hollow, dotted, x)", "mean, 95 %", "beyond random neurons, 95 %"]
    figure.legend(handles, texts, loc="outside lower center", ncols=6, frameon=False, columnspacing=1.2)
