"""Which models interventions make, and what is wrong with some."""

from pathlib import Path

import pytest
import yaml

from isogloss import plan
from isogloss.checking import ConfigError, load_config
from isogloss.languages import read_languages

FLIP = {"kind": "neurons", "set": "top", "operation": "flip", "draws": 2, "random": 3}
XLT = {"kind": "steps", "steps": "xlt"}
NAMES = {"kind": "lessons", "add": "names"}
BUILT_IN = {"new": {"kind": "new"}, "old": {"kind": "known"}}
STEERING = {"kind": "steering", "layer": 2}


def config(interventions, **changes):
    raw = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))
    raw |= {"interventions": interventions, "intervened": None} | changes
    return plan.with_derived(load_config(raw, read_languages("data/languages.csv")))


def test_an_intervention_makes_models():
    found = config({"flip": FLIP, "xlt": XLT})
    assert [key for key in found.models if "@" in key] == [
        "sandbox@flip-draw1",
        "sandbox@flip-draw2",
        "sandbox@flip-random1",
        "sandbox@flip-random2",
        "sandbox@flip-random3",
        "sandbox@xlt",
    ]
    draws = {own.key: own.draw for own in plan.derived_of(found, "sandbox")}
    assert [draws[f"sandbox@flip-random{number}"] for number in (1, 2, 3)] == [1, 2, 1]


def test_a_derived_model_is_asked_its_transfer_alone():
    found = config({"xlt": XLT, "names": NAMES})
    asked = {(cohort.model, cohort.study, cohort.setting) for cohort in plan.exams(found) if "@" in cohort.model}
    assert asked == {
        ("sandbox@xlt", "transferability", "in-context"),
        ("sandbox@names", "transferability", "fine-tuning"),
    }
    assert {cohort.model for cohort in plan.taught(found)} == {"sandbox", "sandbox@names"}
    assert plan.sandboxes(found) == ["sandbox"]
    assert plan.model_folder(found, "sandbox@xlt") == plan.model_folder(found, "sandbox")


def test_nothing_in_a_model_behind_an_interface_can_be_reached():
    models = {"sandbox": {"provider": "sandbox"}, "api": {"provider": "openai", "name": "some-model"}}
    found = config({"flip": FLIP, "xlt": XLT}, models=models, run=["sandbox", "api"])
    assert [key for key in found.models if key.startswith("api@")] == ["api@xlt"]


@pytest.mark.parametrize(
    ("interventions", "changes", "path", "fix"),
    [
        ({"to": STEERING | {"layer": 9}}, {}, "interventions.to.layer", "sandbox has 4 layers; write layer: 2"),
        ({"to": STEERING | {"towards": "deu"}}, {}, "interventions.to.towards", "'deu' is not studied"),
        (
            {"names": NAMES},
            {
                "languages": ["fra", "swa"],
                "translation": None,
                "knowledge": BUILT_IN,
                "choices": {},
                "studies": ["transferability"],
            },
            "interventions.names",
            "add eng to languages",
        ),
        ({"flip": FLIP, "flip-draw1": XLT}, {}, "interventions.flip-draw1", "makes a model sandbox@flip-draw1, and so does flip"),
        ({"flip": {"set": "top"}}, {}, "interventions.flip", "has no kind; add the line kind: ..."),
        ({"flip": FLIP | {"oporation": "flip"}}, {}, "interventions.flip.oporation", "write operation: flip"),
        (
            {"flip": FLIP | {"operation": "off"}},
            {},
            "interventions.flip.operation",
            "must be one of 'zero', 'flip', 'mean' or 'add'",
        ),
    ],
)
def test_a_problem_is_reported_with_its_fix(interventions, changes, path, fix):
    with pytest.raises(ConfigError) as error:
        config(interventions, **changes)
    line = next(line for line in str(error.value).splitlines() if f"{path}:" in line)
    assert fix in line


def test_neurons_need_a_model_that_runs_here():
    models = {"api": {"provider": "openai", "name": "some-model"}}
    with pytest.raises(ConfigError, match="needs a model that runs here"):
        config(
            {"flip": FLIP},
            models=models,
            run=["api"],
            translation=None,
            knowledge=BUILT_IN,
        )


def test_only_models_that_are_named_are_changed():
    models = {"sandbox": {"provider": "sandbox"}, "api": {"provider": "openai", "name": "some-model"}}
    found = config(
        {"flip": FLIP, "xlt": XLT}, models=models, run=["api"], intervened=["sandbox"], translation=None, knowledge=BUILT_IN
    )
    assert not [key for key in found.models if "@" in key], "the sandbox is not run"
    found = config({"xlt": XLT}, models=models, run=["sandbox", "api"], intervened=["api"])
    assert [key for key in found.models if "@" in key] == ["api@xlt"]
    with pytest.raises(ConfigError, match="no model is called 'sandbx'"):
        config({"xlt": XLT}, intervened=["sandbx"])


@pytest.mark.parametrize("changes", [{"settings": ["fine-tuning"]}, {"studies": ["verification"]}])
def test_what_is_not_asked_for_has_no_derived_models(changes):
    assert not [key for key in config({"xlt": XLT, "flip": FLIP}, **changes).models if "@" in key]
