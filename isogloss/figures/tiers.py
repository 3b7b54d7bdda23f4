"""From tier to tier: mean transfer with its interval, a panel a model, knowledge set and setting."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, labelled, mark_unread, save, unread_line
from isogloss.languages import TIERS, Language

Panel = tuple[dict, pl.DataFrame, pl.DataFrame]
WIDTH = 0.26


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, tier means, cells) of each panel, and write the numbers drawn."""
    unread = [_unread(cells, languages) for _, _, cells in panels]
    columns = 3 if len(panels) > 1 else 1  # of the legend, which is wider than one panel
    size = (3.0 * len(panels) + 0.4, 2.9 if columns > 1 else 3.2)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, sharey=True, layout="constrained")
    for axis, (labels, means, cells), lost in zip(axes[0], panels, unread, strict=True):
        taught = [tier for tier in TIERS if tier in set(means["taught_tier"])]
        for row in means.iter_rows(named=True):
            x = taught.index(row["taught_tier"]) + WIDTH * (TIERS.index(row["asked_tier"]) - 1)
            axis.bar(x, 100 * row["accuracy"], WIDTH * 0.92, color=TIER_COLOURS[row["asked_tier"]])
            of_row = lost.filter(taught_tier=row["taught_tier"], asked_tier=row["asked_tier"])
            for found in of_row.iter_rows(named=True):
                mark_unread(axis, found, x, 100 * row["accuracy"])
            axis.plot([x, x], [100 * row["low"], 100 * row["high"]], color=INK, linewidth=0.9)
        axis.axhline(100 * cells["untaught"].mean(), color=FAINT, linewidth=0.9)
        axis.axhline(100 * cells["chance"].mean(), color=FAINT, linewidth=0.9, linestyle=":")
        axis.set_xticks(range(len(taught)), [f"{tier} tier" for tier in taught])
        axis.set_xlabel("taught in")
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(axis="x", length=0)
        axis.set_title(f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}", loc="left", fontsize=8)
    axes[0, 0].set_ylabel("correct answers in another language, %\n(line: untaught; dotted: guessing)")
    asked = [plt.Rectangle((0, 0), 1, 1, color=TIER_COLOURS[tier]) for tier in TIERS]
    names = [f"asked in the {tier} tier" for tier in TIERS]
    said = unread_line(unread, "crossed").strip() or None
    figure.legend(asked, names, title=said, title_fontsize=7, loc="outside lower center", ncols=columns, frameon=False)
    save(figure, pdf, png)
    pl.concat([labelled(labels, means) for labels, means, _ in panels]).write_csv(csv)


def _unread(cells: pl.DataFrame, languages: list[Language]) -> pl.DataFrame:
    """The mean share of answers that could not be read, by taught_tier and asked_tier, the language taught left out; no row where
    the table does not say."""
    if "unread" not in cells.columns:
        return pl.DataFrame(schema={"taught_tier": pl.String, "asked_tier": pl.String, "unread": pl.Float64})
    tiers = {language.iso639_3: language.tier for language in languages}
    others = cells.filter(pl.col("taught_in") != pl.col("asked_in"))
    tier = {f"{side}_tier": pl.col(f"{side}_in").replace_strict(tiers) for side in ("taught", "asked")}
    return others.group_by(**tier).agg(pl.col("unread").cast(pl.Float64).mean())
