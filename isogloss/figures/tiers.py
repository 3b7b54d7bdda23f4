"""From tier to tier: mean transfer with its interval, a panel a model, knowledge set and setting."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, labelled, save
from isogloss.languages import TIERS

Panel = tuple[dict, pl.DataFrame, pl.DataFrame]
WIDTH = 0.26


def draw(panels: list[Panel], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, tier means, cells) of each panel, and write the numbers drawn."""
    size = (3.0 * len(panels) + 0.4, 2.9)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, sharey=True, layout="constrained")
    for axis, (labels, means, cells) in zip(axes[0], panels, strict=True):
        taught = [tier for tier in TIERS if tier in set(means["taught_tier"])]
        for row in means.iter_rows(named=True):
            x = taught.index(row["taught_tier"]) + WIDTH * (TIERS.index(row["asked_tier"]) - 1)
            axis.bar(x, 100 * row["accuracy"], WIDTH * 0.92, color=TIER_COLOURS[row["asked_tier"]])
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
    figure.legend(asked, [f"asked in the {tier} tier" for tier in TIERS], loc="outside lower center", ncols=3, frameon=False)
    save(figure, pdf, png)
    pl.concat([labelled(labels, means) for labels, means, _ in panels]).write_csv(csv)
