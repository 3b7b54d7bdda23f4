"""Every config that is shipped leads to a whole plan."""

import shutil

import pytest
import yaml
from conftest import ROOT
from test_gguf import ByteLevel, original, write
from test_workflow import copy_project, snakemake

FILES = ["qwen2.5-coder-0.5b-instruct.gguf", "smollm2-135m-instruct.gguf", "gemma-3-270m.gguf"]
CONFIGS = ["config.yaml", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "config").rglob("*.yaml"))]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    folder = copy_project(tmp_path_factory.mktemp("examples"), raw)
    shutil.copytree(ROOT / "config", folder / "config")
    return folder


@pytest.fixture(autouse=True, scope="module")
def _real_models(tmp_path_factory):
    """Tiny files by the names of those that examples are about."""
    folder, tokenizer = tmp_path_factory.mktemp("models"), ByteLevel()
    for name in FILES:
        write(folder / name, original("llama", tokenizer), "llama", tokenizer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISOGLOSS_REAL_MODELS", str(folder))
        yield


@pytest.mark.parametrize("path", CONFIGS)
def test_a_dry_run_plans_everything(project, path):
    text = snakemake(project, "--dry-run", "--configfile", path)
    assert "Job stats:" in text
    assert "\nreport  " in text


def test_neurons_that_languages_share_need_no_intervention(project):
    text = snakemake(project, "results/figures/overlap.pdf", "--dry-run", "--configfile", "config/examples/gemma-3-270m.yaml")
    assert "record_activations" in text
    assert "intervention " not in text
