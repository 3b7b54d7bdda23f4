"""Two hundred languages: how long the plan takes. Their codes are those that ISO 639-3 keeps for private use."""

import csv
import itertools
import resource
import shutil
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks.whole import PROJECT, command, config_of, project
from benchmarks.work import Row, Work
from isogloss import plan
from isogloss.asking.holding import hold_untaught
from isogloss.checking import load_config
from isogloss.config import Asking
from isogloss.languages import read_languages
from isogloss.paths import LANGUAGES

MANY = 200
LIMIT = 10.0  # seconds of a dry run
PLANNING = 1.0  # seconds of the planning code
ITEMS = (100, 1000)


def planning_seconds() -> float:
    """How long the planning code takes for the config of the folder it is run in."""
    began = time.perf_counter()
    checked = load_config(yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8")), read_languages(LANGUAGES), [])
    for cohort in [*plan.exams(checked), *plan.taught(checked)]:
        for lesson in cohort.lessons:
            plan.asked_in(checked, cohort.study, cohort.setting, lesson)
    plan.adapters(checked, "sandbox")
    return time.perf_counter() - began


def memory_of_asking(count: int) -> float:
    """The most memory, in MiB, of a process that asks `count` items in two languages."""
    return float(said(PROJECT, str(count)))


def said(folder: Path, *words: str) -> str:
    """The last word of this module run in a folder."""
    command = [sys.executable, "-m", "benchmarks.scale", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split()[-1]


def run(work: Work) -> list[Row]:
    """A row of the summary: the limit takes the place of a baseline."""
    codes = ["q" + a + b for a, b in itertools.product(string.ascii_lowercase[:20], string.ascii_lowercase)][:MANY]
    with tempfile.TemporaryDirectory() as root:
        model = {"sandbox": {"provider": "sandbox", "weights": "rebuild"}}
        config = config_of(work) | {"languages": codes, "models": model, "settings": ["fine-tuning", "in-context"]}
        folder = project(Path(root) / "many", config)
        table = folder / "data/languages.csv"
        rows = list(csv.DictReader(table.open(encoding="utf-8")))
        with table.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            for code, row in zip(codes, itertools.cycle(rows), strict=False):
                writer.writerow(row | {"iso639_3": code, "name": f"Language {code}"})
                shutil.copy2(folder / f"data/phrasebook/{row['iso639_3']}.yaml", folder / f"data/phrasebook/{code}.yaml")
        target = "results/figures/transfer_matrix.pdf"
        seconds = sorted(command(folder, "-m", "snakemake", "--dry-run", target) for _ in range(3))[1]
        planning = float(said(folder))
    few, many = (memory_of_asking(count) for count in ITEMS)
    print(f"asking {ITEMS[0]} items takes at most {few:.0f} MiB of memory, {ITEMS[1]} items {many:.0f} MiB", flush=True)
    return [
        Row(f"dry run, {MANY} languages", seconds, "the limit", LIMIT, 1),
        Row(f"planning code, {MANY} languages", planning, "the limit", PLANNING, 1),
    ]


def main() -> None:
    """What `said` asks for: the seconds of planning, or the memory of asking some items."""
    if not sys.argv[1:]:
        print(planning_seconds())
        return
    work = Work(["eng", "zul"], int(sys.argv[1]), 1, 1, 1)
    hold_untaught(*work.loaded, {"none": work.exam}, Asking())
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
