"""What explains a transfer matrix: how well factors predict it under a lenient and a strict split, and what each is worth."""

import numpy as np
import polars as pl
from matplotlib import pyplot as plt

from isogloss.figures.style import FAINT, INK, TIER_COLOURS, labelled, save
from isogloss.languages import TIERS, Language

Panel = tuple[dict, dict[str, pl.DataFrame]]
TABLES = ("regression", "predicted", "coefficients", "shap")
PROTOCOLS = {
    "paper": "paper A: 5 folds, languages shared",
    "leave_two_languages_out": "both languages left out",
}
ESTIMATORS = {"ols": "OLS", "forest": "forest"}
INTERVALS = {"jackknife": (INK, "o", 0.13), "dyadic": ("#CC79A7", "s", -0.13)}  # colour, marker, place in a row
TESTS = (*INTERVALS, "mrqap")
NAMES = {
    "fam": "genealogical\ndistance",
    "syntax": "syntactic\ndistance",
    "geography": "geographical\ndistance",
    "log_share_sum": "share of web,\nlog, sum",
    "log_share_min": "share of web,\nlog, lesser",
}
# Dark to light, so that print without colour keeps the order; its yellow end would be lost on white.
MAP = plt.get_cmap("cividis")
LIGHTEST = 0.9
HALF = 0.38  # of a row, for a swarm


def draw(panels: list[Panel], languages: list[Language], pdf: str, png: str, csv: str) -> None:
    """Draw (labels, tables of `isogloss.statistics.analysis.analyse`, those in TABLES) of each panel, a row each, and write the
    numbers drawn.

    The CSV has the rows drawn of all four tables, which a column `part` tells apart; accuracies are 0..1.
    """
    tier = {language.iso639_3: language.tier for language in languages}
    drawn = [(labels, _drawn(tables)) for labels, tables in panels]
    figure = plt.figure(figsize=(10.6, 2.95 * len(panels) + 0.55), layout="constrained")
    for part, (labels, tables) in zip(figure.subfigures(len(panels), 1, squeeze=False)[:, 0], drawn, strict=True):
        axes = part.subplots(1, 4, width_ratios=(1.05, 1.05, 1, 1.1))
        part.suptitle(f"{labels['model']}: {labels['knowledge']} knowledge, {labels['setting']}", x=0.01, ha="left", fontsize=9)
        _predictions(axes[:2], tables, tier)
        _coefficients(axes[2], tables["coefficients"])
        _swarms(axes[3], tables["shap"])
    _legend(figure)
    save(figure, pdf, png)
    parts = [
        labelled(labels, table.select(pl.lit(name).alias("part"), pl.all()))
        for labels, tables in drawn
        for name, table in tables.items()
    ]
    pl.concat(parts, how="diagonal_relaxed").write_csv(csv)


