"""Checking a config: whatever is wrong is reported at once, each problem with its line and the line that mends it."""

import os
from collections.abc import Sequence
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
        raise ConfigError(_message(problems, sources))
    return config


def _placed(entry: Any) -> Any:
    """An entry with the home folder and environment variables in its path written out, so that a config can be shared."""
    path = entry.get("path") if isinstance(entry, dict) else None
    return entry | {"path": os.path.expandvars(os.path.expanduser(path))} if isinstance(path, str) else entry


def _message(problems: list[tuple[tuple, str]], sources: Sequence[str | Path]) -> str:
    # a later file overrides an earlier one, so a problem is in the last that has its path
    texts = [(source, _Lines(Path(source).read_text(encoding="utf-8"))) for source in reversed(sources)]
    rows = [f"The config has {len(problems)} problem{'s' if len(problems) > 1 else ''}:"]
    for path, text in problems:
        name = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        place = next((f"{Path(s).name}, line {lines.line(path)}: " for s, lines in texts if lines.line(path)), "")
        rows.append(f"  {place}{name}: {text}")
    return "\n".join(rows)
