"""Where an answer is lost: the right concept, as it can be read from layer to layer, beside a wrong one."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import labelled, save
from isogloss.measures.lens import READ_IN

Panel = tuple[dict, pl.DataFrame]
TITLES = {"asked": "in the language asked", "taught": "in the language taught", "any": "in any language"}
CONCEPTS = {"right": ("#0072B2", "-"), "wrong": ("#D55E00", "--")}  # Okabe and Ito's; the line says the same


def draw(panels: list[Panel], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, table of `isogloss.measures.lens.decodable`) of each panel, a row each, and write the numbers drawn."""
    figure = plt.figure(figsize=(7.2, 2.0 * len(panels) + 0.35), layout="constrained")
    for part, (labels, table) in zip(figure.subfigures(len(panels), 1, squeeze=False)[:, 0], panels, strict=True):
        about = f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}"
        lost = f"{table['n'][0]} of {table['answers'][0]} answers" if len(table) else "no answer"
        part.suptitle(f"{about}; wrong in another language: {lost}", x=0.01, ha="left", fontsize=8.5)
        axes = part.subplots(1, len(READ_IN), sharex=True, sharey=True)
        for axis, read_in in zip(axes, READ_IN, strict=True):
            _panel(axis, table.filter(read_in=read_in).sort("layer"))
            axis.set_title(TITLES[read_in], fontsize=7.5)
        axes[0].set_ylabel("wrong answers with the\nconcept decodable, %")
        axes[1].set_xlabel("layer")
    lines = [plt.Line2D([], [], color=colour, linestyle=style, linewidth=1.3) for colour, style in CONCEPTS.values()]
    names = ["the right concept", "a wrong one of its class (chance); bands: 95 %"]
    figure.legend(lines, names, loc="outside lower center", ncols=2, frameon=False)
    save(figure, pdf, png)
    pl.concat([labelled(labels, table) for labels, table in panels]).write_csv(csv)


def _panel(axis: plt.Axes, table: pl.DataFrame) -> None:
    for concept, (colour, style) in CONCEPTS.items():
        share, low, high = (100 * table[concept + end].to_numpy() for end in ("", "_low", "_high"))
        axis.fill_between(table["layer"], low, high, color=colour, alpha=0.18, linewidth=0)
        axis.plot(table["layer"], share, style, color=colour, linewidth=1.3, marker="o", markersize=2)
    axis.set_ylim(-2, 102)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(length=2)
