"""Checking a config: whatever is wrong is reported at once, each problem with its line and the line that mends it."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from isogloss import config as sections
from isogloss.config import Config, Remote, Sandbox, Source, Transformers
from isogloss.languages import Language
from isogloss.plan import STUDIES, lessons_of

# Folders of results/ that a model's key must not be mistaken for.
RESERVED = ("knowledge", "models", "factors", "alignment", "figures", "logs", "benchmarks")
# What pydantic's path of a problem has beside the file's keys: which of several types it tried.
UNION_TAGS = (
    "sandbox",
    "transformers",
    "openai",
    "seq2seq",
    "google",
    "built-in",
    "source",
    "generated",
    "minilm",
    "sentence-transformers",
)
UNION_TAGS += ("number", "word")
# The section behind each key of the config, and behind the provider that a union tag names.
SECTIONS = {
    "recipe": sections.SandboxRecipe,
    "mix": sections.CorpusMix,
    "first_mix": sections.CorpusMix,
    "context": sections.Context,
    "prioritization": sections.Prioritization,
    "robustness": sections.Robustness,
    "translation": sections.Translation,
    "teaching": {"sandbox": sections.SandboxTeaching, "transformers": sections.Teaching, "openai": sections.RemoteTeaching},
    "asking": {"sandbox": sections.Asking, "transformers": sections.ChatAsking, "openai": sections.RemoteAsking},
    "models": {"sandbox": Sandbox, "transformers": Transformers, "openai": Remote},
    "translators": {"seq2seq": sections.Seq2Seq, "google": sections.Google},
    "knowledge": {"built-in": sections.BuiltIn, "source": Source, "generated": sections.Generated},
    "embedding": {
        "minilm": sections.MiniLM,
        "sentence-transformers": sections.SentenceTransformer,
        "openai": sections.RemoteEmbedding,
    },
}


class ConfigError(ValueError):
    """Everything that is wrong with a config, as one message for people."""


class _Lines(dict):
    """Line of every path in a YAML text, from 1."""

    def __init__(self, text: str):
        super().__init__()
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            self._walk(node, ())

    def _walk(self, node: yaml.Node, path: tuple) -> None:
        self.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self[(*path, key.value)] = key.start_mark.line + 1
                self._walk(value, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                self._walk(value, (*path, i))

    def line(self, path: tuple) -> int | None:
        """Line of a path, or of the section it should be in; None if the text has neither."""
        return self.get(path) or (self.get(path[:-1]) if len(path) > 1 else None)


def load_config(raw: dict[str, Any], languages: dict[str, Language], sources: Sequence[str | Path] = ()) -> Config:
    """Validate `raw` (a parsed config) against the models and the language table.

    Raises ConfigError with every problem at once; `sources`, the files it was merged from, are read for line numbers.
    """
    problems: list[tuple[tuple, str]] = []
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems += [(path := _path(e["loc"], raw), _explain(e, path[-1])) for e in error.errors()]
        config = None
    problems += _semantic(raw, config, languages)
    if problems:
        raise ConfigError(_message(problems, sources))
    return config


def _path(location: tuple, raw: Any) -> tuple:
    """A pydantic location without the union tags that the config does not have."""
    path = []
    for part in location:
        if part in UNION_TAGS and not (isinstance(raw, dict) and part in raw):
            continue
        path.append(part)
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            raw = None
    return tuple(path)


def _explain(error: dict, key: str | int) -> str:
    """One pydantic error at `key` in words, with the fix."""
    value = error["input"]
    match error["type"]:
        case "extra_forbidden":
            fields = _fields_at(error["loc"])
            near = difflib.get_close_matches(str(key), fields, 1)
            return f"unknown key; write {near[0]}: {value}" if near else f"unknown key; remove it ({', '.join(fields)} exist)"
        case "missing":
            return f"is missing; add the line {key}: ..."
        case "string_type" if value is False or value is True:
            return _boolean(value)
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            sign = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}[error["type"]]
            bound = next(iter(error["ctx"].values()))
            return f"is {value}, must be {sign} {bound}; write {key}: {max(1, bound) if '>' in sign else bound}"
        case "literal_error" | "union_tag_invalid":
            allowed = error["ctx"].get("expected") or error["ctx"].get("expected_tags")
            return f"is {_show(value)}, must be one of {allowed}"
        case "union_tag_not_found":
            known = SECTIONS.get(error["loc"][0]) or SECTIONS.get(error["loc"][-1])
            return f"has no provider; add the line provider: {next(iter(known))}"
        case "string_pattern_mismatch":
            return f"{_show(value)} must be lower-case letters, digits, dots and dashes"
        case _:
            return f"{error['msg'].removeprefix('Value error, ')} (it is {_show(value)})"


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."


def _boolean(value: bool) -> str:
    """YAML reads the unquoted words no, off, yes and on as booleans."""
    words = ('"no" or "off"', "nob: Norwegian Bokmål is nob") if value is False else ('"yes" or "on"', "an ISO 639-3 code")
    return f"an unquoted {words[0]} is read as {str(value).lower()} by YAML; quote it, or here write {words[1]}"


def _fields_at(location: tuple) -> list[str]:
    """Keys allowed where a pydantic location points."""
    section: Any = Config
    tag = location[2] if len(location) > 2 else None
    for part in location[:-1]:
        found = SECTIONS.get(part)
        section = found or section if not isinstance(found, dict) else found.get(tag, section)
    return list(section.model_fields)


def _semantic(raw: dict, config: Config | None, languages: dict[str, Language]) -> list[tuple[tuple, str]]:
    """Problems that only the language table, the file system or two keys together can show."""
    problems: list[tuple[tuple, str]] = []
    seen: set[str] = set()
    codes = raw.get("languages")
    for i, code in enumerate(codes if isinstance(codes, list) else []):
        if not isinstance(code, str):
            continue
        if code in seen:
            problems.append((("languages", i), f"{code} is listed twice; remove one"))
        elif code not in languages:
            problems.append((("languages", i), f"no language has the code {code!r}; {_suggest(code, languages)}"))
        seen.add(code)
    models, translators = _section(raw, "models"), _section(raw, "translators")
    for section, entries in (("models", models), ("translators", translators)):
        for key, entry in entries.items():
            if key in RESERVED:
                problems.append(((section, key), f"{key!r} is the name of a folder of results; write {key}-model:"))
            path = entry.get("path") if isinstance(entry, dict) else None
            if isinstance(path, str) and not (Path(path) / "config.json").is_file():
                text = f"{path} is no model folder (no config.json there); write path: FOLDER"
                problems.append(((section, key, "path"), text))
    for key in set(models) & set(translators):
        problems.append((("translators", key), f"a model is called {key}, too; write {key}-translator:"))
    problems += _knowledge(raw, config, languages)
    run = raw.get("run")
    for i, key in enumerate(run if isinstance(run, list) else []):
        if key not in models:
            problems.append((("run", i), f"no model is called {key!r}; write one of {', '.join(map(str, models))}"))
        elif run.index(key) < i:
            problems.append((("run", i), f"{key} is listed twice; remove one"))
    for key, model in config.models.items() if config else ():
        swapped = model.recipe.swapped_shares if isinstance(model, Sandbox) else []
        if swapped and (len(set(swapped)) != 2 or len(swapped) != 2 or not set(swapped) <= set(config.languages)):
            text = f"must be two of the languages; write swapped_shares: [{', '.join(config.languages[:2])}]"
            problems.append((("models", key, "recipe", "swapped_shares"), text))
    kinds = {knowledge.kind for knowledge in config.knowledge.values()} if config else set()
    lacking = [study for study in (config.studies if config else []) if not kinds & set(STUDIES[study].knowledge)]
    for study in lacking:
        kind = STUDIES[study].knowledge[0]
        example = {"new": "fictional", "known": "general"}[kind]
        problems.append((("knowledge",), f"{study} needs {kind} knowledge; add {example}: {{kind: {kind}}}"))
    if config and "prioritization" in config.studies and not problems and not lessons_of(config, "prioritization"):
        problems.append(
            (("languages",), "prioritization needs languages of two tiers; add one of another tier, or drop the study")
        )
    for key, knowledge in config.knowledge.items() if config and "in-context" in config.settings else ():
        if knowledge.items and knowledge.items < config.context.pairs:
            text = f"has too few items for a context of {config.context.pairs} pairs; write items: {config.context.pairs}"
            problems.append((("knowledge", key, "items"), text))
    return problems


def _section(raw: dict, name: str) -> dict:
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def _knowledge(raw: dict, config: Config | None, languages: dict[str, Language]) -> list[tuple[tuple, str]]:
    """Problems of sources, translation and judge."""
    problems: list[tuple[tuple, str]] = []
    for key, entry in _section(raw, "knowledge").items():
        source = entry.get("source") if isinstance(entry, dict) else None
        if isinstance(source, str) and not Path(source).exists():
            problems.append((("knowledge", key, "source"), f"there is no {source}; write source: FILE or FOLDER"))
    if config is None:
        return problems
    for key, entry in config.knowledge.items():
        for i, code in enumerate(entry.languages if isinstance(entry, Source) else ()):
            if code not in languages:
                problems.append(
                    (("knowledge", key, "languages", i), f"no language has the code {code!r}; {_suggest(code, languages)}")
                )
        own = config.languages if isinstance(entry, sections.BuiltIn) else entry.languages
        lacking = [code for code in config.languages if code not in own]
        if lacking and not config.translation:
            text = f"lacks {', '.join(lacking)}; add translation: {{forward: MODEL, back: MODEL}}, or languages: it has"
            problems.append((("knowledge", key), text))
    translating = {**config.models, **config.translators}
    for way in ("forward", "back") if config.translation else ():
        name = getattr(config.translation, way)
        if name not in translating:
            text = f"no model or translator is called {name!r}; write one of {', '.join(translating)}"
            problems.append((("translation", way), text))
    judging = [key for key, model in config.models.items() if isinstance(model, Remote)]
    for key, entry in config.knowledge.items():
        if isinstance(entry, sections.Generated) and entry.by not in judging:
            text = f"no model with provider openai is called {entry.by!r}; add one under models: {{provider: openai, name: ...}}"
            problems.append((("knowledge", key, "by"), text))
    if config.judge is not None and config.judge not in judging:
        known = f"write one of {', '.join(judging)}" if judging else "add one under models: {provider: openai, name: ...}"
        problems.append((("judge",), f"no model with provider openai is called {config.judge!r}; {known}"))
    if config.judge is None and (config.scoring == "judge" or (config.translation and config.translation.judged)):
        problems.append((("judge",), "is needed; add the line judge: MODEL, one of models with provider openai"))
    return problems


def _suggest(code: str, languages: dict[str, Language]) -> str:
    """The code that was probably meant."""
    for language in languages.values():
        if code.casefold() in (language.name.casefold(), language.cldr.casefold(), language.flores200.casefold()):
            return f"write {language.iso639_3} ({language.name})"
    near = difflib.get_close_matches(code, languages, 1)
    hint = f"did you mean {near[0]} ({languages[near[0]].name})? " if near else ""
    return f"{hint}write one of {', '.join(languages)}, or add a row to data/languages.csv"


def _message(problems: list[tuple[tuple, str]], sources: Sequence[str | Path]) -> str:
    # a later file overrides an earlier one, so a problem is in the last that has its path
    texts = [(source, _Lines(Path(source).read_text(encoding="utf-8"))) for source in reversed(sources)]
    rows = [f"The config has {len(problems)} problem{'s' if len(problems) > 1 else ''}:"]
    for path, text in problems:
        name = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        place = next((f"{Path(s).name}, line {lines.line(path)}: " for s, lines in texts if lines.line(path)), "")
        rows.append(f"  {place}{name}: {text}")
    return "\n".join(rows)
