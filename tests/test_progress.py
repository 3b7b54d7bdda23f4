import io

import pytest

from isogloss import progress
from isogloss.progress import Meter


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_long_step_says_how_far_it_is(clock, capsys):
    with Meter("prompts", 1000) as meter:
        for _ in range(4):
            clock[0] += 10
            meter.add(50)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2  # after 20 and 40 seconds
    assert said[0] == "prompts: 100 of 1000 (10 %), 5 a second, 03:00 left"


def test_a_short_step_says_nothing(clock, capsys):
    with Meter("prompts", 1000) as meter:
        clock[0] += 1
        meter.add(1000)
    assert capsys.readouterr().out == ""


def test_a_terminal_gets_a_bar(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(progress, "terminal", screen)
    with Meter("calls", 2) as meter:
        meter.add(2)
    assert "calls" in screen.getvalue()
