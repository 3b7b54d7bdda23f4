"""Performance and consistency by language and model, as CLiKA shows them: blocks of a few models, a panel a measure."""

import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, save

MEASURES = {
    "basic_ra": "basic knowledge, rescaled accuracy, %",
    "factual_ra": "factual knowledge, rescaled accuracy, %",
    "en_co": "consistency with English, %",
}
# Okabe and Ito's colours without yellow, which is faint on white; a marker each, for print without colour
MODELS = [("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#56B4E9", "v")]
ROOM = 0.72  # of a language's row, shared by the models of a block


def draw(scores: pl.DataFrame, names: dict[str, str], pdf: str, png: str, csv: str) -> None:
    """Draw the table of `isogloss.measures.clika.scores`, and write it as drawn.

    `names` are those of the languages, by their codes in the table; a code without a name is shown itself.
    """
    models, languages = (scores[key].unique(maintain_order=True).to_list() for key in ("model", "language"))
    size = min(len(MODELS), len(models))
    blocks = [models[i : i + size] for i in range(0, len(models), size)]
    height = (0.085 * size + 0.16) * len(languages) + 0.85
    figure = plt.figure(figsize=(8.4, height * len(blocks)), layout="constrained")
    for part, block in zip(figure.subfigures(len(blocks), 1, squeeze=False)[:, 0], blocks, strict=True):
        axes = part.subplots(1, len(MEASURES), sharey=True)
        for axis, (measure, label) in zip(axes, MEASURES.items(), strict=True):
            _panel(axis, scores, measure, block, languages)
            axis.set_xlabel(label)
        axes[0].set_yticks(range(len(languages)), [names.get(code, code) for code in languages])
        handles = [
            plt.Line2D([], [], color=colour, marker=marker, linewidth=1.2, markersize=4)
            for colour, marker in MODELS[: len(block)]
        ]
        part.legend(handles, block, loc="outside upper center", ncols=size, frameon=False)
    note = "rescaled: 0 is guessing, 100 the reference in English; lines: 95 % intervals, items resampled"
    if absent := (scores["missing"] != "").sum():
        note += f"\nnot complete: {absent} of {len(scores)} rows, see the table"
    figure.supxlabel(note, fontsize=7.5)
    save(figure, pdf, png)
    scores.write_csv(csv)


def _panel(axis: plt.Axes, scores: pl.DataFrame, measure: str, models: list[str], languages: list[str]) -> None:
    """One measure of some models, a row a language; no point where there is no number. The axis is that of all models."""
    low, high = (scores[f"{measure}_{end}"] for end in ("low", "high"))
    lowest = (low.min() or 0) if measure == "en_co" else 0  # consistency is near 1 for most
    axis.set_xlim(100 * lowest - 2, 100 * max(1, high.max() or 0) + 2)
    axis.axvline(100, color=FAINT, linewidth=0.6)
    for y in range(1, len(languages)):
        axis.axhline(y - 0.5, color="#eeeeee", linewidth=0.6)
    for i, model in enumerate(models):
        colour, marker = MODELS[i]
        for row in scores.filter(pl.col(measure).is_not_null(), model=model).iter_rows(named=True):
            y = languages.index(row["language"]) + ROOM * ((i + 0.5) / len(models) - 0.5)
            ends = [100 * row[f"{measure}_low"], 100 * row[f"{measure}_high"]]
            axis.plot(ends, [y, y], color=colour, linewidth=1.2, solid_capstyle="butt")
            axis.plot(100 * row[measure], y, marker, color=colour, markersize=3.5)
    axis.set_ylim(len(languages) - 0.5, -0.5)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
