"""Checking a config: whatever is wrong is reported at once, each problem with its line and the line that mends it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from isogloss.config import Config
from isogloss.explaining import explained, path_of
from isogloss.languages import Language
from isogloss.problems import problems_of

# Sections of named entries, of which a file laid over another can leave one out by saying null.
NAMED = ("knowledge", "models", "translators", "interventions", "choices")


# Sections whose entries have weights at a path.
PLACED = ("models", "translators")


class ConfigError(ValueError):
    """Everything that is wrong with a config, as one message for people."""


class _Places(dict):
    """Where every path of a part of the config stands, in words, by path."""

    def __init__(self):
        super().__init__()
        self.sections: set[tuple] = set()  # paths whose entries are laid over those of earlier parts; others replace them whole

    @classmethod
    def of_file(cls, source: str | Path, name: str) -> "_Places":
        """Of a YAML file, by line."""
        places, node = cls(), yaml.compose(Path(source).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        if node is not None:
            places._walk_node(node, (), name)
        return places

    @classmethod
    def of_command_line(cls, given: Mapping[str, Any]) -> "_Places":
        places = cls()
        places._walk_values(given, ())
        return places

    def _walk_node(self, node: yaml.Node, path: tuple, name: str) -> None:
        self.setdefault(path, f"{name}, line {node.start_mark.line + 1}")
        if isinstance(node, yaml.MappingNode):
            self.sections.add(path)
            for key, value in node.value:
                self[(*path, key.value)] = f"{name}, line {key.start_mark.line + 1}"
                self._walk_node(value, (*path, key.value), name)
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                self._walk_node(value, (*path, i), name)

    def _walk_values(self, value: Any, path: tuple) -> None:
        self[path] = "--config"
        if isinstance(value, Mapping):
            self.sections.add(path)
        entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        for key, entry in entries:
            self._walk_values(entry, (*path, key))


def _place(path: tuple, parts: list[_Places]) -> str:
    """Where a path stands, or the nearest section around it, in the last of `parts` that has it; nothing if none has either."""
    found, length = "", 0
    for places in reversed(parts):
        own = next((path[:size] for size in range(len(path), 0, -1) if path[:size] in places), ())
        if len(own) > length:
            found, length = places[own], len(own)
        if own == path or (own and own not in places.sections):  # what earlier parts have there does not count
            break
    return f"{found}: " if found else ""


def load_config(
    raw: dict[str, Any],
    languages: dict[str, Language],
    sources: Sequence[str | Path] = (),
    given: Mapping[str, Any] | None = None,
) -> Config:
    """Validate `raw` (a parsed config) against the models and the language table.

    Raises ConfigError with every problem at once, each with the file and line in which it stands: `sources` are the files that
    `raw` was merged from, each laid over those before it, and `given` what the command line (--config) laid over them all.
    """
    problems: list[tuple[tuple, str]] = []
    raw = raw | {
        name: {key: entry for key, entry in raw[name].items() if entry is not None}
        for name in NAMED
        if isinstance(raw.get(name), dict)
    }
    placed = {name: raw[name] for name in PLACED if isinstance(raw.get(name), dict)}
    raw = raw | {name: {key: _placed(entry) for key, entry in entries.items()} for name, entries in placed.items()}
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems += [(path_of(e["loc"]), explained(e)) for e in error.errors()]
        config = None
    problems += problems_of(raw, config, languages)
    if problems:
        raise ConfigError(_message(problems, sources, given or {}))
    return config


def _placed(entry: Any) -> Any:
    """An entry with the home folder and environment variables in its path written out, so that a config can be shared."""
    path = entry.get("path") if isinstance(entry, dict) else None
    return entry | {"path": os.path.expandvars(os.path.expanduser(path))} if isinstance(path, str) else entry


def _message(problems: list[tuple[tuple, str]], sources: Sequence[str | Path], given: Mapping[str, Any]) -> str:
    names = [Path(source).name for source in sources]
    named = [name if names.count(name) == 1 else str(source) for name, source in zip(names, sources, strict=True)]
    parts = [*map(_Places.of_file, sources, named), _Places.of_command_line(given)]
    rows = [f"The config has {len(problems)} problem{'s' if len(problems) > 1 else ''}:"]
    for path, text in problems:
        name = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        rows.append(f"  {_place(path, parts)}{name}: {text}")
    return "\n".join(rows)
