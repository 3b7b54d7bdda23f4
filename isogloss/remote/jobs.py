"""What the server works on for a while, batches and fine-tuning jobs: begun once, waited for and found again.

Each has a file with its keys and its ids on the server, by which a run goes on with it that follows one that was killed. The file
is there before the work is; where the run ended before the work's id was in it as well, the server's list says whether there is
any, since what is made there names the file that it was made from.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import openai

from isogloss.config import Remote
from isogloss.remote.failures import RemoteError, advice_on, is_passing, said_by

FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0  # seconds from one look at what the server does to the next
ENDED = {"completed", "expired", "failed", "cancelled", "succeeded"}


@dataclass(frozen=True)
class Begun:
    """What was begun on the server: for which keys, from which uploaded file, and the id of what was made of that, if known."""

    keys: list[str]
    file: str
    made: str | None = None

    @classmethod
    def read(cls, path: Path) -> "Begun":
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> "Begun":
        """Replace the file at once; it is on disk when this returns."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return self


@contextmanager
def explained(endpoint: Remote, missing: str) -> Iterator[None]:
    """Failures of the interface as RemoteError; `missing` says what it means if the server does not know what is asked for."""
    try:
        yield
    except openai.NotFoundError as error:
        raise RemoteError(f"{endpoint.base_url}: {missing} ({said_by(endpoint, error)})") from None
    except openai.APIStatusError as error:
        again = f"failed {endpoint.attempts} times; the same command goes on ({said_by(endpoint, error)})"
        advice = again if is_passing(error) else advice_on(endpoint, error)
        raise RemoteError(f"{endpoint.base_url}: {advice}") from None
    except openai.APIConnectionError as error:
        reason = type(error.__cause__ or error).__name__
        raise RemoteError(f"{endpoint.base_url}: no connection ({reason}); the same command goes on when there is one") from None


def made_once(endpoint: Remote, make: Callable[[], str], find: Callable[[], str | None]) -> str:
    """Id of what `make` makes on the server; after a failure `find` looks whether it was made and only the reply was lost."""
    failed = 0
    while True:
        try:
            return (find() if failed else None) or make()
        except openai.APIError as error:
            failed += 1
            if failed == endpoint.attempts or not is_passing(error):
                raise
        time.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2**failed))


def when_ended(endpoint: Remote, look: Callable[[], Any]) -> Any:
    """What `look` finds when its status is a final one. Looks ever more seldom, and puts up with failures in between."""
    wait, failed = FIRST_WAIT, 0
    while True:
        try:
            found, failed = look(), 0
            if found.status in ENDED:
                return found
        except openai.APIError as error:
            failed += 1
            if failed == endpoint.attempts or not is_passing(error):
                raise
        time.sleep(wait)
        wait = min(LONGEST_WAIT, wait * 1.5)


def forget(client: openai.OpenAI, path: Path, file: str) -> None:
    """Remove what says that something was begun, and the uploaded file if the server lets us."""
    path.unlink(missing_ok=True)
    with suppress(openai.APIError):
        client.files.delete(file)
