"""What is said of answers that could not be read: in a sentence, and in the last line of a run."""

import polars as pl
import pytest
from test_workflow import copy_project, micro_config, snakemake

from isogloss import paths
from isogloss.report.unread import last_line, note, unread_sentence

NAMES = {"eng": "English", "jpn": "Japanese"}
ABOUT = {"model": "pupil", "knowledge": "invented", "setting": "in-context"}


def answered(states):
    """Scored answers by language asked: how many are in each state."""
    rows = [(code, state) for code, counts in states.items() for state, count in counts.items() for _ in range(count)]
    return pl.DataFrame(rows, schema=["asked_in", "state"], orient="row")


def test_the_sentence_names_the_language_the_cause_and_what_to_write():
    scores = answered({"eng": {"answered": 10}, "jpn": {"answered": 5, "unfinished": 4, "unparsed": 1}})
    said = unread_sentence(scores, NAMES)
    assert said.startswith(
        "5 of 20 answers could not be read (4 unfinished, 1 unparsed) and count as wrong, most in Japanese (50%)"
    )
    assert "max_new_tokens" in said


@pytest.mark.parametrize("states", [{"answered": 9, "unfinished": 1}, {"answered": 5, "unjudged": 5}])
def test_a_tenth_is_not_yet_said_nor_what_was_read_but_not_judged(states):
    assert unread_sentence(answered({"eng": states}), NAMES) is None


def test_of_a_table_that_does_not_know_nothing_is_said():
    assert note(pl.DataFrame({"asked_in": ["eng"], "n": [3]})) is None


def table(path, unread, n=10, key="asked_in"):
    """A table of one row a language."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lost = {"state_unfinished": [round(n * share) for share in unread.values()], "state_unparsed": 0, "state_refused": 0}
    pl.DataFrame({key: list(unread), "n": n, "unread": list(unread.values())} | lost).write_csv(path)
    return str(path)


def test_the_last_line_counts_all_and_names_the_worst(tmp_path):
    cells = table(tmp_path / "cells.csv", {"eng": 0.0, "jpn": 0.6})
    accuracy = table(tmp_path / "accuracy.csv", {"eng": 0.1, "jpn": 0.2}, n=1000, key="language")
    said = last_line([(ABOUT | {"setting": "untaught"}, accuracy), (ABOUT, cells)])
    assert said.startswith("306 of 2,020 answers of this run could not be read. Most of pupil, invented, in-context: 6 of 20 ")
    assert "jpn (60%)" in said
    assert "max_new_tokens" in said
    assert "\n" not in said


def test_the_last_line_counts_no_answer_twice(tmp_path):
    """Of several epochs the last counts, and of a table with a row for all languages the others."""
    pairs = table(tmp_path / "preference.csv", {"all": 0.3, "eng": 0.2, "jpn": 0.4})
    assert last_line([(ABOUT, pairs)]).startswith("6 of 20 answers")
    epochs = pl.read_csv(table(tmp_path / "resistance.csv", {"eng": 0.5, "jpn": 0.5}, key="language"))
    epochs.with_columns(epoch=pl.Series([0, 1])).write_csv(tmp_path / "resistance.csv")
    assert last_line([(ABOUT, str(tmp_path / "resistance.csv"))]).startswith("5 of 10 answers")


def test_the_last_line_is_not_there_where_all_is_well(tmp_path):
    assert last_line([(ABOUT, table(tmp_path / "cells.csv", {"eng": 0.1, "jpn": 0.0}))]) is None


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"taught_in,n\neng,3\n",
        b"\xff\xfe\x00",
        b"asked_in,n,unread,state_unfinished,state_unparsed,state_refused\neng,many,most,1,2,3\n",
        b"asked_in,n,unread,state_unfinished,state_unparsed,state_refused\n",
    ],
)
def test_tables_that_a_failed_run_left_are_passed_over(content, tmp_path):
    broken = tmp_path / "broken.csv"
    if content is not None:
        broken.write_bytes(content)
    good = table(tmp_path / "cells.csv", {"eng": 0.5})
    assert last_line([(ABOUT, str(broken))]) is None
    assert last_line([(ABOUT, str(broken)), (ABOUT, good)]).startswith("5 of 10 answers")


def test_a_folder_in_place_of_a_table_is_passed_over(tmp_path):
    assert last_line([(ABOUT, str(tmp_path))]) is None


def test_a_run_ends_with_the_line_also_when_quiet_and_when_it_fails(tmp_path):
    project = copy_project(tmp_path, micro_config())
    target = [paths.ITEMS.format(knowledge="general", language="eng"), "--quiet", "all"]
    about = ABOUT | {"model": "sandbox", "knowledge": "fictional"}
    assert "could not be read" not in snakemake(project, *target), "there are no tables yet"
    table(project / paths.CELLS.format(**about), {"eng": 0.0, "zul": 0.9})
    (project / target[0]).unlink()
    assert "could not be read" not in snakemake(project, *target, "--dry-run")
    assert snakemake(project, *target).count("9 of 20 answers of this run could not be read") == 1, "not of each job"
    (project / target[0]).unlink()
    (project / "data/phrasebook/eng.yaml").write_text("- broken", encoding="utf-8")
    failed = snakemake(project, *target, check=False)
    assert failed.count("9 of 20 answers of this run could not be read") == 1
    assert not (project / target[0]).exists()
