"""What is wrong with the interventions of a config."""

import json
from pathlib import Path

from isogloss.config import Config, OnLessons, OnNeurons, Remote, Sandbox, Steering
from isogloss.plan import ENGLISH, derived_of, intervened


def intervention_problems(config: Config) -> list[tuple[tuple, str]]:
    """Each problem with its path in the config."""
    problems: list[tuple[tuple, str]] = []
    unknown = [key for key in config.intervened or () if key not in config.models]
    problems += [(("intervened",), f"no model is called {key!r}; write one of {', '.join(config.models)}") for key in unknown]
    if not intervened(config):
        return problems
    local = [key for key in intervened(config) if not isinstance(config.models[key], Remote)]
    for name, entry in config.interventions.items():
        path = ("interventions", name)
        if isinstance(entry, OnNeurons | Steering) and not local:
            known = "provider: sandbox or transformers"
            problems.append(
                (path, f"needs a model that runs here, none is under run and intervened; add one ({known}) or leave {name} out")
            )
        if isinstance(entry, OnLessons) and ENGLISH not in config.languages:
            problems.append((path, f"adds to lessons in English; add {ENGLISH} to languages:, or leave {name} out"))
        if isinstance(entry, Steering):
            problems += _steering(config, path, entry, local)
    for base in intervened(config):
        seen: dict[str, str] = {}
        for own in derived_of(config, base):
            if (other := seen.setdefault(own.key, own.name)) != own.name:
                problems.append(
                    (("interventions", own.name), f"makes a model {own.key}, and so does {other}; write another name")
                )
    return problems


def _steering(config: Config, path: tuple, entry: Steering, local: list[str]) -> list[tuple[tuple, str]]:
    """Problems of a shift of hidden states: the language, and the layers that models have."""
    problems = []
    if entry.towards not in config.languages:
        known = ", ".join(config.languages)
        problems.append(((*path, "towards"), f"{entry.towards!r} is not studied; write towards: one of {known}"))
    for key in local:
        layers = layers_of(config, key)
        if layers is not None and entry.layer > layers:
            problems.append(((*path, "layer"), f"{key} has {layers} layers; write layer: {max(1, layers // 2)}"))
    return problems


def layers_of(config: Config, model: str) -> int | None:
    """Layers of a model, None where only the hub knows."""
    entry = config.models[model]
    if isinstance(entry, Sandbox):
        return entry.recipe.layers
    described = Path(entry.path, "config.json") if entry.path else None
    if described is None or not described.is_file():
        return None
    return json.loads(described.read_text(encoding="utf-8")).get("num_hidden_layers")
