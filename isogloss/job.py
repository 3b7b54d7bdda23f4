"""What every workflow script does first."""

import os
import sys
import threading
import time
from pathlib import Path

import psutil

from isogloss import progress


def start(snakemake) -> None:
    """Send all output to the rule's log, and end this process when Snakemake is gone.

    Snakemake killed outright (SIGKILL, a closed laptop) cannot stop its jobs; one that ran on would write to files that a new
    run has taken over.
    """
    if os.isatty(2):
        progress.terminal = os.fdopen(os.dup(2), "w", encoding="utf-8")
    log = open(snakemake.log[0], "w", encoding="utf-8", buffering=1)  # noqa: SIM115 (open until the process ends)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log
    runners = [process for process in psutil.Process().parents() if "snakemake" in _command(process)]
    if runners:
        threading.Thread(target=_end_with, args=(runners[-1],), daemon=True).start()


def _command(process: psutil.Process) -> list[str]:
    """The words of a process's command line, programs without their folder."""
    try:
        return [Path(word).name for word in process.cmdline()]
    except psutil.Error:
        return []


def _end_with(runner: psutil.Process) -> None:
    while runner.is_running() and runner.status() != psutil.STATUS_ZOMBIE:
        time.sleep(1)
    print("Snakemake is gone; stopping", flush=True)
    os._exit(1)
