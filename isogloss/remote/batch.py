"""The Batch interface: chat completions at a part of the price, answered within a day.

Batches that are under way have files `batches/*.json` in the store's folder.
"""

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import openai
from pydantic import BaseModel, ValidationError

from isogloss.config import Remote
from isogloss.remote.failures import NO_CREDIT, RemoteError, advice_on, is_passing, is_refusal, lacking, said_by
from isogloss.remote.jobs import FIRST_WAIT, LONGEST_WAIT, Begun, explained, forget, made_once, when_ended
from isogloss.remote.prices import BATCH_SHARE
from isogloss.remote.records import UnusableError, filtered, record_of
from isogloss.remote.store import CallStore

REQUESTS, SIZE = 50_000, 200_000_000  # most of an input file: developers.openai.com/api/docs/guides/batch
ROUNDS = 5  # in a row without a completion
HOPELESS = {*NO_CREDIT, "model_not_found"}


class _Error(BaseModel):
    code: str | None = None
    message: str | None = None


class _Response(BaseModel):
    status_code: int
    body: Any = None


class _Line(BaseModel):
    custom_id: str
    response: _Response | None = None
    error: _Error | None = None


def complete_in_batches(endpoint: Remote, client: openai.OpenAI, keyed: dict[str, dict], store: CallStore, root: Path) -> None:
    """Have the calls made whose bodies `keyed` has by key, until the store has them all; the caller has claimed the keys there.

    Batches of these calls that an earlier run left in `root` are gone on with. What fails is submitted again as long as anything
    is answered, and `ROUNDS` times beyond. Raises RemoteError if something is missing even then, at failures that would only
    come again, and where a batch was cancelled; what was answered is kept.
    """
    most, fruitless, failures = REQUESTS, 0, Counter[str]()
    paths = _left_open(endpoint, client, _missing(keyed, store), root / "batches")
    while missing := _missing(keyed, store):
        if fruitless == ROUNDS:
            raise RemoteError(_given_up(endpoint, len(missing), len(keyed), failures))
        if fruitless:
            time.sleep(min(LONGEST_WAIT, FIRST_WAIT * 4**fruitless))
        held = {key for path in paths for key in Begun.read(path).keys}
        for part in _parts({key: body for key, body in missing.items() if key not in held}, most):
            paths.append(_submit(endpoint, client, part, root / "batches"))
        failures = Counter[str]()
        for path in paths:
            failures += _collect(endpoint, client, path, missing, store)
        paths = []
        if len(_missing(keyed, store)) < len(missing):
            fruitless = 0
        else:
            fruitless += 1
            most = max(1, min(most, len(missing)) // 2)  # it may be that the account may not have so many waiting


def _missing(keyed: dict[str, dict], store: CallStore) -> dict[str, dict]:
    return {key: body for key, body in keyed.items() if store.get(key) is None}


def _given_up(endpoint: Remote, left: int, of: int, failures: Counter[str]) -> str:
    reasons = "".join(f"  {count} x {reason}\n" for reason, count in failures.most_common())
    return (
        f"{endpoint.name} at {endpoint.base_url}: the last {ROUNDS} rounds of batches brought nothing\n{reasons}"
        f"{of - left} of {of} calls were made and are kept; the same command goes on with the rest"
    )


def _left_open(endpoint: Remote, client: openai.OpenAI, missing: dict[str, dict], folder: Path) -> list[Path]:
    """The batches that were made for calls that are missing; those that never were made are forgotten."""
    found = []
    for path in sorted(folder.glob("*.json")):
        begun = Begun.read(path)
        if missing.keys().isdisjoint(begun.keys):
            continue
        if begun.made is None:
            with explained(endpoint, "there is no list of batches"):
                begun = replace(begun, made=_made_from(client, begun.file)).write(path)
        if begun.made is None:
            forget(client, path, begun.file)
        else:
            found.append(path)
    return found


def _made_from(client: openai.OpenAI, file: str) -> str | None:
    return next((batch.id for batch in client.batches.list(limit=100) if batch.input_file_id == file), None)


def _parts(bodies: dict[str, dict], most: int) -> Iterator[dict[str, bytes]]:
    """The lines of input files by key, up to `most` each."""
    part: dict[str, bytes] = {}
    size = 0
    for key, body in bodies.items():
        request = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
        line = json.dumps(request).encode() + b"\n"
        if part and (len(part) == most or size + len(line) > SIZE):
            yield part
            part, size = {}, 0
        part[key] = line
        size += len(line)
    if part:
        yield part


def _submit(endpoint: Remote, client: openai.OpenAI, part: dict[str, bytes], folder: Path) -> Path:
    """Make a batch; the file that says so."""
    path = folder / f"{uuid.uuid4().hex}.json"
    what: Any = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
    once = client.with_options(max_retries=0)
    with explained(endpoint, "there is no Batch interface; write batch: false"):
        file = client.files.create(file=("batch.jsonl", b"".join(part.values())), purpose="batch").id
        begun = Begun(list(part), file).write(path)
        made = made_once(endpoint, lambda: once.batches.create(input_file_id=file, **what).id, lambda: _made_from(client, file))
    replace(begun, made=made).write(path)
    print(f"{endpoint.name}: {made} with {len(part)} calls submitted", flush=True)
    return path


def _collect(endpoint: Remote, client: openai.OpenAI, path: Path, missing: dict[str, dict], store: CallStore) -> Counter[str]:
    """Wait for a batch and keep what it has of the `missing` calls; its failures, and how many there were of each."""
    begun = Begun.read(path)
    with explained(endpoint, f"it is not there (any more); use the key it was made with, or have its calls made anew: rm {path}"):
        batch = when_ended(endpoint, lambda: client.batches.retrieve(begun.made))
        files = [file for file in (batch.output_file_id, batch.error_file_id) if file]
        lines = [line for file in files for line in client.files.content(file).content.splitlines()]
    errors = (batch.errors and batch.errors.data) or []
    failures = Counter(f"{error.code}: {error.message}" for error in errors)
    advice = [f"{batch.id} was not accepted: {error.message}" for error in errors if error.code in HOPELESS]
    if batch.status == "cancelled":
        advice.append(f"{batch.id} was cancelled; the same command submits again what was not done")
    for line in lines:
        try:
            found = _Line.model_validate_json(line)
            if found.custom_id in missing:
                _keep(endpoint, found, begun.made, missing[found.custom_id], store)
        except ValidationError:
            failures["a line of the results that is none"] += 1
        except UnusableError as error:
            failures[str(error)] += 1
        except openai.APIStatusError as error:
            failures[said_by(endpoint, error)] += 1
            body = missing[found.custom_id]
            if not is_passing(error) or lacking(endpoint, error, body):
                advice.append(advice_on(endpoint, error, body))
    if all(key in missing or store.get(key) for key in begun.keys):  # else someone may want the others
        forget(client, path, begun.file)
    if advice:
        raise RemoteError(f"{endpoint.name} at {endpoint.base_url}: " + "\n".join(dict.fromkeys(advice)))
    return failures


def _keep(endpoint: Remote, line: _Line, batch: str, body: dict, store: CallStore) -> None:
    """Put a completion into the store. Raises UnusableError or APIStatusError where there is none."""
    try:
        record = _record(endpoint, line, body)
    except UnusableError as error:
        # Under a key of its own, which nobody asks for: it is no answer, but it was paid for.
        _put(store, f"{line.custom_id}/{batch}", {"state": "unusable", **error.spent})
        raise
    _put(store, line.custom_id, record)


def _record(endpoint: Remote, line: _Line, body: dict) -> dict:
    response, error = line.response, line.error or _Error()
    if response is None:
        raise UnusableError(f"{error.code}: {error.message}", {})
    if response.status_code == 200:
        return record_of(endpoint, body, response.body)
    said = response.body.get("error") if isinstance(response.body, dict) else None
    status = httpx2.Response(response.status_code, request=httpx2.Request("POST", "/v1/chat/completions"))
    failure = openai.APIStatusError("", response=status, body=said or response.body)
    if is_refusal(failure):
        return filtered(endpoint, said_by(endpoint, failure))
    raise failure


def _put(store: CallStore, key: str, record: dict) -> None:
    if store.get(key) is None:
        store.put(key, record | ({"usd": record["usd"] * BATCH_SHARE} if "usd" in record else {}))
