"""Two runs of the same config in different folders give the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_workflow import copy_project

CONFIG = {
    "languages": ["eng", "zul"],
    "knowledge": {"fictional": {"provider": "built-in", "kind": "new", "items": 8}},
    "models": {"sandbox": {"provider": "sandbox", "teaching": {"epochs": 2, "batch": 8, "learning_rate": 3e-3}}},
    "run": ["sandbox"],
    "studies": ["verification", "transferability"],
    "context": {"pairs": 4},
    "cohort": 1,
    "bootstrap": 50,
}
TIMED = ("logs", "benchmarks")  # how long a job took is another time every time
KINDS = {".parquet", ".csv", ".json", ".safetensors", ".png", ".pdf", ".html", ".md"}


def results(project: Path) -> dict[Path, bytes]:
    root = project / "results"
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {path: (root / path).read_bytes() for path in paths if path.parts[0] not in TIMED}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The files of a run in a plain folder, and of one in a folder with a space and other letters, where Python draws
    another order of sets."""
    made = []
    for name, seed in (("plain", "1"), ("zwei Wörter", "2")):
        folder = tmp_path_factory.mktemp("runs") / name
        folder.mkdir()
        project = copy_project(folder, CONFIG)
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": ""}
        command = [sys.executable, "-m", "snakemake", "--cores", "2"]
        result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        made.append(results(project))
    return made


def test_the_same_files_are_made(runs):
    one, other = runs
    assert one.keys() == other.keys()
    assert {path.suffix for path in one} >= KINDS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_their_bytes_are_the_same(runs, kind):
    one, other = runs
    own = [path for path in one if path.suffix == kind]
    assert own
    assert [path for path in own if one[path] != other[path]] == []
