"""Multiple choice and the export as users run them: a model here and one behind an interface."""

import polars as pl
import pytest
import yaml
from openai_server import OpenAIServer
from test_workflow import changed, copy_project, micro_config, pending, snakemake

from isogloss.measures.choices import POSITION_SCHEMA, RANKC_SCHEMA

KEY = "ISOGLOSS_TEST_KEY"
HEADER = "task,level,item,language,question,option_a,option_b,option_c,label\n"
QUESTIONS = {"eng": "Which comes first?", "spa": "¿Cuál es primero?"}


def config_of(base_url: str, source: str) -> dict:
    remote = {"provider": "openai", "name": "m", "base_url": base_url, "key": KEY}
    return micro_config(
        languages=["eng", "spa"],
        models={"sandbox": {"provider": "sandbox"}, "tested": remote},
        run=["sandbox", "tested"],
        studies=["verification"],
        choices={"own": {"source": source, "orders": 3, "reference": "tested"}, "world": {"items": 3}},
    )


def test_choices_from_items_to_the_figure(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "secret")
    with OpenAIServer() as server:
        project = copy_project(tmp_path, config_of(server.base_url, "own.csv"))
        rows = [f"firsts,factual,q{i},{code},{text} {i},a{i},b{i},c{i},A" for code, text in QUESTIONS.items() for i in range(4)]
        (project / "own.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
        targets = ["results/figures/alignment_own.png", "results/figures/alignment_world.png", "results/plan.md"]
        targets += ["results/export/fictional/group.yaml"]
        snakemake(project, *targets)
        asked = len(server.bodies)
        assert "Nothing to be done" in snakemake(project, *targets)
        folder = project / "results/alignment/own"
        before = {path.name: path.read_bytes() for path in [*folder.glob("*.csv"), *folder.glob("answers/*")]}
        snakemake(project, *targets, "--forcerun", "choose", "choose_remote")
        assert len(server.bodies) == asked, "what was answered is kept"
    assert {path.name: path.read_bytes() for path in [*folder.glob("*.csv"), *folder.glob("answers/*")]} == before
    scores = pl.read_csv(folder / "scores.csv")
    assert scores["model"].unique(maintain_order=True).to_list() == ["sandbox", "tested"]
    # it always names the letter A: right in the own order, and never else
    assert scores.filter(model="tested")["firsts"].to_list() == [1, 1, 1]
    places = pl.read_csv(folder / "positions.csv", schema=POSITION_SCHEMA)
    assert places.filter(model="tested", place="A")["chosen"].to_list() == pytest.approx([1, 1])
    assert places.filter(model="tested")["steady"].to_list() == [0] * 6
    assert set(pl.read_csv(folder / "rankc.csv", schema=RANKC_SCHEMA)["model"]) == {"sandbox"}
    assert asked == 2 * 3 * 3 + 2 * 2 * 2, "three items in three orders in two languages, and two of two tasks"
    plan = (project / "results/plan.md").read_text(encoding="utf-8")
    assert "| tested | choose | own |  |  |  | 18 |" in plan
    assert "| tested | choose | world |  |  |  | 8 |" in plan
    assert (project / "results/export/fictional/spa.jsonl").read_text(encoding="utf-8").count("\n") == 12
    config = project / "config.yaml"
    with changed(config, config.read_text(encoding="utf-8").replace("orders: 3", "orders: 2")):
        jobs = {name: count for name, count in pending(project).items() if name.startswith(("ch", "figure_al"))}
    assert jobs == {"choose": 1, "choose_remote": 1, "choices": 1, "figure_alignment": 1}, "of one set, and no new items"


def test_choices_are_no_part_of_a_config_without_them(tmp_path):
    project = copy_project(tmp_path, micro_config())
    assert not {"choices", "choose", "choice_items", "export", "figure_alignment"} & set(pending(project))
    with_them = yaml.safe_dump(micro_config(choices={"world": {}}))
    with changed(project / "config.yaml", with_them):
        jobs = pending(project)
    assert {name: jobs[name] for name in ("choice_items", "choose", "choices", "figure_alignment")} == dict.fromkeys(
        ("choice_items", "choose", "choices", "figure_alignment"), 1
    )
