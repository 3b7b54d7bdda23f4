"""What is wrong with a config is said at once, with the line that mends it."""

import json
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest
import yaml
from conftest import ROOT
from snakemake.utils import update_config

from isogloss.checking import ConfigError, load_config
from isogloss.config import CorpusMix
from isogloss.schema import SCHEMA, SECTIONS, TABLES, schema_text, tables_text

BROKEN = """\
languages: [eng, fr, no, spa, spa, xxx]
knowledge:
  fictional: {provider: built-in, kind: new, items: -5}
  general: {provider: built-in, kind: known, itmes: 10}
models:
  sandbox:
    provider: sandbox
    weights: shiped
    recipe: {share_exponent: -1}
  figures: {provider: transformers, path: /no/such/folder}
run: [sandbox, sandbax]
studies: [verification, transferability]
cohort: 0
"""


def test_the_shipped_config_is_valid(raw_config, languages):
    config = load_config(raw_config, languages)
    assert len(config.languages) == 19
    assert config.run == ["sandbox"]


def test_files_that_transfer_is_explained_with(raw_config, languages, tmp_path):
    """They have to be there, but for those that rules fetch."""
    explain = {"shares": "no.csv", "flores": str(tmp_path), "morphscore": str(tmp_path)}
    with pytest.raises(ConfigError) as error:
        load_config(raw_config | {"explain": explain}, languages)
    for part in ("no no.csv; write shares: TABLE.csv", "no folder of FLORES-200", "no data folder of MorphScore"):
        assert part in str(error.value)
    fetched = {"shares": "results/factors/common_crawl_language_share.csv", "flores": "data/flores200"}
    assert load_config(raw_config | {"explain": fetched}, languages).explain.flores == "data/flores200"


def test_additions_to_it_are_valid(raw_config, languages):
    """Each file of `config/` is said to be used beside config.yaml."""
    paths = sorted(Path("config").glob("*.yaml"))
    assert paths
    for path in paths:
        added = yaml.safe_load(path.read_text(encoding="utf-8"))
        together = deepcopy(raw_config)
        update_config(together, added)  # as Snakemake lays one over the other
        assert load_config(together, languages) != load_config(raw_config, languages)


def test_all_problems_at_once_with_line_and_fix(tmp_path, languages):
    path = tmp_path / "config.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(yaml.safe_load(BROKEN), languages, [path])
    message = str(error.value)
    expected = [
        "config.yaml, line 1: languages[1]: no language has the code 'fr'; write fra (French)",
        'config.yaml, line 1: languages[2]: an unquoted "no" or "off" is read as false by YAML',
        "config.yaml, line 1: languages[4]: spa is listed twice; remove one",
        "config.yaml, line 1: languages[5]: no language has the code 'xxx'",
        "config.yaml, line 3: knowledge.fictional.items: is -5, must be > 0; write items: 1",
        "config.yaml, line 4: knowledge.general.itmes: unknown key; write items: 10",
        "config.yaml, line 8: models.sandbox.weights: is 'shiped', must be one of 'shipped' or 'rebuild'",
        "config.yaml, line 9: models.sandbox.recipe.share_exponent: is -1, must be >= 0",
        "config.yaml, line 10: models.figures: 'figures' is the name of a folder of results",
        "config.yaml, line 10: models.figures.path: /no/such/folder is no model folder",
        "config.yaml, line 11: run[1]: no model is called 'sandbax'; write one of sandbox, figures",
        "config.yaml, line 13: cohort: is 0, must be > 0; write cohort: 1",
    ]
    for line in expected:
        assert line in message
    assert f"The config has {len(expected)} problems:" in message


FIRST = """\
languages: [eng, fra, zul]
knowledge:
  fictional: {provider: built-in, kind: new}
  general: {provider: built-in, kind: known, items: -3}
models:
  sandbox:
    provider: sandbox
    weights: shiped
run: [sandbox]
studies: [verification, transferability]
"""


