"""The plan, the versions of rules, and what must stay in step."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from isogloss import plan, versions
from isogloss.checking import load_config


@pytest.fixture
def config(raw_config, languages):
    return load_config(raw_config, languages)


def test_planning_loads_nothing_heavy():
    """Every parse of the Snakefile pays for what it imports."""
    code = (
        "import sys, isogloss.plan, isogloss.versions, isogloss.models.sandbox.manifest as m;"
        "print([x for x in ('torch', 'transformers', 'polars', 'babel', 'matplotlib') if x in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_studies(config):
    assert plan.knowledge_of(config, "transferability") == ["fictional"]
    assert plan.knowledge_of(config, "verification") == ["fictional", "general"]
    assert plan.lessons_of(config, "verification") == ["none"]
    assert plan.asked_in(config, "transferability", "fine-tuning", "zul") == config.languages
    assert plan.adapters_of(config, "transferability", "fine-tuning", "sandbox") == [(1, 12)]
    assert plan.adapters_of(config, "verification", "untaught", "sandbox") == []
    assert plan.asked_in(config, "effectiveness", "fine-tuning", "zul") == ["zul"]
    assert plan.asked_in(config, "robustness", "in-context", "zul-wrong") == ["zul"]
    assert plan.adapters_of(config, "effectiveness", "fine-tuning", "sandbox") == [(1, epoch) for epoch in range(1, 13)]
    assert plan.settings_of(config, "transferability") == ["fine-tuning", "in-context"]
    assert plan.adapters_of(config, "transferability", "in-context", "sandbox") == []


def test_adapters_are_those_of_all_studies_once(config):
    adapters = plan.adapters(config, "sandbox")
    pairs = plan.lessons_of(config, "prioritization")
    assert len(pairs) == 3 * config.prioritization.pairs
    bridges = plan.lessons_of(config, "conductivity")
    assert len(bridges) == 3 * config.conductivity.per_tier
    # each language, pair and bridge for 12 epochs, effectiveness and transferability sharing theirs; wrong answers for 3
    assert len(adapters) == (19 + len(pairs) + len(bridges)) * 12 + 19 * 3
    assert {"knowledge": "general", "lesson": "zul-wrong", "seed": 1, "epoch": 3} in adapters
    assert not [a for a in adapters if a["lesson"].endswith("-wrong") and (a["epoch"] > 3 or a["knowledge"] != "general")]
    assert not set(plan.asked_in(config, "prioritization", "in-context", pairs[0])) & set(plan.languages_of(pairs[0]))


def test_a_setting_that_is_not_asked_for_has_no_work(raw_config, languages):
    config = load_config(raw_config | {"settings": ["in-context"]}, languages)
    assert plan.settings_of(config, "verification") == ["untaught"]
    assert plan.settings_of(config, "effectiveness") == []
    assert plan.settings_of(config, "transferability") == ["in-context"]
    assert plan.adapters(config, "sandbox") == []


def test_a_study_that_is_not_asked_for_has_no_work(raw_config, languages):
    config = load_config(raw_config | {"studies": ["verification"]}, languages)
    assert plan.knowledge_of(config, "transferability") == []
    assert plan.adapters(config, "sandbox") == []


def test_an_exam_that_no_study_has_is_refused(config):
    with pytest.raises(ValueError, match="verification has no lesson 'eng'"):
        plan.asked_in(config, "verification", "untaught", "eng")
    with pytest.raises(ValueError, match="in the setting untaught"):
        plan.asked_in(config, "transferability", "untaught", "eng")


def test_cohorts_split_the_lessons_by_the_config_alone(config):
    found = plan.cohorts(config, "transferability", "fine-tuning")
    assert [len(cohort.lessons) for cohort in found] == [10, 9]
    assert [lesson for cohort in found for lesson in cohort.lessons] == config.languages
    assert found[1].tag == "2"
    (whole,) = plan.cohorts(config.model_copy(update={"cohort": "auto"}), "transferability", "fine-tuning")
    assert whole.chosen({}) == config.languages
    (each,) = plan.cohorts(config.model_copy(update={"cohort": 1}), "transferability", "fine-tuning")
    assert each.chosen({"lesson": "eng"}) == ["eng"]
    assert each.tag == "{lesson}"


def test_what_others_measured_is_neither_taught_nor_asked(raw_config, languages):
    theirs = {"provider": "published", "transferability": {"fine-tuning": "data/published/gpt-4o-mini_fine-tuning.csv"}}
    changes = {"models": raw_config["models"] | {"theirs": theirs}, "run": ["sandbox", "theirs"]}
    config = load_config(raw_config | changes, languages)
    assert (plan.measured(config), plan.published(config)) == (["sandbox"], ["theirs"])
    assert {cohort.model for cohort in [*plan.exams(config), *plan.taught(config)]} == {"sandbox"}


def test_every_exam_and_every_adapter_has_a_cohort(config, monkeypatch):
    asked = {
        (cohort.study, cohort.setting, cohort.knowledge, lesson) for cohort in plan.exams(config) for lesson in cohort.lessons
    }
    assert asked == {
        (study, setting, knowledge, lesson)
        for study in plan.STUDIES
        for setting in plan.STUDIES[study].settings
        for knowledge in plan.knowledge_of(config, study)
        for lesson in plan.lessons_of(config, study)
    }
    lessons = [(cohort.knowledge, lesson) for cohort in plan.taught(config) for lesson in cohort.lessons]
    assert len(set(lessons)) == len(lessons)
    assert set(lessons) == {(adapter["knowledge"], adapter["lesson"]) for adapter in plan.adapters(config, "sandbox")}
    assert {cohort.model for cohort in plan.exams(config)} == set(config.models)
    fewer = config.model_copy(update={"studies": ["verification"]})
    assert plan.exams(fewer) == plan.exams(config), "what is not asked for can be made by naming its path"
    another = plan.STUDIES | {"refreshing": plan.Study(("fine-tuning",), "each", ("known",))}
    monkeypatch.setattr(plan, "STUDIES", another)
    assert {cohort.knowledge for cohort in plan.taught(config) if cohort.lessons[0] == "eng"} == {"fictional", "general"}


@pytest.mark.parametrize("script", versions.recorded())
def test_a_dear_rule_is_renewed_when_its_code_changes(script):
    """Decide: do results change? Then raise the number in workflow/versions.json. Then run: python -m isogloss.versions"""
    assert versions.recorded()[script]["digest"] == versions.digest(script)


def test_digests_follow_imports(tmp_path, monkeypatch):
    package = tmp_path / "isogloss"
    for name, text in {
        "measures/a.py": "from isogloss.measures import b",
        "measures/b.py": "import isogloss.store",
        "store.py": "x = 1",
        "config.py": "x = 1",
        "unused.py": "x = 1",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    (tmp_path / "rule.py").write_text("from isogloss.measures.a import f\nfrom isogloss.config import Config")
    monkeypatch.setattr(versions, "PACKAGE", package)
    monkeypatch.setattr(versions, "SCRIPTS", tmp_path)
    before = versions.digest("rule")
    for name, changes in (("unused.py", False), ("config.py", False), ("store.py", True), ("measures/b.py", True)):
        (package / name).write_text((package / name).read_text() + "\ny = 2")
        after = versions.digest("rule")
        assert (after != before) == changes, name
        before = after


def test_every_rule_has_its_script_and_every_script_its_rule():
    rules = "\n".join(path.read_text(encoding="utf-8") for path in Path("rules").glob("*.smk"))
    for script in Path("workflow/scripts").glob("*.py"):
        assert f'"../workflow/scripts/{script.name}"' in rules
        assert f'version("{script.stem}")' in rules
        tree = ast.parse(script.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree)
        assert "job.start(snakemake)" in ast.unparse(tree)


def test_conda_environments_are_in_step_with_pyproject():
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in ("cpu", "gpu"):
        environment = yaml.safe_load(Path(f"envs/{name}.yaml").read_text(encoding="utf-8"))
        (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
        assert sorted(pip) == sorted(project["dependencies"])
        assert f"python{project['requires-python']}" in environment["dependencies"]
