"""Every config that is shipped leads to a whole plan."""

import shutil

import pytest
import yaml
from conftest import ROOT
from test_workflow import copy_project, snakemake

CONFIGS = ["config.yaml", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "config").rglob("*.yaml"))]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    folder = copy_project(tmp_path_factory.mktemp("examples"), raw)
    shutil.copytree(ROOT / "config", folder / "config")
    return folder


@pytest.mark.parametrize("path", CONFIGS)
def test_a_dry_run_plans_everything(project, path):
    text = snakemake(project, "--dry-run", "--configfile", path)
    assert "Job stats:" in text
    assert "\nreport  " in text