@pytest.mark.parametrize(
    ("later", "given", "expected"),
    [
        (["languages: [en, fr]"], {}, ["b0.yaml, line 1: languages[0]:", "b0.yaml, line 1: languages[1]:"]),
        (["# mine\n\nlanguages: [eng, de]"], {}, ["b0.yaml, line 3: languages[1]:"]),
        # a section that both have: each value stands in the file that has it
        (
            ["models:\n  sandbox:\n    resources: {mem_mb: 5}", "models:\n\n  sandbox: {wieghts: x}"],
            {},
            ["first.yaml, line 8: models.sandbox.weights:", "b1.yaml, line 3: models.sandbox.wieghts:"],
        ),
        (["languages: [en, fra]", "languages: [eng, fr]"], {}, ["b1.yaml, line 1: languages[1]:"]),
        (["knowledge:\n  mine: {items: 3}"], {}, ["b0.yaml, line 2: knowledge.mine.kind: is missing"]),
        (["run: [sandbox, sandbax]", "cohort: 0"], {}, ["b0.yaml, line 1: run[1]:", "b1.yaml, line 1: cohort:"]),
        (["knowledge:\n  general: {items: -4}"], {}, ["b0.yaml, line 2: knowledge.general.items: is -4"]),
        (["cohort: 3"], {"cohort": 0}, ["--config: cohort:", "first.yaml, line 4: knowledge.general.items:"]),
        ([], {"languages": ["eng", "ja"]}, ["--config: languages[1]:"]),
        (["studdies: [robustness]"], {}, ["b0.yaml, line 1: studdies:"]),
    ],
)
def test_a_problem_is_reported_where_it_stands(tmp_path, languages, later, given, expected):
    files = {tmp_path / "first.yaml": FIRST} | {tmp_path / f"b{i}.yaml": text for i, text in enumerate(later)}
    merged = {}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
        update_config(merged, yaml.safe_load(text))
    update_config(merged, given)
    with pytest.raises(ConfigError) as error:
        load_config(merged, languages, list(files), given)
    for line in expected:
        assert f"  {line}" in str(error.value)


def test_files_of_one_name_are_told_apart(tmp_path, languages):
    paths = [tmp_path / name / "config.yaml" for name in ("one", "two")]
    for path, text in zip(paths, (FIRST, "cohort: 0"), strict=True):
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(yaml.safe_load(FIRST) | {"cohort": 0}, languages, paths)
    assert f"  {paths[1]}, line 1: cohort: is 0" in str(error.value)


def test_snakemake_lays_files_of_the_command_line_over_the_projects(tmp_path):
    for name, text in {"one": "\nlanguages: [en, fra]", "two": "cohort: 0", "three": "\n\nlanguages: [eng, fr]"}.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    files = [str(tmp_path / f"{name}.yaml") for name in ("one", "two", "three")]
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--configfile", *files]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode != 0
    said = result.stdout + result.stderr
    assert "three.yaml, line 3: languages[1]: no language has the code 'fr'" in said
    assert "two.yaml, line 1: cohort: is 0" in said
    assert "config.yaml, line 4:" not in said


def test_other_mistakes(raw_config, languages):
    def message(**changes):
        with pytest.raises(ConfigError) as error:
            load_config(raw_config | changes, languages)
        return str(error.value)

    assert "languages" in message(languages=["eng"])
    assert "has no provider" in message(models={"sandbox": {}})
    assert "must be lower-case" in message(models={"Org/Name": {"provider": "sandbox"}}, run=["Org/Name"])
    assert "transferability needs new knowledge; add fictional: {kind: new}" in message(knowledge={"general": {"kind": "known"}})
    assert "even multiple of heads" in message(models={"sandbox": {"provider": "sandbox", "recipe": {"heads": 7}}})
    assert "is missing; add the line kind" in message(knowledge={"fictional": {}})
    for swapped in (["eng"], ["eng", "eng"], ["eng", "deu"]):
        models = {"sandbox": {"provider": "sandbox", "recipe": {"swapped_shares": swapped}}}
        assert "must be two of the languages; write swapped_shares: [eng, zho]" in message(models=models)
    assert "listed twice" in message(run=["sandbox", "sandbox"])
    assert "fictional.items: has too few items for a context of 130 pairs; write items: 130" in message(context={"pairs": 130})
    alike = {"languages": ["eng", "fra"], "studies": ["prioritization"]}
    assert "prioritization needs languages of two tiers" in message(**alike)
    nothing = dict.fromkeys(CorpusMix.model_fields, 0)
    assert "no kind of document is left" in message(models={"sandbox": {"provider": "sandbox", "recipe": {"mix": nothing}}})


