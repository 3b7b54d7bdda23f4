"""The workflow as users run it: whole, again, and after a change."""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import psutil
import pytest
import yaml
from conftest import ROOT
from test_figures import assert_fonts_embedded

MICRO_RECIPE = {
    "first_documents": 100, "documents": 1500, "width": 32, "layers": 2, "heads": 2, "feed_forward": 64, "vocabulary": 1024,
    "window": 128, "batch": 8,
}  # fmt: skip


def micro_config(**changes):
    knowledge = {"provider": "built-in", "items": 12}
    return {
        "languages": ["eng", "spa", "zul"],
        "knowledge": {"fictional": {**knowledge, "kind": "new"}, "general": {**knowledge, "kind": "known"}},
        "models": {"sandbox": {"provider": "sandbox", "teaching": {"epochs": 2, "batch": 8, "learning_rate": 3e-3}}},
        "run": ["sandbox"],
        "studies": ["verification", "effectiveness", "transferability", "prioritization", "robustness"],
        "cohort": 1,
        "bootstrap": 100,
    } | changes


def copy_project(target: Path, config: dict) -> Path:
    """A checkout of its own, with another config."""
    for name in ("Snakefile", "rules", "workflow", "profiles", "envs", "isogloss", "data", "pyproject.toml"):
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__", "cache")
        shutil.copytree(source, target / name, ignore=ignore) if source.is_dir() else shutil.copy2(source, target / name)
    (target / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return target


def snakemake(project: Path, *arguments: str, check: bool = True) -> str:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert not check or result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def pending(project: Path, *targets: str) -> dict[str, int]:
    """Jobs a dry run lists, by rule."""
    text = snakemake(project, "--dry-run", *targets)
    if "Nothing to be done" in text:
        return {}
    table = text.split("Job stats:")[1]
    jobs = Counter()
    for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE):
        jobs[re.sub("^(teach|ask|score)_.*", r"\1", name)] += int(count)  # each cohort has rules of its own
    return {name: count for name, count in jobs.items() if name not in ("total", "all")}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A finished run on the shipped weights."""
    folder = copy_project(tmp_path_factory.mktemp("shipped"), micro_config())
    snakemake(folder)
    return folder


@contextmanager
def changed(path: Path, text: str):
    """A file with another text, for a while."""
    before = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


# What a change in anything that the exams ask leads to.
VERIFICATION = {"verification": 2, "figure_verification": 1}
LEARNING = {"effectiveness": 1, "figure_learning_curves": 1}
TRANSFER = {"transferability": 2, "figure_transfer_matrix": 1, "figure_tiers": 1}
CONFLICT = {"prioritization": 2, "figure_conflict": 1}
ROBUSTNESS = {"robustness": 2, "figure_robustness": 1}
EVERYTHING = {"all_scores": 1, "measures": 1, "report": 1}
DOWNSTREAM = {**EVERYTHING, **LEARNING, **TRANSFER, **CONFLICT, **ROBUSTNESS, "card": 1}
ABILITIES = {"sandbox_abilities": 1, "abilities": 1, "figure_translation": 1}
ASKED = 2 + 3 + 2 * 3 + 2 * 2 + 2 * 3  # exams of the five studies, most in two settings


def once(measures: dict[str, int]) -> dict[str, int]:
    """The same measures in one setting only."""
    return dict.fromkeys(measures, 1)


def test_a_second_run_has_nothing_to_do(project):
    assert pending(project) == {}


def test_results_are_complete(project):
    results = project / "results"
    folder = results / "sandbox/fictional/transferability/fine-tuning"
    matrix = pl.read_csv(folder / "matrix.csv")
    assert matrix.columns == ["taught_in", "eng", "spa", "zul"]
    cells = pl.read_csv(folder / "cells.csv")
    assert len(cells) == 9
    assert cells["n"].to_list() == [12] * 9
    answers = pl.read_parquet(folder / "scores/eng.parquet")
    assert len(answers) == 36
    assert set(answers["state"]) <= {"answered", "unfinished"}
    drawn = pl.read_csv(results / "figures/transfer_matrix.csv")
    assert len(drawn) == 2 * (9 + 6)
    learned = pl.read_csv(results / "sandbox/fictional/effectiveness/fine-tuning/curve.csv")
    assert learned.select("language", "epoch").rows() == [(code, epoch) for code in ("eng", "spa", "zul") for epoch in (0, 1, 2)]
    by_tier = pl.read_csv(results / "sandbox/fictional/effectiveness/fine-tuning/tiers.csv")
    assert by_tier["tier"].to_list() == ["high", "low", "low-high"]
    last = learned.filter(epoch=2)["accuracy"].to_list()
    assert last == cells.filter(pl.col("taught_in") == pl.col("asked_in"))["accuracy"].to_list(), "the matrix's diagonal"
    for figure in ("verification", "tiers", "transfer_matrix", "learning_curves", "conflict", "robustness", "translation"):
        for name in ("pdf", "png"):
            assert (results / f"figures/{figure}.{name}").stat().st_size > 5000
    html = (results / "report.html").read_text(encoding="utf-8")
    assert "What is left after wrong answers?" in html
    assert html.count('src="data:image/png;base64,') == len(list(results.glob("figures/*.png"))) == 7
    told = pl.read_parquet(results / "sandbox/fictional/transferability/in-context/scores/spa.parquet")
    assert told.select("asked_in", "item").n_unique() == 36
    assert told.select("item", "context").n_unique() == 12, "the context is the same in every language asked"
    assert (told["context"].list.len() == 8).all()
    assert told.select(pl.col("context").list.contains("spa:" + pl.col("item"))).to_series().all()
    everything = pl.read_parquet(results / "scores.parquet")
    assert set(everything["study"]) == {"verification", "effectiveness", "transferability", "prioritization", "robustness"}
    # of 12 items: two sets in 3 languages; 3 lessons after 2 epochs; 3 lessons in 3 languages and 2 pairs in 1, both in two
    # settings; 3 wrong lessons after 3 epochs, and once in a context
    assert len(everything) == 12 * (2 * 3 + 3 * 2 + 2 * 9 + 2 * 2 + 3 * 3 + 3)
    preference = pl.read_csv(results / "sandbox/fictional/prioritization/in-context/preference.csv")
    assert set(preference.select("lesson", "asked_in").rows()) == {
        (lesson, asked) for lesson, other in (("eng+zul", "spa"), ("spa+zul", "eng")) for asked in (other, "all")
    }
    kept = pl.read_csv(results / "sandbox/general/robustness/fine-tuning/resistance.csv")
    assert kept.select("language", "epoch").rows() == [(code, epoch) for code in ("eng", "spa", "zul") for epoch in range(4)]
    assert "Known facts" in (results / "models/sandbox/card.md").read_text(encoding="utf-8")


def test_figures_carry_their_fonts_and_lack_no_glyph(project):
    figures = sorted(project.glob("results/figures/*.pdf"))
    assert len(figures) == 7
    for figure in figures:
        assert_fonts_embedded(figure)
    for log in project.glob("results/logs/figure_*.log"):
        assert "Glyph" not in log.read_text(encoding="utf-8"), log


def test_every_job_left_a_log_and_a_benchmark(project):
    logs = {path.relative_to(project / "results/logs").with_suffix("") for path in project.glob("results/logs/**/*.log")}
    marks = {
        path.relative_to(project / "results/benchmarks").with_suffix("") for path in project.glob("results/benchmarks/**/*.tsv")
    }
    assert logs == marks
    assert len(logs) == 6 + 1 + 8 + 2 * ASKED + sum(VERIFICATION.values()) + sum(DOWNSTREAM.values()) + sum(ABILITIES.values())


def test_a_dry_run_reads_like_a_plan(project):
    text = snakemake(project, "--dry-run", "--forceall")
    assert "Teach sandbox the fictional items in zul, seed 1" in text
    assert "Ask sandbox the general items (verification, untaught: none)" in text
    assert "Write the fictional items in spa" in text


def test_a_phrasebook_re_runs_what_is_written_in_it(project):
    path = project / "data/phrasebook/spa.yaml"
    with changed(path, path.read_text(encoding="utf-8").replace("¿", "¿ ", 1)):
        # both sets in Spanish, the lessons that have Spanish, and every exam that is taught or asked in it; and all answers are
        # scored anew, since one to a question in another language may be right in Spanish
        exams = 2 + 1 + 2 * 3 + 2 * 2 + 2
        assert pending(project) == {
            "items": 2, "teach": 3, "ask": exams, "score": ASKED, **VERIFICATION, **ABILITIES, **DOWNSTREAM,
        }  # fmt: skip
        assert "data/phrasebook/spa.yaml changed" in snakemake(project, "--dry-run")
    assert pending(project) == {}


def test_a_config_value_re_runs_what_it_reaches(project):
    def after(**changes):
        with changed(project / "config.yaml", yaml.safe_dump(micro_config(**changes))):
            return pending(project)

    measures = {key: count for key, count in DOWNSTREAM.items() if key != "all_scores"}
    assert after(bootstrap=200) == {**VERIFICATION, "abilities": 1, "figure_translation": 1, **measures}
    slower = {"provider": "sandbox", "teaching": {"epochs": 2, "batch": 8, "learning_rate": 1e-3}}
    assert after(models={"sandbox": slower}) == {
        "teach": 3 + 3 + 2, "ask": 11, "score": 11, **once(DOWNSTREAM),
    }  # fmt: skip
    shorter = {
        "provider": "sandbox",
        "teaching": {"epochs": 2, "batch": 8, "learning_rate": 3e-3},
        "asking": {"max_new_tokens": 9},
    }
    assert after(models={"sandbox": shorter}) == {"ask": ASKED, "score": ASKED, **VERIFICATION, **ABILITIES, **DOWNSTREAM}
    told = once({**EVERYTHING, **TRANSFER, **CONFLICT, **ROBUSTNESS, "card": 1})
    assert after(context={"pairs": 4}) == {"ask": 8, "score": 8, **told}
    assert after(robustness={"epochs": 1}) == {
        "teach": 3,
        "ask": 3,
        "score": 3,
        **EVERYTHING,
        **once(ROBUSTNESS),
    }
    fewer = {"fictional": {"kind": "new", "items": 12}, "general": {"kind": "known", "items": 11}}
    assert after(knowledge=fewer) == {
        "items": 3, "teach": 3, "ask": 7, "score": 7, **EVERYTHING, "card": 1, **once(VERIFICATION),
        **ROBUSTNESS,
    }  # fmt: skip
    assert after(languages=["spa", "eng", "zul"]) != {}, "the order of languages is the order of the tables"
    assert pending(project) == {}


def test_new_shipped_weights_are_noticed(project):
    path = project / "data/sandbox/manifest.json"
    with changed(path, path.read_text(encoding="utf-8") + "\n"):
        assert pending(project)["sandbox_shipped"] == 1
        assert pending(project).keys() >= {"teach", "ask", *ABILITIES}
    assert pending(project) == {}


def test_a_lost_adapter_is_taught_again_alone(project):
    folder = project / "results/sandbox/fictional/lessons/zul/seed-1/epoch-2"
    lost = folder / "adapter_model.safetensors"
    kept = lost.read_bytes()
    lost.unlink()
    assert pending(project) == {
        "teach": 1,
        "ask": 2,
        "score": 2,
        **once({**EVERYTHING, **LEARNING, **TRANSFER, "card": 1}),
    }
    snakemake(project)
    assert lost.read_bytes() == kept, "taught again, it is the same to the byte"
    log = project / "results/logs/teach/sandbox/fictional/effectiveness/fine-tuning/seed-1/zul.log"
    assert "mean loss" not in log.read_text(encoding="utf-8"), "the store had it: nothing is trained"
    assert pending(project) == {}


def test_a_bad_config_stops_before_any_work(project):
    path = project / "config.yaml"
    with changed(path, path.read_text(encoding="utf-8").replace("- zul", "- no\n- xyz")):
        text = snakemake(project, "--dry-run", check=False)
    assert "The config has 2 problems:" in text
    assert "read as false by YAML" in text
    assert "no language has the code 'xyz'" in text
    assert "Traceback" not in text


def test_a_recipe_that_is_not_the_shipped_one_is_refused(project):
    other = micro_config(models={"sandbox": {"provider": "sandbox", "recipe": {"share_exponent": 0}}})
    with changed(project / "config.yaml", yaml.safe_dump(other)):
        text = snakemake(project, "--dry-run", check=False)
    assert "cannot use the shipped weights; write weights: rebuild" in text
    assert "recipe.share_exponent is 0.0" in text


def test_a_run_killed_outright_leaves_no_child_and_goes_on(project):
    target = "results/sandbox/fictional/lessons/eng/seed-1/epoch-2/adapter_model.safetensors"
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--forcerun",
        "teach_sandbox__fictional__effectiveness__fine_tuning__1",
        "--",
        target,
    ]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    children = []
    deadline = time.monotonic() + 120
    while not children and time.monotonic() < deadline:
        time.sleep(0.2)
        children = [p for p in psutil.Process(process.pid).children(recursive=True) if "teach.py" in " ".join(p.cmdline())]
    assert children
    time.sleep(1)  # the job opens its log and looks for its parent first
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
    assert "--unlock" in snakemake(project, check=False)
    snakemake(project, "--unlock")
    snakemake(project)
    assert pending(project) == {}


def test_whole_dag_with_a_sandbox_of_its_own(tmp_path):
    """From the corpus to the figure, in one job for all lessons."""
    model = {
        "provider": "sandbox", "weights": "rebuild", "recipe": MICRO_RECIPE,
        "teaching": {"epochs": 2, "batch": 8, "learning_rate": 3e-3}, "asking": {"max_new_tokens": 12},
    }  # fmt: skip
    project = copy_project(tmp_path, micro_config(models={"sandbox": model}, cohort=5))
    plan = pending(project)
    assert plan == {
        "sandbox_corpus": 1, "sandbox_tokenizer": 1, "sandbox_pretrain": 1, "items": 6, "teach": 3, "ask": 9,
        "score": 9, **VERIFICATION, **ABILITIES,
        **DOWNSTREAM,
    }  # fmt: skip
    snakemake(project)
    assert pending(project) == {}
    matrix = pl.read_csv(project / "results/sandbox/fictional/transferability/fine-tuning/matrix.csv")
    assert matrix.shape == (3, 4)
