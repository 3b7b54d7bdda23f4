"""The sandbox as an artifact: its files, and a manifest that says what they were made of."""

import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

from isogloss.config import SandboxRecipe

MANIFEST = "manifest.json"


def sha256(path: str | Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def write_manifest(
    folder: str | Path, recipe: dict, languages: list[str], inputs: list[str], corpus: str, training: dict, log: list
) -> None:
    """Write the manifest of a trained sandbox; written last, so a folder that has one is complete."""
    folder = Path(folder)
    manifest = {
        "recipe": recipe,
        "languages": sorted(languages),
        "inputs": {path: sha256(path) for path in sorted(inputs)},
        "corpus": sha256(corpus),
        "files": {path.name: sha256(path) for path in sorted(folder.iterdir()) if _is_shipped(path)},
        "training": training,
        "commit": _commit(),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "torch": importlib.metadata.version("torch"),
            "transformers": importlib.metadata.version("transformers"),
        },
        "log": log,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _is_shipped(path: Path) -> bool:
    return path.suffix in (".json", ".safetensors", ".jinja") and path.name != MANIFEST


def _commit() -> str | None:
    """The commit of the working tree, None outside one."""
    result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    return result.stdout.strip() or None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def differences(manifest: dict, recipe: dict, languages: list[str]) -> list[str]:
    """Where a config asks for something else than the manifest says its weights are, a line each.

    A key that was added after the weights were made counts as its default there, which leaves things as they were.
    """
    gone = sorted(set(manifest["recipe"]) - set(SandboxRecipe.model_fields))
    made = SandboxRecipe(**{key: value for key, value in manifest["recipe"].items() if key not in gone}).model_dump()
    found = [f"the shipped weights were made with recipe.{key}, which there is no longer" for key in gone]
    found += [
        f"recipe.{key} is {value}, the shipped weights were made with {made[key]}"
        for key, value in sorted(recipe.items())
        if value != made[key]
    ]
    unknown = sorted(set(languages) - set(manifest["languages"]))
    return found + ([f"the shipped weights were never shown {', '.join(unknown)}"] if unknown else [])


def outdated_inputs(manifest: dict) -> list[str]:
    """Files that have changed since the weights were made of them."""
    return [path for path, digest in manifest["inputs"].items() if not Path(path).exists() or sha256(path) != digest]


def copy_checked(source: str | Path, target: str | Path) -> None:
    """Copy an artifact; ValueError names a file whose digest is not the manifest's."""
    source, target = Path(source), Path(target)
    manifest = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
    target.mkdir(parents=True, exist_ok=True)
    for name, digest in manifest["files"].items():
        if sha256(source / name) != digest:
            raise ValueError(f"{source / name} is not the file of the manifest; restore it with: git checkout -- {source}")
        shutil.copyfile(source / name, target / name)
    shutil.copyfile(source / MANIFEST, target / MANIFEST)