def _drawn(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The rows of the tables that are shown."""
    shown = pl.col("protocol").is_in(list(PROTOCOLS)) & pl.col("estimator").is_in(list(ESTIMATORS))
    return {
        "regression": tables["regression"].filter(shown),
        "predicted": tables["predicted"].filter(shown),
        "coefficients": tables["coefficients"].filter(pl.col("method").is_in(TESTS)),
        "shap": tables["shap"],
    }


def _predictions(axes: list[plt.Axes], tables: dict[str, pl.DataFrame], tier: dict[str, str]) -> None:
    """Predicted against measured, a panel a protocol: the forest faint, least squares by the lower tier of a pair."""
    both = 100 * tables["predicted"].select("accuracy", "predicted").to_numpy()
    low, high = both.min() - 3, both.max() + 3
    for axis, (protocol, name) in zip(axes, PROTOCOLS.items(), strict=True):
        rows = tables["predicted"].filter(protocol=protocol)
        forest, ols = (rows.filter(estimator=estimator) for estimator in ("forest", "ols"))
        axis.plot([low, high], [low, high], color=FAINT, linewidth=0.8, zorder=0)
        axis.scatter(*_percent(forest, "accuracy", "predicted"), s=9, marker="x", color="#b5b5b5", linewidths=0.6, zorder=1)
        worst = [max(tier[one], tier[other], key=TIERS.index) for one, other in ols.select("one", "other").rows()]
        colours = [TIER_COLOURS[name] for name in worst]
        axis.scatter(*_percent(ols, "accuracy", "predicted"), s=9, c=colours, alpha=0.75, linewidths=0, zorder=2)
        axis.set_xlim(low, high)
        axis.set_ylim(low, high)
        axis.set_aspect("equal")
        axis.set_xlabel("measured, %")
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(length=2)
        scores = tables["regression"].filter(protocol=protocol)
        lines = [f"{label}: {_score(scores.filter(estimator=estimator))}" for estimator, label in ESTIMATORS.items()]
        axis.set_title("\n".join([name, *lines]), loc="left", fontsize=7.5, linespacing=1.35)
    axes[0].set_ylabel("predicted, %")


def _percent(table: pl.DataFrame, *names: str) -> list[np.ndarray]:
    return [100 * table[name].to_numpy() for name in names]


def _score(row: pl.DataFrame) -> str:
    if row.is_empty() or row["r2"][0] is None:
        return "not scored"
    return f"R\u00b2 {row['r2'][0]:.2f}, MAE {100 * row['mae'][0]:.1f}, n {row['n'][0]}"


def _coefficients(axis: plt.Axes, table: pl.DataFrame) -> None:
    """Least squares on all pairs: each coefficient with both intervals, and the p of permuted languages."""
    features = table["feature"].unique(maintain_order=True).to_list()
    axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    for row in table.iter_rows(named=True):
        y = features.index(row["feature"])
        if row["method"] == "mrqap":
            axis.text(1.02, y, _chance(row["p"]), transform=axis.get_yaxis_transform(), va="center", fontsize=6.8)
            continue
        colour, marker, up = INTERVALS[row["method"]]
        if row["low"] is not None:
            axis.plot([100 * row["low"], 100 * row["high"]], [y - up] * 2, color=colour, linewidth=1.6)
        axis.plot(100 * row["estimate"], y - up, marker, color=colour, markersize=4)
    axis.text(1.02, 1.0, "p by\nMRQAP", transform=axis.transAxes, va="bottom", fontsize=6.8)
    _rows(axis, features)
    axis.set_xlabel("points of accuracy for one SD of the factor")
    axis.set_title("standardised coefficients (OLS)", loc="left", fontsize=7.5)


def _chance(p: float | None) -> str:
    if p is None:
        return "\u2013"
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _swarms(axis: plt.Axes, table: pl.DataFrame) -> None:
    """SHAP values of the forest: a dot a pair, as far from its row as dots are dense, coloured by the rank of the factor."""
    features = table["feature"].unique(maintain_order=True).to_list()
    axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    for y, feature in enumerate(features):
        rows = table.filter(feature=feature)
        effect = 100 * rows["shap"].to_numpy()
        rank = (rows["value"].rank("average").to_numpy() - 1) / max(len(rows) - 1, 1)
        axis.scatter(effect, y + _spread(effect), s=6, color=MAP(LIGHTEST * rank), linewidths=0)
        mean = np.abs(effect).mean()
        axis.text(1.02, y, f"{mean:.1f}", transform=axis.get_yaxis_transform(), va="center", fontsize=6.8)
    axis.text(1.02, 1.0, "mean\nsize", transform=axis.transAxes, va="bottom", fontsize=6.8)
    _rows(axis, features)
    axis.set_xlabel("SHAP value, points of predicted accuracy")
    axis.set_title("what the forest makes of each factor", loc="left", fontsize=7.5)


def _spread(values: np.ndarray) -> np.ndarray:
    """How far each dot is moved off its row: dots of a bin are stacked outwards on both sides, the fullest bin to HALF."""
    bins = np.digitize(values, np.histogram_bin_edges(values, 40))
    place = np.empty(len(values))
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        place[inside] = np.arange(len(inside)) - (len(inside) - 1) / 2
    return place * min(HALF / max(np.abs(place).max(), 1), 0.07)


def _rows(axis: plt.Axes, features: list[str]) -> None:
    axis.set_yticks(range(len(features)), [NAMES.get(feature, feature) for feature in features])
    axis.set_ylim(len(features) - 0.5, -0.5)
    axis.grid(axis="x", color="#eeeeee", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(length=0)


def _legend(figure: plt.Figure) -> None:
    dots = [plt.Line2D([], [], linestyle="", marker="o", markersize=4, color=TIER_COLOURS[tier]) for tier in TIERS]
    forest = plt.Line2D([], [], linestyle="", marker="x", markersize=4, color="#b5b5b5")
    lines = [
        plt.Line2D([], [], color=colour, marker=marker, markersize=4, linewidth=1.6) for colour, marker, _ in INTERVALS.values()
    ]
    ends = [plt.Line2D([], [], linestyle="", marker="o", markersize=4, color=MAP(LIGHTEST * rank)) for rank in (0, 1)]
    figure.legend(
        [*dots, forest, *lines, *ends],
        [
            *(f"OLS, lower tier of the pair: {tier}" if tier == TIERS[0] else tier for tier in TIERS),
            "forest",
            "95 %, languages left out (jackknife)",
            "95 %, dyadic-robust",
            "factor low",
            "factor high",
        ],
        loc="outside lower center",
        ncols=8,
        frameon=False,
        columnspacing=1.2,
        handletextpad=0.5,
    )
