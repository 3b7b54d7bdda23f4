"""How long one matrix takes to be explained: that of the published model, and simulated ones of 100 and 200 languages.

    python -m benchmarks.statistics --threads 2

Prints a line for each step; with one thread the processor's seconds too, which other work on the machine changes less; and the
most memory that was held so far. Accuracies of the simulated matrices are made of factors drawn at random; their answers are 20
items.
"""

import argparse
import itertools
import resource
import time
from collections.abc import Callable

import numpy as np
import polars as pl
from scipy.special import expit

from isogloss.factors.distances import distances
from isogloss.factors.shares import pair_table
from isogloss.languages import Language
from isogloss.statistics.coefficients import coefficients
from isogloss.statistics.heldout import ONE, TWO, predict_left_out
from isogloss.statistics.mixed import count_answers, item_model
from isogloss.statistics.pairs import Study, study
from isogloss.statistics.paper import importance, paper_scores, shap_values, subsets
from isogloss.statistics.predict import check_predictions
from isogloss.statistics.scores import score_left_out
from isogloss.statistics.spearman import correlations
from isogloss.statistics.specifications import DIRECTED, PAPER, SPECIFICATIONS

FACTORS = [*dict.fromkeys((*PAPER, *DIRECTED)), "phonology", "inventory"]
ITEMS = 20


def published() -> pl.DataFrame:
    """Pairs of the published matrix, with their factors."""
    square = pl.read_csv("data/published/gpt-4o-mini_fine-tuning.csv")
    codes = square["learned_in"].to_list()
    shares = pl.read_csv("data/common_crawl_language_share.csv").select("iso639_3", "share_percent")
    languages = [Language(code, code, code, code, "", "high") for code in codes]
    factors = pair_table(languages, dict(shares.iter_rows()), None, [distances(codes)])
    cells = square.unpivot(index="learned_in", variable_name="asked_in", value_name="accuracy")
    cells = cells.rename({"learned_in": "taught_in"}).with_columns(pl.col("accuracy") / 100)
    return factors.join(cells, on=["taught_in", "asked_in"], maintain_order="left")


def simulated(size: int, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(pairs, answers) of `size` languages: places in a space of ten dimensions, shares over ten powers of e, own effects."""
    rng = np.random.default_rng(seed)
    places = {name: rng.normal(size=(size, 10)) for name in ("fam", "syntax", "geography", "phonology", "inventory")}
    units = {name: place / np.linalg.norm(place, axis=1)[:, None] for name, place in places.items()}
    share, own = rng.uniform(-6, 4, size), 0.5 * rng.normal(size=(2, size))
    a, b = np.array(list(itertools.permutations(range(size), 2))).T
    columns = {name: (1 - np.sum(unit[a] * unit[b], axis=1)) / 2 for name, unit in units.items()}
    columns |= {"log_share_taught": share[a], "log_share_asked": share[b]}
    columns |= {"log_share_sum": share[a] + share[b], "log_share_min": np.minimum(share[a], share[b])}
    odds = 0.2 * columns["log_share_min"] + 0.1 * share[b] - 2 * columns["fam"] + own[0, a] + own[1, b]
    right = rng.random((len(a), ITEMS)) < expit(odds[:, None] + 0.7 * rng.normal(size=ITEMS))
    codes = np.array([f"q{i:03}" for i in range(size)])
    pairs = pl.DataFrame({"taught_in": codes[a], "asked_in": codes[b], "accuracy": right.mean(axis=1), **columns})
    answers = pl.DataFrame(
        {
            "taught_in": np.repeat(codes[a], ITEMS),
            "asked_in": np.repeat(codes[b], ITEMS),
            "item": [f"i{i:02}" for i in range(ITEMS)] * len(a),
            "correct": right.flatten(),
        }
    )
    return pairs, answers


def steps(found: Study, answers: pl.DataFrame | None, threads: int) -> dict[str, Callable]:
    """What is timed, by name."""
    named = {
        "correlation": lambda: correlations(found),
        "paper's protocol": lambda: paper_scores(found.symmetric, PAPER),
        "subsets": lambda: subsets(found.symmetric),
        "importance, SHAP": lambda: importance(found.symmetric, PAPER, shap_values(found.symmetric, PAPER)),
        "coefficients": lambda: coefficients(found.symmetric.only(PAPER)),
        "unmeasured languages": lambda: check_predictions(found),
    }
    first, *others = SPECIFICATIONS
    named[f"left out: {first.name}, baselines, single cells"] = lambda: score_left_out(found, (first,), threads)
    for specification in others:
        named[f"left out: {specification.name}"] = lambda specification=specification: [
            predict_left_out(found, specification, protocol, threads) for protocol in (TWO, ONE)
        ]
    if answers is not None:
        dyads = found.directed.only(DIRECTED)
        named["single answers"] = lambda: item_model(count_answers(answers, dyads), dyads)
    return named


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="*", default=[19, 100, 200])
    options = parser.parse_args()
    studies = {"published, 17 languages": (published(), None)}
    studies |= {f"simulated, {size} languages": simulated(size) for size in options.sizes}
    for name, (pairs, answers) in studies.items():
        total = 0.0
        for step, run in steps(study(pairs, FACTORS), answers, options.threads).items():
            began, busy = time.perf_counter(), time.process_time()
            run()
            seconds, busy = time.perf_counter() - began, time.process_time() - busy
            total += seconds
            processor = f" ({busy:.1f} s of the processor)" if options.threads == 1 else ""
            print(f"{name}; {step}: {seconds:.1f} s{processor}", flush=True)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{name}; all: {total:.0f} s, {most} MB", flush=True)


if __name__ == "__main__":
    main()
