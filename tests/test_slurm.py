"""profiles/slurm on a real Slurm of one node, which tests/slurm/cluster.sh starts and stops.

Slurm is not installed by this: continuous integration does it with tests/slurm/install.sh. Where there is none, or the machine
belongs to a cluster, the test is skipped, and pytest says why.
"""

import math
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT
from test_workflow import copy_project, snakemake

from isogloss.config import SandboxTeaching
from isogloss.models import memory

CLUSTER = ROOT / "tests/slurm/cluster.sh"
FIGURE = "results/figures/transfer_matrix.pdf"
PROFILE = ["--workflow-profile", "profiles/slurm"]
# asks Slurm more often than one would on a cluster of others
PATIENCE = ["--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2", "--latency-wait", "10"]
SMALL = {
    "languages": ["eng", "spa"],
    "knowledge": {"fictional": {"provider": "built-in", "kind": "new", "items": 6}},
    "models": {"sandbox": {"provider": "sandbox", "device": "auto", "teaching": {"epochs": 1}, "resources": {"runtime": 7}}},
    "run": ["sandbox"],
    "studies": ["transferability"],
    "settings": ["fine-tuning"],
    "cohort": 1,
    "bootstrap": 100,
}
SUBMITTED = {"teach": 2, "ask": 3, "score": 3, "transferability": 1, "figure_transfer_matrix": 1}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with what runs at home done, and a Slurm to send the rest to."""
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([CLUSTER, "start", folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=120)
    if started.returncode == 77:
        pytest.skip(f"profiles/slurm is NOT tested: {started.stdout.strip()}")
    try:
        assert started.returncode == 0, started.stdout
        (folder / "project").mkdir()
        project = copy_project(folder / "project", SMALL)
        snakemake(project, "--until", "items", "sandbox_shipped", "--", FIGURE)
        yield project
    finally:
        subprocess.run([CLUSTER, "stop", folder], stdin=subprocess.DEVNULL, timeout=120, check=True)


def submit(project: Path) -> subprocess.Popen:
    """The command of a user, who lets it run in the background."""
    command = [sys.executable, "-m", "snakemake", *PROFILE, *PATIENCE, FIGURE]
    with open(project / "submit.log", "a", encoding="utf-8") as log:
        return subprocess.Popen(command, cwd=project, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


def jobs() -> list[dict[str, str]]:
    """What Slurm knows of every job, oldest first."""
    text = subprocess.run(["scontrol", "--oneliner", "show", "job"], capture_output=True, text=True, timeout=20).stdout
    found = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in text.splitlines() if "JobState=" in line]
    return sorted(found, key=lambda job: int(job["JobId"]))


def rule_of(job: dict[str, str]) -> str:
    return re.sub(r"^rule_(teach|ask|score)_.*|^rule_(\w+?)(_wildcards_.*)?$", r"\1\2", job["Comment"])


def wait_for(what, seconds: float):
    """What `what` returns as soon as it is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.5)
    pytest.fail(f"nothing within {seconds} s")


def made(project: Path) -> dict[Path, int]:
    """When each result was last written, in nanoseconds; logs are opened by failing jobs, too."""
    files = [path for path in project.glob("results/**/*") if path.is_file() and "logs" not in path.parts]
    return {path: path.stat().st_mtime_ns for path in files}


def test_a_cancelled_job_is_picked_up_and_nothing_is_done_twice(project):
    begun = time.monotonic()
    first = submit(project)
    try:
        running = wait_for(
            lambda: [job for job in jobs() if rule_of(job) == "teach" and job["JobState"] == "RUNNING"], seconds=120
        )
        # one of the two lessons has the accelerator, the other waits for it
        assert len(running) == 1
        (job,) = running
        assert job["TresPerJob"] == "gres:gpu:1"
        assert job["TimeLimit"] == "00:07:00"
        estimate = memory.of_teaching(memory.Stored.of(ROOT / "data/sandbox"), "auto", 1, SandboxTeaching())
        assert int(job["MinMemoryNode"].removesuffix("M")) == math.ceil(estimate / 10**6)
        wait_for(lambda: list(project.glob("results/logs/teach/**/*.log")), seconds=120)  # it is well under way
        subprocess.run(["scancel", job["JobId"]], check=True, timeout=20)
        assert first.wait(timeout=1200) == 1
    finally:
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)
    ended = jobs()
    assert [job["JobId"] for job in ended if job["JobState"] != "COMPLETED"] == [job["JobId"]], "the others went on"
    assert f"SLURM-job '{job['JobId']}' failed, SLURM status is: 'CANCELLED'" in (project / "submit.log").read_text(
        encoding="utf-8"
    )
    before = made(project)
    assert not (project / FIGURE).exists()

    assert submit(project).wait(timeout=1200) == 0
    assert (project / FIGURE).stat().st_size > 5000
    after = made(project)
    assert {path for path, written in before.items() if after[path] != written} == set()
    completed = Counter(rule_of(job) for job in jobs() if job["JobState"] == "COMPLETED")
    assert completed == SUBMITTED
    assert len(jobs()) == sum(SUBMITTED.values()) + 1, "each once, and the one that was cancelled"
    assert "Nothing to be done" in snakemake(project, "--dry-run", FIGURE)
    print(f"profiles/slurm: {len(jobs())} jobs in {time.monotonic() - begun:.0f} s")
