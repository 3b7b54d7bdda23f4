"""Whatever is written into a config: it is one, or all that is wrong with it is said, with lines; nothing else happens."""

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss import plan
from isogloss.checking import ConfigError, load_config
from isogloss.config import Config
from isogloss.languages import read_languages

ROOT = Path(__file__).parent.parent
TABLE = read_languages(ROOT / "data/languages.csv")
CONFIGS = [
    yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")),
    *(yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "config").glob("**/*.yaml"))),
]
CONFIGS = [CONFIGS[0] | (config or {}) for config in CONFIGS]


def words(value) -> set[str]:
    """All keys and texts in a config."""
    if isinstance(value, dict):
        return set(map(str, value)).union(*map(words, value.values()))
    if isinstance(value, list):
        return set().union(*map(words, value))
    return {value} if isinstance(value, str) else set()


VOCABULARY = st.sampled_from(sorted({*Config.model_fields}.union(*map(words, CONFIGS))))
SCALARS = (
    VOCABULARY
    | st.sampled_from(
        [None, True, False, 0, 1, -1, 2, 1e-9, float("nan"), float("inf"), 10**30, "", "a b", "eng ", "../x", "\x00"]
    )
    | st.integers(0, 200)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(VOCABULARY | st.sampled_from([1, True, 2.5]), inner, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    """The paths of everything in a config."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


@st.composite
def mutated(draw):
    """A shipped config in which entries are removed, replaced, doubled, added, or exchanged for another's."""
    raw = copy.deepcopy(draw(st.sampled_from(CONFIGS)))
    for _ in range(draw(st.integers(1, 3))):
        *above, key = draw(st.sampled_from([path for path in places(raw) if path]))
        parent = raw
        for step in above:
            parent = parent[step]
        match draw(st.sampled_from(["remove", "replace", "add", "exchange"])):
            case "remove":
                del parent[key]
            case "replace":
                parent[key] = draw(VALUES)
            case "add" if isinstance(parent, dict):
                parent[draw(VOCABULARY | st.just(key))] = draw(VALUES)
            case "add":
                parent.insert(key, draw(VALUES | st.just(parent[key])))
            case "exchange":
                other = draw(st.sampled_from([path for path in places(raw) if path]))
                found = raw
                for step in other:
                    found = found[step]
                parent[key] = copy.deepcopy(found)
    return raw


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("config") / "config.yaml"


@given(mutated())
@settings(max_examples=100)
def test_a_config_is_one_or_all_that_is_wrong_is_said(path, raw):
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    written = yaml.safe_load(path.read_text(encoding="utf-8"))  # as Snakemake reads it
    try:
        config = load_config(written, TABLE, [path])
    except ConfigError as error:
        first, *problems = str(error).split("\n  ")
        assert first == f"The config has {len(problems)} problem{'s' if len(problems) > 1 else ''}:"
        assert problems
        with pytest.raises(ConfigError) as again:
            load_config(written, TABLE)
        assert len(str(again.value).split("\n  ")) == len(problems) + 1, "the same without lines"
        return
    assert isinstance(config, Config)
    assert load_config(config.model_dump(exclude_unset=True), TABLE) == config
    planned = plan.with_derived(config)
    for study in planned.studies:
        assert plan.lessons_of(planned, study)


@pytest.mark.parametrize("name", Config.model_fields)
@given(value=VALUES)
@settings(max_examples=20)
def test_any_value_in_a_section_is_taken_or_said_to_be_wrong(name, value):
    raw = CONFIGS[0] | {name: value}
    try:
        assert isinstance(load_config(raw, TABLE), Config)
    except ConfigError as error:
        said = str(error)
    else:
        return
    assert name in said
