"""What every workflow script does first."""

import errno
import os
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from types import TracebackType

import psutil

from isogloss import progress

FULL = (errno.ENOSPC, errno.EDQUOT)
NOTHING = (
    "there is nothing to draw: no model under run: has what this figure shows; the config must ask for its study (studies:) and "
    "setting (settings:), and interventions must be made of the model (intervened: [MODEL])"
)
AGAIN = "run the same command; what is finished is kept"


def start(snakemake) -> None:
    """Send all output to the rule's log, and end this process when Snakemake is gone.

    ValueError where it is to draw no panel, as of a study that the config does not ask for.

    Snakemake killed outright (SIGKILL, a closed laptop) cannot stop its jobs; one that ran on would write to files that a new
    run has taken over.
    """
    if os.isatty(2):
        progress.terminal = os.fdopen(os.dup(2), "w", encoding="utf-8")
    log = open(snakemake.log[0], "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115 (open until the process ends)
    outside = os.dup(2)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log
    sys.excepthook = partial(_tell, outside)
    runners = [process for process in psutil.Process().parents() if "snakemake" in _command(process)]
    if runners:
        threading.Thread(target=_end_with, args=(runners[-1],), daemon=True).start()
    if getattr(snakemake.params, "panels", None) == []:
        raise ValueError(NOTHING)


def _tell(outside: int, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End the log with where what went wrong and what to do; where the log cannot be written, say it `outside` of it."""
    text = "".join([*traceback.format_exception(kind, error, trace), f"What to do: {advice(error)}\n"])
    try:
        print(text, end="", flush=True)
    except OSError:  # the log is on the disk that is full
        os.write(outside, text.encode(errors="backslashreplace"))


def advice(error: BaseException) -> str:
    """What a person can do about an exception that ended a script, in one line."""
    chain = [error]
    while following := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(following)
    # libraries that write files have errors of their own for a full disk
    if any(getattr(one, "errno", None) in FULL or os.strerror(errno.ENOSPC) in str(one) for one in chain):
        return f"the disk is full; make room on it (df -h shows how much there is), then {AGAIN}"
    if isinstance(error, KeyboardInterrupt):
        return f"it was interrupted; {AGAIN}"
    if isinstance(error, MemoryError):
        return f"the memory does not suffice; the line above says how less of it is needed, then {AGAIN}"
    if isinstance(error, OSError | RuntimeError | ValueError | ImportError):
        return f"put right what the line above says, then {AGAIN}"
    return "this is a mistake in isogloss; please report it with this log"


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
