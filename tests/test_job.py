"""What a rule's log ends with."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from isogloss.job import advice
from isogloss.models.fetch import FetchError

SCRIPT = """
import types
from isogloss import job
job.start(types.SimpleNamespace(log=[{log!r}], params=types.SimpleNamespace({params})))
print("working")
{fault}
"""


def log_of(tmp_path, fault, params=""):
    """The lines that a script with this line in it leaves."""
    log = tmp_path / "rule.log"
    command = [sys.executable, "-c", SCRIPT.format(log=str(log), fault=fault, params=params)]
    assert subprocess.run(command, cwd=ROOT).returncode == 1
    return log.read_text(encoding="utf-8").splitlines()


def test_the_last_line_says_what_to_do(tmp_path):
    first, *trace, wrong, last = log_of(tmp_path, "raise ValueError('a.csv, line 3: \\ud800')")
    assert first == "working"
    assert trace[0] == "Traceback (most recent call last):"
    assert wrong == "ValueError: a.csv, line 3: \\ud800", "what is no text is written all the same"
    assert last == "What to do: put right what the line above says, then run the same command; what is finished is kept"


def test_a_figure_of_nothing_says_what_the_config_lacks(tmp_path):
    *_, wrong, last = log_of(tmp_path, "", "panels=[]")
    assert wrong.startswith("ValueError: there is nothing to draw: no model under run: has what this figure shows")
    assert "intervened: [MODEL]" in wrong
    assert last.startswith("What to do: put right")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is the full disk")
def test_where_the_log_cannot_be_written_it_is_said_outside():
    command = [sys.executable, "-c", SCRIPT.format(log="/dev/full", fault="", params="")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode
    assert "OSError: [Errno 28] No space left on device\nWhat to do: the disk is full; make room on it" in result.stderr


def caused(error, by):
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (caused(ValueError("cannot write"), OSError(errno.EDQUOT, "quota")), "the disk is full"),
        (KeyboardInterrupt(), "it was interrupted; run the same command"),
        (MemoryError("write at_once: 1"), "the memory does not suffice"),
        (FetchError("no network"), "put right what the line above says"),
        (PermissionError(errno.EACCES, "no"), "put right what the line above says"),
        (KeyError("x"), "this is a mistake in isogloss; please report it"),
    ],
)
def test_advice(error, expected):
    assert advice(error).startswith(expected)
