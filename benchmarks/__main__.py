"""Compare isogloss with the usual ways, on this machine, with the shipped sandbox or a model of yours; not part of the tests.

    python -m benchmarks --quick
    python -m benchmarks --model /models/my-model teach teach-1 ask in-context

Writes results/benchmarks/summary.csv and a figure beside it. All ways do the same work in one run, in turn; a time is a median.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import polars as pl
import torch
import yaml
from matplotlib import pyplot as plt

from benchmarks import asking, harness, neurons, scale, teaching, whole
from benchmarks.work import SANDBOX, Work
from isogloss.models.sandbox.pretrain import matmul_peak

BENCHMARKS = {
    "teach": teaching.run,
    "teach-1": teaching.run_singly,
    "ask": asking.run,
    "in-context": asking.run_in_context,
    "neurons": neurons.run,
    "cell": harness.run,
    "study": whole.run,
    "scale": scale.run,
}
TABLE = Path("results/benchmarks/summary.csv")
# (items, epochs, repeats): enough for a rough ratio, or what the default config has
SIZES = {
    "teach": ((60, 2, 3), (120, 12, 3)),
    "teach-1": ((12, 1, 1), (120, 3, 1)),
    "ask": ((8, 12, 3), (60, 12, 3)),
    "in-context": ((9, 1, 3), (60, 1, 3)),
    "neurons": ((9, 1, 3), (60, 1, 3)),
    "cell": ((120, 2, 1), (120, 12, 3)),
    "study": ((12, 3, 1), (120, 12, 1)),
    "scale": ((12, 1, 1), (12, 1, 1)),
}

# The same for a model of one's own, which may be large: one from each tier, and two of them not in Latin letters.
SIZE_OF_OWN = (16, 1, 1)
LANGUAGES_OF_OWN = ["eng", "zho", "tha", "swa"]
WITH_ANY_MODEL = ("teach", "teach-1", "ask", "in-context")


def draw(table: pl.DataFrame, path: Path) -> None:
    """How many times faster ours is than each baseline, with what was aimed at."""
    figure, axis = plt.subplots(figsize=(7, 0.5 + 0.38 * len(table)), layout="constrained")
    places = list(range(len(table)))[::-1]
    axis.barh(places, table["ratio"], color="#4477aa", height=0.6)
    for place, row in zip(places, table.iter_rows(named=True), strict=True):
        axis.plot([row["target"]] * 2, [place - 0.4, place + 0.4], color="black", linewidth=1.5)
        axis.text(row["ratio"], place, f" {row['ratio']:.1f}", va="center", fontsize=7)
    axis.set_yticks(places, [f"{row['benchmark']}\nbeside: {row['baseline']}" for row in table.iter_rows(named=True)], fontsize=6)
    axis.set_xscale("log")
    axis.set_xlabel("times as fast (line: what was aimed at)")
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"CreationDate": None})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ({', '.join(BENCHMARKS)}; default: all)")
    parser.add_argument("--quick", action="store_true", help="less work")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", default=SANDBOX, help="folder of a model, which is taught and asked in four languages")
    options = parser.parse_args()
    possible = BENCHMARKS if options.model == SANDBOX else WITH_ANY_MODEL
    if unknown := set(options.names) - set(possible):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))} of this model; write some of {', '.join(possible)}")
    languages = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["languages"]
    torch.set_num_threads(options.threads)
    print(f"matrix products reach {matmul_peak(torch.float32) / 1e9:.0f} GFLOP/s here with {options.threads} threads", flush=True)
    rows = []
    own = options.model != SANDBOX
    for name in options.names or (WITH_ANY_MODEL if own else BENCHMARKS):
        count, epochs, repeats = SIZE_OF_OWN if own else SIZES[name][0 if options.quick else 1]
        few = languages[: 1 if name == "cell" else 5 if options.quick and name == "study" else None]
        few = LANGUAGES_OF_OWN if own else few
        print(f"\n{name}: {len(few)} languages, {count} items, {epochs} epochs", flush=True)
        rows += BENCHMARKS[name](Work(few, count, epochs, options.threads, repeats, options.model))
    table = pl.DataFrame([asdict(row) for row in rows])
    table = table.with_columns(ratio=pl.col("baseline_seconds") / pl.col("ours_seconds"))
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    table.write_csv(TABLE)
    draw(table, TABLE.with_suffix(".pdf"))
    draw(table, TABLE.with_suffix(".png"))
    for row in table.iter_rows(named=True):
        reached = "" if row["peak"] is None else f"; {row['peak']:.0%} of the machine's matrix products"
        reached += "" if row["ours_mb"] is None else f"; {row['ours_mb']:.0f} MB beside {row['baseline_mb']:.0f} MB"
        print(
            f"{row['benchmark']}: {row['ours_seconds']:.1f} s; {row['baseline']}: {row['baseline_seconds']:.1f} s; "
            f"{row['ratio']:.1f} times as fast (aimed at {row['target']:g}){reached}"
        )


if __name__ == "__main__":
    main()
