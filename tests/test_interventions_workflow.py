"""Interventions as users run them, from texts to figures; and what they take."""

import polars as pl
import pytest
from test_workflow import copy_project, micro_config, snakemake

FIGURES = [f"results/figures/{name}.png" for name in ("neurons", "overlap", "lens", "mitigations")]
TARGETS = [*FIGURES, "results/plan.md"]
TABLES = ["differences", "doses", "contrasts", "controls", "answer_languages", "perplexity", "mitigations"]
NEURONS = {"kind": "neurons", "set": "top", "draws": 1}
INTERVENTIONS = {
    "off": NEURONS | {"operation": "flip", "random": 1},
    "lape-mean": NEURONS | {"set": "lape", "operation": "mean"},
    "towards-english": {"kind": "steering", "layer": 2},
    "xlt": {"kind": "steps", "steps": "xlt"},
    "mixed": {"kind": "lessons", "add": "mixed"},
    "names": {"kind": "lessons", "add": "names"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    config = micro_config(
        languages=["eng", "spa", "swe", "zul"],
        knowledge={"fictional": {"provider": "built-in", "kind": "new", "items": 10}},
        studies=["transferability"],
        cohort="auto",
        interventions=INTERVENTIONS,
        intervention_items=4,
        language_neurons={"top": 0.1, "lape": 0.1, "texts": 20, "scored_texts": 8},
        explain={"permutations": 20},
    )
    folder = copy_project(tmp_path_factory.mktemp("intervened"), config)
    snakemake(folder, *TARGETS)
    return folder


def test_every_table_and_figure_is_there(project):
    own = project / "results/sandbox/fictional"
    for name in TABLES:
        assert len(pl.read_csv(own / f"interventions/{name}.csv")), name
    for path in FIGURES:
        assert (project / path).stat().st_size > 5000, path
    compared = pl.read_csv(own / "interventions/mitigations.csv")
    assert set(compared["mitigation"]) == {"lape-mean", "towards-english", "xlt", "mixed", "names"}


def test_derived_models_are_asked_the_same(project):
    """The first items alone, after the same contexts, all but the steps in the same words."""
    keys = ["asked_in", "item"]
    pattern = "results/{}/fictional/transferability/in-context/scores/spa.parquet"
    base = pl.read_parquet(project / pattern.format("sandbox"))
    for name in ("off-draw1", "off-random1", "lape-mean-draw1", "towards-english", "xlt"):
        own = pl.read_parquet(project / pattern.format(f"sandbox@{name}"))
        assert own["item"].unique().sort().to_list() == ["q0001", "q0002", "q0003", "q0004"]
        both = own.join(base, on=keys, how="inner", suffix="_base")
        assert len(both) == len(own) == 16
        assert both["context"].to_list() == both["context_base"].to_list()
        if name != "xlt":
            assert both["question"].to_list() == both["question_base"].to_list()


def test_what_they_take_is_in_the_plan(project):
    """A row for every derived model; lessons with names added take three times as many steps."""
    text = (project / "results/plan.md").read_text(encoding="utf-8")
    for name in ("off-draw1", "off-random1", "lape-mean-draw1", "towards-english", "xlt", "mixed", "names"):
        assert f"| sandbox@{name} |" in text, name
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "| teach |" in line]
    steps = {row[0]: int(row[6].replace(",", "")) for row in rows}
    assert steps["sandbox@names"] == 3 * steps["sandbox"]


def test_a_second_run_has_nothing_to_do(project):
    assert "Nothing to be done" in snakemake(project, "--dry-run", *TARGETS)
