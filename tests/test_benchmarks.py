"""The benchmarks run, and what they compare is the same work."""

import time

import polars as pl
import pytest
import torch

from benchmarks import asking, neurons, soak, teaching
from benchmarks.__main__ import draw
from benchmarks.work import Row, Work, alternate
from isogloss.remote.store import CallStore


@pytest.fixture(scope="module")
def work():
    threads = torch.get_num_threads()
    yield Work(["eng", "zul"], 4, 2, threads, 1)
    torch.set_num_threads(threads)


def test_teaching(work):
    rows = [*teaching.run(work), *teaching.run_singly(work)]
    assert [row.target for row in rows] == [2.5, 8]
    assert all(row.ours_seconds > 0 and row.baseline_seconds > 0 and 0 < row.peak < 1 for row in rows)


def test_asking(work):
    """Raises where answers differ for another reason than rounding."""
    assert len(asking.run(work)) == 2


def test_neurons(work):
    """Raises where a change of nothing changes answers."""
    rows = neurons.run(work)
    assert [row.target for row in rows] == [pytest.approx(0.769, abs=0.001)] * 2
    assert all(row.ours_seconds > 0 and row.baseline_seconds > 0 for row in rows)


def test_soak():
    outcome = soak.measure(300, writers=3, kills=3)
    assert outcome.good, str(outcome)
    assert outcome.acknowledged >= 300 - outcome.kills  # one killed between the two may not have said so
    assert outcome.damaged >= outcome.kills


def test_soak_notices_what_is_lost_and_what_is_doubled(tmp_path):
    store, writers = CallStore(tmp_path), soak.Writers(str(tmp_path), 4, None)
    for number in (0, 1, 1):
        store.put(soak.key_of(number), {"time": 1.0, "usd": soak.USD, "answer": soak.answer_of(number)})
    store.put(soak.key_of(2), {"time": 1.0, "usd": soak.USD, "answer": "another"})
    writers.acknowledged.update([0, 1, 3])
    outcome = soak.outcome_of(writers, at_a_time=1, kills=0, damaged=1, torn=0, seconds=1.0)
    found = (outcome.lost, outcome.changed, outcome.kept_twice, outcome.never_made, outcome.noted)
    assert found == (1, 1, 1, 1, 0)
    assert not outcome.good


def test_different_answers_are_not_taken_for_rounding(work, monkeypatch):
    monkeypatch.setattr(asking, "answer_greedily", lambda *arguments: [["wrong"] * 8] * 2)
    with pytest.raises(RuntimeError, match=r"answers \('wrong', .*\) where greedy decoding gives"):
        asking.run(work)


def test_ways_take_turns_and_the_middle_counts():
    turns = []
    found = alternate({"one": lambda: turns.append(1) or "a", "other": lambda: turns.append(2) or "b"}, 3)
    assert turns == [1, 2] * 3
    assert {name: own.result for name, own in found.items()} == {"one": "a", "other": "b"}


def test_the_most_memory_is_that_of_the_way():
    def large() -> None:
        torch.ones(100_000_000).sum()  # 400 MB
        time.sleep(0.1)

    found = alternate({"small": lambda: time.sleep(0.1), "large": large}, 1)
    assert found["large"].mb - found["small"].mb == pytest.approx(400, rel=0.2)


def test_the_figure(tmp_path):
    table = pl.DataFrame([vars(Row("teach", 1.0, "PEFT", 4.0, 2.5)) | {"ratio": 4.0}])
    draw(table, tmp_path / "summary.png")
    assert (tmp_path / "summary.png").stat().st_size > 1000
