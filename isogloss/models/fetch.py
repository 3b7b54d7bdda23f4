"""Weights from the hub of Hugging Face."""

import hashlib
import json
import os
import shutil
from pathlib import Path

from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from isogloss.models.folder import ADAPTER

SITE = "https://huggingface.co"
WEIGHTS = "model*.safetensors"  # by these names transformers finds them; others are copies in other layouts
WANTED = [WEIGHTS, "*.json", "*.jinja", "*.model", "*.txt"]
IN_FOLDERS = "*/*"  # copies for other software
SNAPSHOT = "snapshot.json"
REFUSALS = (HfHubHTTPError, LocalEntryNotFoundError, ConnectionError, HTTPError)


class FetchError(RuntimeError):
    """A repository cannot be had; the message says what to do."""


def fetch(hub: str, revision: str, folder: Path) -> None:
    """Put the weights, configuration and tokenizer of a repository (`organisation/name`) at a commit into `folder`.

    The last file written is `snapshot.json`: hub, revision, and of each file its size in bytes and SHA-256. What there was of
    another commit is gone then. What was downloaded before an interruption is not downloaded again. FetchError says what a
    person has to do: accept a licence, go online, choose another commit.
    """
    draft = folder / f".{revision}"  # so that nothing of another commit is taken for a part of this one
    draft.mkdir(parents=True, exist_ok=True)
    try:
        snapshot_download(hub, revision=revision, local_dir=draft, allow_patterns=WANTED, ignore_patterns=[IN_FOLDERS])
    except REFUSALS as error:
        raise FetchError(_advice(error, hub, revision)) from error
    paths = sorted(path for path in draft.iterdir() if path.is_file())
    _check(paths, hub, revision)
    for pattern in WANTED:
        for old in folder.glob(pattern):
            old.unlink()
    about = {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in paths}
    for path in paths:
        os.replace(path, folder / path.name)
    for done in folder.glob("." + "[0-9a-f]" * 40):
        shutil.rmtree(done)
    written = folder / f".{SNAPSHOT}"
    written.write_text(json.dumps({"hub": hub, "revision": revision, "files": about}, indent=2) + "\n", encoding="utf-8")
    os.replace(written, folder / SNAPSHOT)


def fetch_file(hub: str, revision: str, name: str, target: Path) -> None:
    """Put one file of a repository at a commit at `target`. What was downloaded before an interruption is not downloaded again.
    FetchError as for `fetch`, and if there is no such file."""
    draft = target.parent / f".{revision}"
    draft.mkdir(parents=True, exist_ok=True)
    try:
        found = hf_hub_download(hub, name, revision=revision, local_dir=draft)
    except RemoteEntryNotFoundError as error:
        raise FetchError(
            f"{hub} has no {name} at {revision}; write file: as it stands at {SITE}/{hub}/tree/{revision}"
        ) from error
    except REFUSALS as error:
        raise FetchError(_advice(error, hub, revision)) from error
    os.replace(found, target)
    shutil.rmtree(draft)


def _check(paths: list[Path], hub: str, revision: str) -> None:
    """FetchError unless these files are a whole model."""
    names = {path.name for path in paths}
    if ADAPTER in names:
        raise FetchError(
            f"{hub} has an adapter ({ADAPTER}) at {revision}; name the model that it is for, or merge the two (PEFT's "
            "merge_and_unload), save the result into a folder and write path: FOLDER"
        )
    if not any(path.match(WEIGHTS) for path in paths):
        raise FetchError(
            f"{hub} has no safetensors weights at {revision}, and no others are loaded; write the revision of a commit that has "
            f"them ({SITE}/{hub}/discussions often offers a conversion), or the hub of another copy"
        )
    wanted = {"config.json"}
    for path in paths:
        if path.match("*.safetensors.index.json"):
            wanted |= set(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values())
    if missing := sorted(wanted - names):
        raise FetchError(f"{hub} lacks {', '.join(missing)} at {revision}; write the revision of a commit that is whole")


def _advice(error: Exception, hub: str, revision: str) -> str:
    """What happened and what to do about it."""
    refusal = next((e for e in (error, error.__cause__) if isinstance(e, HfHubHTTPError)), None)
    code = refusal.response.status_code if refusal else None
    if isinstance(refusal, RevisionNotFoundError):
        return f"{hub} has no commit {revision}; write one of {SITE}/{hub}/commits/main as revision"
    if isinstance(refusal, RepositoryNotFoundError) and not isinstance(refusal, GatedRepoError):
        return (
            f"there is no {hub}, or it is private; write it as it stands at {SITE}/{hub}, and if it is private, "
            f"export HF_TOKEN=TOKEN ({SITE}/settings/tokens)"
        )
    if isinstance(refusal, GatedRepoError) or code in (401, 403):
        return (
            f"{hub} is open to those alone who have accepted its licence: do so at {SITE}/{hub}, make a token that may read at "
            f"{SITE}/settings/tokens, and export HF_TOKEN=TOKEN"
        )
    if code:
        return f"{SITE} answered {code} for {hub}; run the same command again later, what is there already is kept"
    return (
        f"{SITE} cannot be reached ({error.__cause__ or error}); run the same command where it can, what is there already is "
        f"kept, or copy the files of {hub} into a folder and write path: FOLDER in place of hub and revision"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
