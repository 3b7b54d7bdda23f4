"""The store of calls under load: several processes write to one folder, are killed outright, and are begun again.

    python -m benchmarks.soak

All have the same calls to make, each in an order of its own, and claim a call, store it and release it as `isogloss.remote.chat`
does; what is stored is acknowledged to the process that watches. Into the files of those killed go damaged lines. Ends with
status 1 if an acknowledged call is lost or changed, a call is stored twice, or a damaged line is not noted.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from isogloss.remote.store import CallStore

PROJECT = Path(__file__).parent.parent
USD = 0.25  # of a call; sums of it are exact
DAMAGED = [b'{"key": "call 1", "time": 1.0, "ans', b"\xff\xfe\x00 no text", b"[1, 2]", b'{"time": 1.0}']


@dataclass(frozen=True)
class Outcome:
    """What became of `calls`: acknowledged and not kept, kept with another content, kept more than once, never made; and of
    `damaged` lines (`torn` of them by kills, the others on purpose), of which a reader of the store notes `noted`."""

    calls: int
    writers: int
    kills: int
    acknowledged: int
    lost: int
    changed: int
    kept_twice: int
    never_made: int
    damaged: int
    torn: int
    noted: int
    spent_right: bool
    seconds: float

    @property
    def good(self) -> bool:
        return not (self.lost or self.changed or self.kept_twice or self.never_made) and (
            self.noted == self.damaged and self.spent_right
        )

    def __str__(self) -> str:
        return (
            f"{self.calls} calls by {self.writers} processes at a time, {self.kills} killed, {self.seconds:.0f} s: "
            f"{self.acknowledged} acknowledged, {self.lost} of them lost, {self.changed} changed, {self.kept_twice} kept more "
            f"than once, {self.never_made} never made; {self.damaged} damaged lines, {self.torn} of them torn by kills, "
            f"{self.noted} noted; the sum spent is {'right' if self.spent_right else 'wrong'}"
        )


def key_of(number: int) -> str:
    return f"call {number}"


def answer_of(number: int) -> str:
    """Texts of many lengths, with line breaks and several scripts."""
    return f"{number}\n«月\u2028é» " * (1 + number * 7 % 40)


def write(folder: str, calls: int, seed: int) -> None:
    """Make the calls that are not there, until all are; each is acknowledged (a line with its number) when it is stored."""
    store, numbers = CallStore(folder), list(range(calls))
    random.Random(seed).shuffle(numbers)
    while numbers:
        later = []
        for number in numbers:
            key = key_of(number)
            if store.get(key) is not None:
                continue
            claim = store.claim([key], USD, 60)
            if claim is None:
                later.append(number)
                continue
            store.put(key, {"time": time.time(), "usd": USD, "answer": answer_of(number)})
            os.write(1, b"%d\n" % number)
            store.release(claim)
        numbers = [number for number in later if store.get(key_of(number)) is None]


class Writers:
    """The processes that write, and what they have acknowledged."""

    def __init__(self, folder: str, calls: int, rng: random.Random):
        self.folder, self.calls, self.rng = folder, calls, rng
        self.acknowledged: Counter[int] = Counter()
        self.running: list[tuple[subprocess.Popen, threading.Thread]] = []

    def start(self) -> None:
        words = ["--write", self.folder, str(self.calls), str(self.rng.randrange(10**9))]
        # each would note the same damaged lines; what counts is what is noted at the end
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.soak", *words]
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE)
        thread = threading.Thread(target=self._hear, args=(process,))
        thread.start()
        self.running.append((process, thread))

    def _hear(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            self.acknowledged[int(line)] += 1

    def kill(self) -> int:
        """Kill one of them outright; its process number."""
        process, thread = self.running.pop(self.rng.randrange(len(self.running)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        thread.join()
        return process.pid

    def wait(self) -> None:
        for process, thread in self.running:
            if process.wait():
                raise RuntimeError(f"a writer ended with status {process.returncode}")
            thread.join()


def measure(calls: int, writers: int, kills: int, seed: int = 1) -> Outcome:
    """Have `writers` processes make `calls`, and kill one of them and begin another `kills` times."""
    rng, began, damaged, torn = random.Random(seed), time.perf_counter(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        all_of_them = Writers(folder, calls, rng)
        for _ in range(writers):
            all_of_them.start()
        for after in sorted(rng.sample(range(1, int(calls * 0.9)), kills)):
            while all_of_them.acknowledged.total() < after:
                time.sleep(0.002)
            pid = all_of_them.kill()
            for path in Path(folder).glob(f"*-{pid}-*.jsonl"):
                torn += not path.read_bytes().endswith(b"\n")
                damaged += _damage(path, rng)
            all_of_them.start()
        all_of_them.wait()
        return outcome_of(all_of_them, writers, kills, damaged, torn, time.perf_counter() - began)


def _damage(path: Path, rng: random.Random) -> int:
    """Append damaged lines, and a whole record after them; how many damaged lines there are now."""
    content = path.read_bytes()
    lines = [rng.choice(DAMAGED) for _ in range(rng.randint(1, 3))]
    extra = json.dumps({"key": f"extra {path.name}", "time": 1.0, "usd": USD}).encode()
    with path.open("ab") as file:
        file.write(b"\n" * (not content.endswith(b"\n")) + b"\n".join([*lines, extra]) + b"\n")
    return len(lines) + (not content.endswith(b"\n"))


def outcome_of(made: Writers, at_a_time: int, kills: int, damaged: int, torn: int, seconds: float) -> Outcome:
    """What is in the folder, compared with what was acknowledged; records are read without the code that is tested."""
    kept, changed, extra = Counter(), 0, 0
    for path in Path(made.folder).glob("*.jsonl"):
        for line in path.read_bytes().split(b"\n"):
            try:
                record = json.loads(line)
                key = record["key"]
            except (ValueError, KeyError, TypeError):
                continue
            if key.startswith("extra"):
                extra += 1
                continue
            number = int(key.removeprefix("call "))
            kept[number] += 1
            changed += record["answer"] != answer_of(number)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        store = CallStore(made.folder)
    return Outcome(
        calls=made.calls,
        writers=at_a_time,
        kills=kills,
        acknowledged=len(made.acknowledged),
        lost=sum(kept[number] == 0 or store.get(key_of(number)) is None for number in made.acknowledged),
        changed=changed,
        kept_twice=sum(times > 1 for times in kept.values()),
        never_made=sum(kept[number] == 0 for number in range(made.calls)),
        damaged=damaged,
        torn=torn,
        noted=sum("damaged record" in str(note.message) for note in notes),
        spent_right=store.spent == USD * (kept.total() + extra),
        seconds=seconds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--writers", type=int, default=4, help="processes at a time")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1, help="draws orders, when processes are killed, and damage")
    parser.add_argument("--write", nargs=3, metavar=("STORE", "CALLS", "SEED"), help="make calls: what is killed")
    given = parser.parse_args()
    if given.write:
        folder, calls, seed = given.write
        write(folder, int(calls), int(seed))
        return
    outcome = measure(given.calls, given.writers, given.kills, given.seed)
    print(outcome)
    if not outcome.good:
        sys.exit(1)


if __name__ == "__main__":
    main()
