"""What pydantic finds wrong with a config, in words, with the line that mends it."""

import difflib
import re
from typing import Any

from isogloss import config as sections
from isogloss.config import Config

# The section behind each key of the config, and behind the provider that a union tag names.
SECTIONS = {
    "recipe": sections.SandboxRecipe,
    "mix": sections.CorpusMix,
    "first_mix": sections.CorpusMix,
    "choices": sections.Choices,
    "context": sections.Context,
    "explain": sections.Explain,
    "interventions": {
        "neurons": sections.OnNeurons,
        "steering": sections.Steering,
        "steps": sections.InSteps,
        "lessons": sections.OnLessons,
    },
    "language_neurons": sections.LanguageNeurons,
    "predictions": sections.Predictions,
    "prioritization": sections.Prioritization,
    "resources": sections.Machine,
    "robustness": sections.Robustness,
    "conductivity": sections.Conductivity,
    "translation": sections.Translation,
    "teaching": {"sandbox": sections.SandboxTeaching, "transformers": sections.Teaching, "openai": sections.RemoteTeaching},
    "asking": {"sandbox": sections.Asking, "transformers": sections.ChatAsking, "openai": sections.RemoteAsking},
    "models": {
        "sandbox": sections.Sandbox,
        "transformers": sections.Transformers,
        "openai": sections.Remote,
        "published": sections.Published,
    },
    "translators": {"seq2seq": sections.Seq2Seq, "google": sections.Google},
    "knowledge": {
        "built-in": sections.BuiltIn,
        "source": sections.Source,
        "generated": sections.Generated,
        "clika-fictional": sections.Fictional,
    },
    "embedding": {
        "e5": sections.E5,
        "minilm": sections.MiniLM,
        "sentence-transformers": sections.SentenceTransformer,
        "openai": sections.RemoteEmbedding,
    },
}


# What a text must look like, by key; elsewhere it is a name.
PATTERNS = {
    "hub": "must be a repository; write hub: ORGANISATION/NAME",
    "file": "must be a GGUF file of the repository; write file: NAME.gguf",
    "revision": "must be the 40 digits of a commit, not a branch, so that it stays the same model; the hub shows it under Files",
    "base_url": "must be an address; write base_url: http://HOST:PORT/v1",
    "key": "must name the environment variable that has the key, never be the key; write key: OPENAI_API_KEY",
}
NAME = "must be lower-case letters and digits, with single dots and dashes in between"
SECRET = re.compile("key|token|secret|password", re.IGNORECASE)


def path_of(location: tuple) -> tuple:
    """The path in the config of a pydantic location, which also says which of several types was tried."""
    tried = None
    if location[0] in ("models", "translators", "knowledge", "interventions") or location[:2] == ("translation", "embedding"):
        tried = 2
    elif location[0] == "cohort":
        tried = 1
    return tuple(part for i, part in enumerate(location) if i != tried and part != "[key]")


def explained(error: dict) -> str:
    """One pydantic error in words, with the fix."""
    value, key = error["input"], path_of(error["loc"])[-1]
    match error["type"]:
        case "extra_forbidden":
            fields = _fields_at(error["loc"])
            if SECRET.search(str(key)):
                return f"unknown key; remove it, and write no secret here ({', '.join(fields)} exist)"
            near = difflib.get_close_matches(str(key), fields, 1)
            return f"unknown key; write {near[0]}: {value}" if near else f"unknown key; remove it ({', '.join(fields)} exist)"
        case "missing":
            return f"is missing; add the line {key}: ..."
        case "string_type" if value is False or value is True:
            return _boolean(value)
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            sign = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}[error["type"]]
            bound = next(iter(error["ctx"].values()))
            return f"is {value}, must be {sign} {bound}; write {key}: {bound + 1 if sign == '>' else bound}"
        case "literal_error" | "union_tag_invalid":
            allowed = error["ctx"].get("expected") or error["ctx"].get("expected_tags")
            if error["loc"][0] == "cohort":
                return f"is {_show(value)}, must be a number or auto; write cohort: 10"
            return f"is {_show(value)}, must be one of {allowed}"
        case "union_tag_not_found":
            name = "kind" if error["loc"][0] == "interventions" else "provider"
            known = ", ".join(SECTIONS["embedding" if key == "embedding" else error["loc"][0]])
            if not isinstance(value, dict):
                return f"is {_show(value)}, must be an entry with a {name} (one of {known})"
            return f"has no {name}; add the line {name}: ..., one of {known}"
        case "string_pattern_mismatch":
            return PATTERNS[key] if key in PATTERNS else f"{_show(value)} {NAME}"
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
