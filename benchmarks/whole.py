"""The transferability study from weights to matrix: by isogloss, and with a process and a merged model on disk per checkpoint."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import yaml

from benchmarks.work import Row, Work

PROJECT = Path(__file__).parent.parent
PARTS = ("Snakefile", "rules", "workflow", "profiles", "envs", "isogloss", "data", "pyproject.toml", "benchmarks")
MATRIX = "results/sandbox/fictional/transferability/fine-tuning/matrix.csv"


def project(folder: Path, config: dict) -> Path:
    """A copy of the project with another config, without results and what is cached."""
    folder.mkdir()
    for name in PARTS:
        source, ignored = PROJECT / name, shutil.ignore_patterns("__pycache__", "cache")
        shutil.copytree(source, folder / name, ignore=ignored) if source.is_dir() else shutil.copy2(source, folder / name)
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def config_of(work: Work) -> dict:
    """The config of the study alone."""
    return {
        "languages": work.languages,
        "knowledge": {"fictional": {"provider": "built-in", "kind": "new", "items": work.count}},
        "models": {"sandbox": {"provider": "sandbox", "teaching": {"epochs": work.epochs}}},
        "run": ["sandbox"],
        "studies": ["transferability"],
        "settings": ["fine-tuning"],
        "cohort": 10,
        "bootstrap": 1000,
    }


def command(folder: Path, *words: str) -> float:
    """Seconds of a command in a project."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - began


def run(work: Work) -> list[Row]:
    """A row of the summary, and one for what is no computing; accuracies of both ways are printed."""
    with tempfile.TemporaryDirectory() as root:
        ours = project(Path(root) / "ours", config_of(work))
        seconds = command(ours, "-m", "snakemake", "--cores", str(work.threads), MATRIX)
        matrix = pl.read_csv(ours / MATRIX)
        diagonal = sum(matrix.filter(taught_in=code)[code].item() for code in work.languages) / len(work.languages)
        jobs = pl.concat([_job(path) for path in (ours / "results/benchmarks").rglob("*.tsv")])
        other = project(Path(root) / "other", config_of(work))
        command(other, "-m", "snakemake", "--cores", str(work.threads), *_items(work))
        theirs, right = 0.0, []
        for code in work.languages:
            for step in ("teach", "merge", "ask"):
                theirs += command(other, "-m", "benchmarks.checkpoint", step, code, str(work.epochs), str(work.threads))
            right.append(float((other / f"accuracy-{code}").read_text(encoding="utf-8")))
            shutil.rmtree(other / f"merged-{code}")
    print(f"same-language accuracy: ours {diagonal:.3f}, theirs {sum(right) / len(right):.3f}", flush=True)
    busy = jobs["s"].sum() / work.threads  # a job has one thread; the times of processors are only read now and then
    start = import_seconds()
    imports = start * jobs["torch"].sum() / work.threads
    times = jobs["torch"].sum()
    print(
        f"of {seconds:.0f} s on {work.threads} cores, jobs ran for {busy:.0f}, of which {imports:.0f} to import torch "
        f"{times} times ({start:.1f} s each): {1 - (busy - imports) / seconds:.0%} is no computing",
        flush=True,
    )
    name = f"study of {len(work.languages)} languages"
    return [Row(name, seconds, "a process and a merged model per checkpoint, batch 1", theirs, 10)]


def _items(work: Work) -> list[str]:
    return [f"results/knowledge/fictional/items/{code}.parquet" for code in work.languages] + [
        "results/models/sandbox/manifest.json"
    ]


def _job(path: Path) -> pl.DataFrame:
    """How long a job took, and whether it imports torch."""
    rule = path.parts[path.parts.index("benchmarks") + 1]
    return pl.read_csv(path, separator="\t", null_values=["-", "NA"]).select("s", torch=pl.lit(rule in ("teach", "ask")))


def import_seconds() -> float:
    """What a process takes to import what a job of teaching or asking does; the second time, when files are in memory."""
    for _ in range(2):
        found = command(PROJECT, "-c", "import isogloss.asking.holding, isogloss.teaching.cohort")
    return found
