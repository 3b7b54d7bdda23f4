"""What the page says of a run beside its results: what was asked of whom, with which seeds and packages, at what cost."""

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from platform import python_version

import yaml

from isogloss import plan
from isogloss.config import Config


def described(config: Config) -> dict:
    """What was run: models, knowledge sets, studies (none of either where all is as others published it), seeds (each a list of
    rows of text) and the config as YAML, without what is as it is by default."""
    measured = bool(plan.measured(config))
    return {
        "models": [{"name": name, **_origin(config.models[name])} for name in config.run],
        "knowledge": [
            {"name": name, "kind": entry.kind, "origin": _source(entry), "items": entry.items or "all", "studied": entry.studied}
            for name, entry in config.knowledge.items()
            if measured
        ],
        "studies": [
            {
                "name": study,
                "settings": ", ".join(plan.settings_of(config, study)),
                "knowledge": ", ".join(plan.knowledge_of(config, study)),
                "lessons": len(plan.lessons_of(config, study)),
            }
            for study in config.studies
            if measured
        ],
        "seeds": [
            {"of": "lessons and contexts", "seeds": ", ".join(map(str, plan.seeds_of(config)))},
            {"of": "pairs of contradictory languages", "seeds": str(config.prioritization.seed)},
            *(
                {"of": f"items of {name}", "seeds": str(entry.seed)}
                for name, entry in config.knowledge.items()
                if hasattr(entry, "seed")
            ),
            {"of": "resamples of intervals", "seeds": "0"},
        ],
        "resamples": config.bootstrap,
        "config": yaml.safe_dump(
            config.model_dump(mode="json", exclude_unset=True),
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
            width=100,
        ),
    }


def _origin(model) -> dict[str, str]:
    said = model.model_dump(include={"weights", "path", "hub", "revision", "name", "base_url"}, exclude_none=True)
    said |= getattr(model, "transferability", {})  # the tables of a published one
    return {"provider": model.provider, "origin": ", ".join(f"{key} {value}" for key, value in said.items())}


def _source(entry) -> str:
    said = entry.model_dump(include={"source", "topic", "by"}, exclude_none=True)
    return ", ".join([entry.provider, *(f"{key} {value}" for key, value in said.items())])


def versions(project: str | Path) -> dict[str, str]:
    """Installed versions of Python and of every package that a pyproject.toml depends on."""
    wanted = tomllib.loads(Path(project).read_text(encoding="utf-8"))["project"]
    names = sorted(re.match(r"[\w.-]+", line)[0] for line in wanted["dependencies"])
    return {wanted["name"]: wanted["version"], "Python": python_version()} | {name: _version(name) for name in names}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def costs(store: str | Path) -> list[dict]:
    """Calls kept in a store (`isogloss.remote.store`) by the model that answered: calls, prompt_tokens, completion_tokens, usd,
    and unpriced, the calls among them without a price."""
    found: dict[str, dict] = defaultdict(
        lambda: dict.fromkeys(("calls", "prompt_tokens", "completion_tokens", "usd", "unpriced"), 0)
    )
    for record in _records(store):
        row, usage = found[record.get("model") or "others (translations, embeddings, jobs)"], record.get("usage") or {}
        row["calls"] += 1
        row["usd"] += record.get("usd") or 0
        row["unpriced"] += "usd" not in record
        for name in ("prompt_tokens", "completion_tokens"):
            row[name] += usage.get(name) or 0
    return [{"model": name, **row} for name, row in sorted(found.items())]


def _records(store: str | Path) -> Iterable[dict]:
    """Whole records; a line that is damaged is asked again by who needs it, and counted then."""
    for path in sorted(Path(store).glob("*.jsonl")):
        for line in path.read_bytes().split(b"\n"):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield record
