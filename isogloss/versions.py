"""Versions of rules: what makes a target outdated when the library changes.

Snakemake's own code trigger compares scripts only, so every rule has a `version` param. For cheap rules it is a digest of the
library modules their script runs, found by reading imports (nothing is imported, so a dry run stays fast). For dear rules it is a
number set by hand in ``workflow/versions.json`` beside the digest it was set for; a test fails when the digest has changed, and
`python -m isogloss.versions` records the new one. Raise the number yourself when results change.
"""

import ast
import hashlib
import json
from pathlib import Path

PACKAGE = Path(__file__).parent
SCRIPTS = Path("workflow/scripts")
RECORD = Path("workflow/versions.json")
# What exists and what it is called: its values reach rules as params and paths.
DECLARATIONS = {
    "isogloss",
    "isogloss.checking",
    "isogloss.config",
    "isogloss.explaining",
    "isogloss.intervention_problems",
    "isogloss.languages",
    "isogloss.paths",
    "isogloss.plan",
    "isogloss.problems",
    "isogloss.progress",
    "isogloss.job",
}


def imports(source: str) -> set[str]:
    """Names of the isogloss modules that a source text imports (and of their members, which are no modules)."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "isogloss":
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "isogloss"}
    return found


def module_file(name: str) -> Path | None:
    """The file of a module, None for a package or a member."""
    path = PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
    return path if path.is_file() else None


def digest(script: str) -> str:
    """Digest of a script of ``workflow/scripts`` and of every library module it imports, directly or not."""
    files = {"script": SCRIPTS / f"{script}.py"}
    waiting = imports(files["script"].read_text(encoding="utf-8"))
    while waiting:
        name = waiting.pop()
        path = module_file(name)
        if path is None or name in files or name in DECLARATIONS:
            continue
        files[name] = path
        waiting |= imports(path.read_text(encoding="utf-8"))
    sha = hashlib.sha256()
    for name in sorted(files):
        sha.update(name.encode() + files[name].read_bytes())
    return sha.hexdigest()[:16]


def version(script: str) -> str:
    """The `version` param of the rule that runs a script: its number if it is dear, else its digest."""
    dear = recorded().get(script)
    return f"{dear['version']}" if dear else digest(script)


def recorded() -> dict[str, dict]:
    """Dear scripts with their number and the digest it was set for."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def main() -> None:
    """Record the present digests of dear scripts."""
    record = {script: {"version": entry["version"], "digest": digest(script)} for script, entry in recorded().items()}
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
