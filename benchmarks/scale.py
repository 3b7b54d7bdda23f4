"""Two hundred languages: how long the plan takes. Their codes are those that ISO 639-3 keeps for private use."""

import csv
import itertools
import shutil
import string
import tempfile
import time
from pathlib import Path

from benchmarks.whole import command, config_of, project
from benchmarks.work import Row, Work
from isogloss import plan
from isogloss.checking import load_config
from isogloss.languages import read_languages

LANGUAGES = 200
LIMIT = 10.0  # seconds of a dry run
PLANNING = 1.0  # seconds of the planning code


def run(work: Work) -> list[Row]:
    """A row of the summary: the limit takes the place of a baseline."""
    codes = ["q" + a + b for a, b in itertools.product(string.ascii_lowercase[:20], string.ascii_lowercase)][:LANGUAGES]
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
        began = time.perf_counter()
        checked = load_config(config, read_languages(table), [])
        for study in ("transferability", "prioritization"):
            for lesson in plan.lessons_of(checked, study):
                plan.asked_in(checked, study, "fine-tuning", lesson)
        plan.adapters(checked, "sandbox")
        planning = time.perf_counter() - began
    print(f"planning {LANGUAGES} languages: {planning:.2f} s (at most {PLANNING:.0f} s are wanted)", flush=True)
    return [
        Row(f"dry run, {LANGUAGES} languages", seconds, "the limit", LIMIT, 1),
        Row(f"planning code, {LANGUAGES} languages", planning, "the limit", PLANNING, 1),
    ]
