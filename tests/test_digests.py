"""What is in the place of a file counts, not how old it is."""

import os
import shutil

import polars as pl
import pytest
from test_workflow import copy_project, micro_config, pending, snakemake

from isogloss import digests
from isogloss.digests import digest_of

OLD = 1_000_000_000  # seconds since 1970


@pytest.fixture
def large(tmp_path, monkeypatch):
    """Two files of the same size that were written long ago; what is read of them is counted."""
    monkeypatch.setattr(digests, "LARGE", 10)
    monkeypatch.setattr(digests, "SETTLED", 0.0)
    for name in "ab":
        (tmp_path / name).write_text(name * 20, encoding="utf-8")
        os.utime(tmp_path / name, (OLD, OLD))
    reads = []
    whole = digests.hashlib.file_digest
    monkeypatch.setattr(digests.hashlib, "file_digest", lambda *args: reads.append(1) or whole(*args))
    return tmp_path, reads


def forget():
    """As in another process."""
    digests._kept.clear()


def test_a_large_file_is_read_once(large):
    folder, reads = large
    found = {digest_of([folder / "a"], folder / "store") for _ in range(3)}
    forget()
    found.add(digest_of([folder / "a"], folder / "store"))
    assert (len(found), len(reads)) == (1, 1)
    (folder / "store").write_text("not JSON", encoding="utf-8")
    forget()
    assert digest_of([folder / "a"], folder / "store") in found
    assert len(reads) == 2


def test_what_takes_the_place_of_a_file_is_seen(large):
    folder, _ = large
    store, current = folder / "store", folder / "current"
    one, other = (digest_of([folder / name], store) for name in "ab")
    assert one != other
    current.symlink_to(folder / "a")
    assert digest_of([current], store) == one
    current.unlink()
    current.symlink_to(folder / "b")
    assert digest_of([current], store) == other
    current.unlink()
    shutil.copy2(folder / "a", current)
    assert digest_of([current], store) == one
    shutil.copy2(folder / "b", current)
    assert digest_of([current], store) == other, "of the same time and size, in the same place"
    current.unlink()
    assert digest_of([current], store) not in (one, other)


def test_order_and_number_of_files_count(large):
    folder, _ = large
    paths = [folder / "a", folder / "b"]
    assert len({digest_of(own, folder / "store") for own in (paths, paths[::-1], paths[:1])}) == 3


def table(path, answer):
    """Questions in two languages."""
    rows = [
        {
            "item": f"q{i}",
            "language": code,
            "question_1": f"{word} {i}?",
            "question_2": f"{i}: {word}?",
            "answer": f"{answer} {i}",
            "conflict_answer": f"stone {i}",
        }
        for i in range(8)
        for code, word in (("eng", "What grows at place"), ("spa", "¿Qué crece en el lugar"))
    ]
    pl.DataFrame(rows).write_csv(path)
    return path


def test_a_model_and_a_table_that_are_older_are_taken_all_the_same(tmp_path):
    """`cp -p`, `ln -sfn`: neither makes anything newer than what was made of the files before."""
    config = micro_config(run=["mine"], studies=["verification"], settings=["in-context"])
    config["knowledge"] = {"own": {"provider": "source", "kind": "known", "source": "own.csv", "languages": ["eng", "spa"]}}
    config["languages"] = ["eng", "spa"]
    asking = {"max_new_tokens": 4, "prompts": "plain"}
    config["models"] = {"mine": {"provider": "transformers", "path": "CURRENT", "asking": asking}}
    project = tmp_path / "project"
    project.mkdir()
    for name in ("ONE", "TWO"):
        shutil.copytree("data/sandbox", project / name)
    template = project / "TWO" / "chat_template.jinja"
    template.write_text("{{ '<|user|>' }}" + template.read_text(encoding="utf-8"), encoding="utf-8")
    (project / "CURRENT").symlink_to("ONE")
    table(project / "own.csv", "moss")
    other = table(tmp_path / "other.csv", "rice")
    for path in [other, *project.glob("*/*")]:
        os.utime(path, (OLD, OLD))
    copy_project(project, config)
    answers = "results/mine/own/verification/untaught/answers/none.parquet"
    snakemake(project, answers)
    assert pending(project, answers) == {}

    (project / "CURRENT").unlink()
    (project / "CURRENT").symlink_to("TWO")
    assert set(pending(project, answers)) == {"ask"}
    (project / "CURRENT").unlink()
    (project / "CURRENT").symlink_to("ONE")
    assert pending(project, answers) == {}

    shutil.copy2(other, project / "own.csv")
    assert {"source_own", "items_source", "ask"} == set(pending(project, answers))
