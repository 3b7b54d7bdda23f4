"""An append-only store of completed calls, which several processes on several machines may use at once.

Every process writes a file of its own and reads those of all. There are no locks: network file systems do not keep them.
"""

import json
import math
import os
import socket
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

HOST = socket.gethostname()
CLOCK_TOLERANCE = 60.0  # seconds; when a process began is reckoned from the clock, which may be set


@dataclass(frozen=True)
class Claim:
    """What a process is about to ask, and the most that may cost; it counts until `expires` or until the process is no more."""

    keys: frozenset[str]
    usd: float
    host: str
    pid: int
    started: float
    expires: float

    @property
    def alive(self) -> bool:
        if time.time() > self.expires:
            return False
        if self.host != HOST:
            return True
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < CLOCK_TOLERANCE
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class CallStore:
    """Records (JSON objects) of completed calls by key, in the folder `root`; threads may share one.

    A record that is not `sound` has cost what it has cost, but its key has none: the call is to be made again.
    """

    def __init__(self, root: str | Path, sound: Callable[[dict], bool] = lambda record: True):
        self.root = Path(root)
        self._sound = sound
        self._lock = threading.RLock()
        self._records: dict[str, dict] = {}
        self._spent = 0.0
        self._read: dict[str, int] = {}  # bytes taken in, by file
        self._own: set[str] = set()
        self._file: BinaryIO | None = None
        self._claims: dict[str, Claim] = {}
        self.refresh()

    @property
    def spent(self) -> float:
        """USD of all records."""
        return self._spent

    def get(self, key: str) -> dict | None:
        """The record of a key, the earliest (field `time`) if there are several; None where there is none."""
        return self._records.get(key)

    def refresh(self) -> None:
        """Read what other processes have appended since."""
        with self._lock:
            for path in sorted(self.root.glob("*.jsonl")):
                if path.name not in self._own:
                    self._take_in(path)

    def put(self, key: str, record: dict) -> None:
        """Append a record; on disk when this returns. Raises OSError where it could not be written."""
        text = json.dumps({"key": key, **record}, ensure_ascii=False)
        line = text.encode(errors="replace")  # half a surrogate pair, which a server can send, is no text
        with self._lock:
            file = self._file or self._new_file()
            self._file = None  # after a failure a new file is begun: half a line may be in this one
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
            self._file = file
            self._add(json.loads(line))

    def claim(self, keys: Collection[str], usd: float, seconds: float, budget: float | None = None) -> str | None:
        """Announce calls that cost at most `usd` and last at most `seconds`; a name to release, None if not now.

        Not now: one of them has a record, a live claim has one, or all records and live claims would exceed `budget`.
        Of processes that claim the same at once none may get it, so wait a random time before trying again.
        """
        process = psutil.Process()
        owner = {"host": HOST, "pid": process.pid, "started": process.create_time()}
        name = f"{uuid.uuid4().hex}.json"
        path = self._claims_folder / name
        with self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                json.dump({"keys": sorted(keys), "usd": usd, "seconds": seconds, **owner}, file)
            # Everyone writes a claim before looking at those of others: of two that overlap, the later to look sees the other's.
            # No name is used twice, so whoever removes a dead claim cannot remove a new one.
            if self._possible(name, frozenset(keys), usd, budget):
                return name
            self.release(name)
            return None

    def release(self, name: str) -> None:
        """Take a claim back; records come first."""
        (self._claims_folder / name).unlink(missing_ok=True)

    @property
    def _claims_folder(self) -> Path:
        return self.root / "claims"

    def _possible(self, name: str, keys: frozenset[str], usd: float, budget: float | None) -> bool:
        others = [claim for other, claim in self._live_claims().items() if other != name]
        self.refresh()  # after the claims, lest a call be missed whose claim has just become a record
        if any(keys & claim.keys for claim in others) or any(key in self._records for key in keys):
            return False
        return budget is None or self._spent + usd + sum(claim.usd for claim in others) <= budget

    def _live_claims(self) -> dict[str, Claim]:
        found = {}
        for path in self._claims_folder.glob("*.json"):
            try:
                found[path.name] = self._claims.get(path.name) or _read_claim(path)
            except (FileNotFoundError, ValueError):
                continue  # released, or half written: its process has not looked yet
        dead = [name for name, claim in found.items() if not claim.alive]
        for name in dead:
            del found[name]
            self.release(name)
        self._claims = found
        return found

    def _new_file(self) -> BinaryIO:
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.root / f"{HOST}-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
        file = path.open("xb")
        self._own.add(path.name)
        folder = os.open(self.root, os.O_RDONLY)
        try:
            os.fsync(folder)  # the file's name has to last as well
        finally:
            os.close(folder)
        return file

    def _take_in(self, path: Path) -> None:
        """Read the whole lines that are new in a file; half a line may be completed later."""
        start = self._read.get(path.name, 0)
        with path.open("rb") as file:
            file.seek(start)
            lines = file.read().split(b"\n")[:-1]
        for number, line in enumerate(lines, 1):
            try:
                self._add(json.loads(line.decode()))
            except (ValueError, TypeError, KeyError, RecursionError):
                if number == len(lines):
                    break  # network file systems may show the end of what is being written before its beginning
                warnings.warn(f"{path}, byte {start}: damaged record; its call will be made again", stacklevel=3)
            start += len(line) + 1
        self._read[path.name] = start

    def _add(self, record: dict) -> None:
        key, time, usd = record["key"], record.get("time", 0), record.get("usd", 0)
        if not isinstance(key, str) or not (math.isfinite(time) and math.isfinite(usd)):
            raise ValueError(f"no record: {record}")
        known = self._records.get(key)
        if (known is None or time < known.get("time", 0)) and self._sound(record):
            self._records[key] = record
        self._spent += usd


def _read_claim(path: Path) -> Claim:
    expires = path.stat().st_mtime
    content = json.loads(path.read_text(encoding="utf-8"))
    expires += content.pop("seconds")
    return Claim(keys=frozenset(content.pop("keys")), expires=expires, **content)
