"""Weights from the hub: what is taken of a repository, and what a person is told when it cannot be had."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from huggingface_hub import errors
from huggingface_hub.utils import filter_repo_objects

from isogloss.models.fetch import FetchError, fetch, fetch_file

HUB, REVISION = "organisation/name", "0123456789abcdef" * 2 + "01234567"
OTHER = "f" * 40
SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
INDEX = {"model.safetensors.index.json": json.dumps({"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}})}
MODEL = {
    name: name for name in (*SHARDS, "config.json", "tokenizer.json", "tokenizer.model", "chat_template.jinja", "merges.txt")
}
UNWANTED = [
    *("pytorch_model.bin", "model.pt", "modeling_own.py", "README.md", ".gitattributes", "consolidated.safetensors"),
    *("original/params.json", "original/consolidated.00.pth", "onnx/model.safetensors", "adapter_model.safetensors"),
]


@pytest.fixture
def hub(monkeypatch):
    """A hub with one repository, `files`, which logs what it is asked for and fails as `failure` says."""

    class Hub:
        files = MODEL | INDEX | {name: name for name in UNWANTED}
        failure = None
        asked = []  # noqa: RUF012

    def snapshot_download(repo_id, *, revision, local_dir, allow_patterns, ignore_patterns):
        Hub.asked.append((repo_id, revision))
        for name in filter_repo_objects(Hub.files, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns):
            path = local_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(Hub.files[name], encoding="utf-8")
            (local_dir / ".cache").mkdir(exist_ok=True)
            if Hub.failure:
                raise Hub.failure
        return str(local_dir)

    monkeypatch.setattr("isogloss.models.fetch.snapshot_download", snapshot_download)
    return Hub


def test_weights_configuration_and_tokenizer_are_taken_and_nothing_else(hub, tmp_path):
    fetch(HUB, REVISION, tmp_path / "model")
    assert hub.asked[-1] == (HUB, REVISION)
    wanted = MODEL | INDEX
    assert {path.name for path in (tmp_path / "model").iterdir()} == {*wanted, "snapshot.json"}
    snapshot = json.loads((tmp_path / "model/snapshot.json").read_text(encoding="utf-8"))
    assert (snapshot["hub"], snapshot["revision"]) == (HUB, REVISION)
    assert snapshot["files"] == {
        name: {"bytes": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()} for name, text in wanted.items()
    }


def test_files_of_another_commit_do_not_stay_and_all_else_does(hub, tmp_path):
    (tmp_path / "abilities").mkdir()
    (tmp_path / "notes.md").write_text("kept", encoding="utf-8")
    hub.failure = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        fetch(HUB, OTHER, tmp_path)
    hub.failure = None
    fetch(HUB, REVISION, tmp_path)
    assert not list(tmp_path.glob(".*"))
    hub.files = {"model.safetensors": "whole", "config.json": "{}"}
    fetch(HUB, OTHER, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*hub.files, "snapshot.json", "abilities", "notes.md"}


def test_after_an_interruption_there_is_no_snapshot(hub, tmp_path):
    hub.failure = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        fetch(HUB, REVISION, tmp_path)
    assert not (tmp_path / "snapshot.json").exists()
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept, "what was downloaded stays"
    hub.failure = None
    fetch(HUB, REVISION, tmp_path)
    assert (tmp_path / "snapshot.json").exists()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (SHARDS, rf"organisation/name has no safetensors weights at {REVISION}.*write the revision"),
        (SHARDS[1:], f"lacks {SHARDS[1]}"),
        (["config.json"], r"lacks config\.json"),
    ],
)
def test_half_a_model_is_refused(hub, tmp_path, missing, message):
    hub.files = {name: text for name, text in hub.files.items() if name not in missing}
    with pytest.raises(FetchError, match=message):
        fetch(HUB, REVISION, tmp_path)
    assert not (tmp_path / "snapshot.json").exists()


def refused(kind, status):
    """An answer of the hub."""
    return kind("refused", response=SimpleNamespace(status_code=status, headers={}, request=None))


def caused(error, cause):
    """An error as `snapshot_download` raises it from another."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (
            refused(errors.GatedRepoError, 403),
            "accepted its licence: do so at https://huggingface.co/organisation/name.*HF_TOKEN",
        ),
        (refused(errors.HfHubHTTPError, 401), "accepted its licence.*HF_TOKEN"),
        (caused(errors.LocalEntryNotFoundError("x"), refused(errors.HfHubHTTPError, 403)), "accepted its licence.*HF_TOKEN"),
        (refused(errors.RepositoryNotFoundError, 401), "there is no organisation/name, or it is private"),
        (refused(errors.RevisionNotFoundError, 404), f"no commit {REVISION}; write one of https://.*/commits/main as revision"),
        (refused(errors.HfHubHTTPError, 503), "answered 503 .* run the same command again later"),
        (
            caused(errors.LocalEntryNotFoundError("x"), errors.HTTPError("no route")),
            r"cannot be reached \(no route\).*write path:",
        ),
        (errors.OfflineModeIsEnabled("HF_HUB_OFFLINE"), r"cannot be reached \(HF_HUB_OFFLINE\)"),
        (errors.HTTPError("broken off"), r"cannot be reached \(broken off\)"),
    ],
)
def test_what_to_do_is_said(hub, tmp_path, failure, message):
    hub.failure = failure
    with pytest.raises(FetchError, match=message):
        fetch(HUB, REVISION, tmp_path)
    assert not (tmp_path / "snapshot.json").exists()


def test_a_full_disk_is_not_taken_for_the_network(hub, tmp_path):
    hub.failure = OSError(28, "No space left on device")
    with pytest.raises(OSError, match="No space left"):
        fetch(HUB, REVISION, tmp_path)


def test_without_a_network_that_is_said(monkeypatch, tmp_path):
    """With the library's own function, which would rather be content with a folder that is there already."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FetchError, match="cannot be reached"):
        fetch(HUB, REVISION, tmp_path)


def test_one_file_is_taken_of_a_repository(monkeypatch, tmp_path):
    asked, failures = (
        [],
        [KeyboardInterrupt(), refused(errors.RemoteEntryNotFoundError, 404), refused(errors.GatedRepoError, 403)],
    )

    def hf_hub_download(hub, name, *, revision, local_dir):
        asked.append((hub, name, revision))
        path = local_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("weights", encoding="utf-8")
        if failures:
            raise failures.pop(0)
        return str(path)

    monkeypatch.setattr("isogloss.models.fetch.hf_hub_download", hf_hub_download)
    target = tmp_path / "gguf/model.gguf"
    with pytest.raises(KeyboardInterrupt):
        fetch_file(HUB, REVISION, "q4/model.gguf", target)
    assert list(tmp_path.rglob("*.gguf")), "what was downloaded stays"
    with pytest.raises(FetchError, match=f"has no q4/model.gguf at {REVISION}; write file: as it stands at https://.*/tree/"):
        fetch_file(HUB, REVISION, "q4/model.gguf", target)
    with pytest.raises(FetchError, match="accepted its licence"):
        fetch_file(HUB, REVISION, "q4/model.gguf", target)
    assert not target.exists()
    fetch_file(HUB, REVISION, "q4/model.gguf", target)
    assert [path.name for path in target.parent.iterdir()] == ["model.gguf"]
    assert set(asked) == {(HUB, "q4/model.gguf", REVISION)}
