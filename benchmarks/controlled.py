"""What changes between small sandboxes whose recipes differ in one value: a table, and docs/controlled.png.

Run the command at the head of benchmarks/controlled.yaml first. Each number is the mean, in percent, over three seeds of corpus
and weights (the lessons' seed is the same), with half the width of its 95 % interval (Student's t, two degrees of freedom).
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib import pyplot as plt
from scipy import stats
from tokenizers import Tokenizer

from isogloss.figures.style import TIER_COLOURS
from isogloss.languages import read_languages

CONDITIONS = {
    "skewed": "share to the power .3",
    "equal": "power 0: all alike",
    "steep": "power .6",
    "swapped": "English and Swahili swapped",
    "apart": "no cross-lingual documents",
    "fair": "fair tokenizer",
}
SEEDS = (1, 2, 3)
RESULTS = Path("results")


def tokens_a_question(model: str, language: str) -> float:
    """Mean number of tokens of the questions that teach."""
    tokenizer = Tokenizer.from_file(str(RESULTS / "models" / model / "tokenizer.json"))
    questions = pl.read_parquet(RESULTS / "knowledge/fictional/items" / f"{language}.parquet")["teach_question"].to_list()
    return float(np.mean([len(tokenizer.encode(question).ids) for question in questions]))


def measured(model: str) -> dict[str, dict]:
    """By language what is known, learned (taught and asked in it) and received from others, tokens a question; transfer by
    pair."""
    known = pl.read_csv(RESULTS / model / "general/verification/accuracy.csv")
    cells = pl.read_csv(RESULTS / model / "fictional/transferability/fine-tuning/cells.csv")
    pairs = {(row["taught_in"], row["asked_in"]): row["accuracy"] for row in cells.iter_rows(named=True)}
    codes = known["language"].to_list()
    return {
        "known": dict(known.select("language", "accuracy").iter_rows()),
        "learned": {code: pairs[code, code] for code in codes},
        "received": {code: float(np.mean([pairs[other, code] for other in codes if other != code])) for code in codes},
        "tokens": {code: tokens_a_question(model, code) for code in codes},
        "pairs": pairs,
    }


def mean_and_half(values: list[float]) -> str:
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{100 * np.mean(values):.0f} ± {100 * half:.0f}"


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    found = {name: [measured(f"{name}-{seed}") for seed in SEEDS] for name in CONDITIONS}
    languages = read_languages("data/languages.csv")
    codes = list(found["skewed"][0]["known"])
    columns = {
        **{f"known, {languages[code].name}": lambda m, code=code: m["known"][code] for code in codes},
        **{f"learned, {languages[code].name}": lambda m, code=code: m["learned"][code] for code in codes},
        "French-Spanish": lambda m: np.mean([m["pairs"][pair] for pair in (("fra", "spa"), ("spa", "fra"))]),
        "English to both": lambda m: np.mean([m["pairs"]["eng", code] for code in ("fra", "spa")]),
        "other pairs": lambda m: np.mean([value for (one, other), value in m["pairs"].items() if _far(one, other)]),
    }
    print(f"| | {' | '.join(CONDITIONS.values())} |\n|---|{'---|' * len(CONDITIONS)}")
    for name, column in columns.items():
        print(f"| {name} | {' | '.join(mean_and_half([column(run) for run in runs]) for runs in found.values())} |")
    ratios = [np.mean([run["tokens"]["swa"] / run["tokens"]["eng"] for run in runs]) for runs in found.values()]
    print(f"| tokens a question, Swahili / English | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    draw(found, codes, languages)


def _far(one: str, other: str) -> bool:
    """Two languages of which one is not English, French or Spanish."""
    return one != other and not {one, other} <= {"eng", "fra", "spa"}


def draw(found: dict, codes: list[str], languages: dict) -> None:
    """A row a measure, a column a condition: a point a language and seed."""
    rows = {
        "known": "known facts, %",
        "learned": "learned, asked\nin the same language, %",
        "received": "received from\nother languages, %",
    }
    figure, axes = plt.subplots(len(rows), len(found), figsize=(9.5, 4.6), sharex=True, sharey="row", layout="constrained")
    for (key, label), line in zip(rows.items(), axes, strict=True):
        for (name, runs), axis in zip(found.items(), line, strict=True):
            for x, code in enumerate(codes):
                values = [100 * run[key][code] for run in runs]
                colour = TIER_COLOURS[languages[code].tier]
                axis.plot([x] * len(values), values, "o", markersize=2.5, color=colour, alpha=0.6, markeredgewidth=0)
                axis.plot([x - 0.3, x + 0.3], [np.mean(values)] * 2, color=colour, linewidth=1.4)
            axis.set_xticks(range(len(codes)), codes, rotation=90)
            axis.spines[["top", "right"]].set_visible(False)
            if key == "known":
                axis.set_title(CONDITIONS[name], fontsize=7)
        line[0].set_ylabel(label)
        line[0].set_ylim(0, None)
    figure.savefig("docs/controlled.png", dpi=160, metadata={"Software": "isogloss"})


if __name__ == "__main__":
    main()