REMOTE = {"provider": "openai", "name": "m"}
HUB = {"provider": "transformers", "hub": "Org/Name", "revision": "0" * 40}
MINE = {"kind": "new", "source": "data/knowledge/coined.csv"}
BY_SANDBOX = {"forward": "sandbox", "back": "sandbox"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"models": {"m": {"name": "x"}}},
            "models.m: has no provider; add the line provider: ..., one of sandbox, transformers, openai",
        ),
        ({"models": {"m": REMOTE | {"key": "sk-1"}}}, "models.m.key: must name the environment variable"),
        ({"models": {"m": REMOTE | {"api_key": "sk-1"}}}, "models.m.api_key: unknown key; remove it, and write no secret here"),
        ({"models": {"m": REMOTE | {"base_url": "localhost"}}}, "models.m.base_url: must be an address"),
        ({"models": {"m": REMOTE | {"concurency": 3}}}, "models.m.concurency: unknown key; write concurrency: 3"),
        ({"models": {"openai": REMOTE | {"asking": {"batch": 3}}}}, "models.openai.asking.batch: unknown key"),
        ({"models": {"m": HUB | {"hub": "Name"}}}, "models.m.hub: must be a repository; write hub: ORGANISATION/NAME"),
        ({"models": {"m": HUB | {"revision": "main"}}}, "models.m.revision: must be the 40 digits of a commit"),
        ({"models": {"m": HUB | {"revision": None}}}, "models.m: a repository needs its commit"),
        ({"models": {"m": {"provider": "transformers"}}}, "models.m: needs a folder or a repository; write path: FOLDER"),
        ({"models": {"m": HUB | {"device": "cpu", "four_bit": True}}}, "device_map and four_bit need an accelerator"),
        ({"models": {"a.b": REMOTE, "a-b": REMOTE}}, "models.a-b: differs from a.b in dots and dashes alone"),
        ({"models": {"m": REMOTE}, "translators": {"m": {"provider": "google"}}}, "translators.m: a model is called m, too"),
        ({"translators": {"t": {"provider": "seq2seq"}}}, "translators.t.codes: is missing; add the line codes"),
        ({"knowledge": {"m": {"provider": "source", "kind": "new"}}}, "knowledge.m.source: is missing; add the line source"),
        ({"knowledge": {"m": "mine.csv"}}, "knowledge.m: is 'mine.csv', must be an entry with a provider"),
        ({"knowledge": {"m": MINE | {"source": "no.csv"}}}, "knowledge.m.source: there is no no.csv"),
        ({"knowledge": {"m": MINE | {"source": "README.md"}}}, "knowledge.m.source: README.md is no folder and ends in none of"),
        ({"knowledge": {"m": MINE | {"languages": ["eng", "eng"]}}}, "knowledge.m.languages[1]: eng is listed twice"),
        (
            {"knowledge": {"m": MINE | {"languages": ["en"]}}},
            "knowledge.m.languages[0]: no language has the code 'en'; write eng",
        ),
        ({"knowledge": {"source": MINE | {"item": 3}}}, "knowledge.source.item: unknown key; write items: 3"),
        ({"knowledge": {"m": MINE}, "translation": None}, "knowledge.m: lacks zho, jpn"),
        (
            {"knowledge": {"m": {"provider": "generated", "topic": "t", "by": "sandbox"}}},
            "knowledge.m.by: no model with provider openai is called 'sandbox'",
        ),
        ({"translation": {"forward": "nllb", "back": "sandbox"}}, "translation.forward: no model or translator is called 'nllb'"),
        (
            {"translation": BY_SANDBOX | {"embedding": {"name": "x"}}},
            "translation.embedding: has no provider; add the line provider",
        ),
        (
            {"translation": BY_SANDBOX | {"embedding": {"provider": "sentence-transformers", "path": "/nope"}}},
            "translation.embedding.path: /nope is no folder of a sentence-transformers model",
        ),
        ({"translation": BY_SANDBOX | {"judged": True}}, "judge: is needed; add the line judge: MODEL"),
        ({"scoring": "judge"}, "judge: is needed; add the line judge: MODEL"),
        ({"judge": "sandbox"}, "judge: no model with provider openai is called 'sandbox'; add one"),
        ({"cohort": "all"}, "cohort: is 'all', must be a number or auto"),
        ({"knowledge": {"f": {"kind": "new", "studied": False}, "g": {"kind": "known"}}}, "transferability needs new knowledge"),
    ],
)
def test_mistakes_about_models_and_knowledge(raw_config, languages, changes, expected):
    with pytest.raises(ConfigError) as error:
        load_config(raw_config | changes, languages)
    assert expected in str(error.value)
    assert "sk-1" not in str(error.value)


def test_what_they_can_be(raw_config, languages):
    changes = {
        "models": {"sandbox": {"provider": "sandbox"}, "m": REMOTE | {"temperature": None, "key": None}, "h": HUB, "gone": None},
        "knowledge": raw_config["knowledge"]
        | {"coined": None, "mine": MINE, "made": {"provider": "generated", "topic": "t", "by": "m"}},
        "translators": {
            "g": {"provider": "google"},
            "n": {"provider": "seq2seq", "codes": "nllb", "hub": "a/b", "revision": "1" * 40},
        },
        "translation": {"forward": "n", "back": "g", "judged": True},
        "judge": "m",
        "scoring": "judge",
    }
    config = load_config(raw_config | changes, languages)
    assert list(config.models) == ["sandbox", "m", "h"], "null leaves an entry out"
    assert list(config.knowledge) == ["fictional", "general", "mine", "made"]
    assert config.models["h"].asking.prompts == "instructed"
    assert (config.models["sandbox"].asking.prompts, config.knowledge["mine"].provider) == ("plain", "source")


def test_a_sandbox_keeps_its_own_recipe_for_teaching(raw_config, languages):
    models = {"sandbox": {"provider": "sandbox", "teaching": {"epochs": 3}}}
    teaching = load_config(raw_config | {"models": models}, languages).models["sandbox"].teaching
    assert (teaching.epochs, teaching.batch, teaching.learning_rate) == (3, 8, 4e-3)


def test_the_schema_is_in_step(raw_config):
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "run: python -m isogloss.schema"
    jsonschema.validate(raw_config, json.loads(schema_text()))


def test_every_key_is_documented():
    assert TABLES.read_text(encoding="utf-8") == tables_text(), "run: python -m isogloss.schema"
    for model in SECTIONS.values():
        assert model.__doc__
        assert all(field.description for field in model.model_fields.values())


def test_a_problem_is_in_the_last_file_that_has_it(raw_config, tmp_path, languages):
    first, second = tmp_path / "config.yaml", tmp_path / "mine.yaml"
    first.write_text("cohort: 5\nseeds: 1\n", encoding="utf-8")
    second.write_text("# mine\ncohort: -1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(raw_config | {"cohort": -1, "seeds": 0}, languages, [first, second])
    assert "mine.yaml, line 2: cohort: is -1" in str(error.value)
    assert "config.yaml, line 2: seeds: is 0" in str(error.value)


def test_a_path_may_begin_with_an_environment_variable(raw_config, languages, tmp_path, monkeypatch):
    folder = tmp_path / "my-model"
    shutil.copytree(ROOT / "data/sandbox", folder)
    raw_config["models"]["mine"] = {"provider": "transformers", "path": "$MY_MODELS/my-model"}
    with pytest.raises(ConfigError, match=r"export MY_MODELS=FOLDER"):
        load_config(raw_config, languages)
    monkeypatch.setenv("MY_MODELS", str(tmp_path))
    assert load_config(raw_config, languages).models["mine"].path == str(folder)
