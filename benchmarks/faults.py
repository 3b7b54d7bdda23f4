"""Calls to a failing server, in one run and in runs that are killed: which are lost, and which are made twice.

    python -m benchmarks.faults

A fifth of the calls fail: limits of rate with and without Retry-After, status 500, no response, a connection reset in the middle
of one, half a JSON, no choices, a label that is not in the schema, an answer cut short, a refusal. Ends with status 1 if a call
is lost or made again though its answer was kept.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from isogloss.config import Remote
from isogloss.remote import chat
from isogloss.remote.records import Request, key
from tests.openai_server import OpenAIServer, content_of

PROJECT = Path(__file__).parent.parent
VERDICT = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["same", "different"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}
CONCURRENCY = 16


@dataclass(frozen=True)
class Outcome:
    """What became of `calls`: lost (no record), kept more than once, made again though the answer was kept; and how many were
    made again because their answer was on its way when a process was killed."""

    calls: int
    kills: int
    requests: int
    faults: int
    lost: int
    kept_twice: int
    asked_twice: int
    in_flight: int
    seconds: float

    @property
    def good(self) -> bool:
        return not (self.lost or self.kept_twice or self.asked_twice) and self.in_flight <= self.kills * CONCURRENCY

    def __str__(self) -> str:
        return (
            f"{self.calls} calls, {self.requests} requests, {self.faults} injected faults, killed {self.kills} times, "
            f"{self.seconds:.0f} s: {self.lost} lost, {self.kept_twice} kept more than once, {self.asked_twice} asked again "
            f"though their answer was kept, {self.in_flight} asked again whose answer was on its way to a killed process"
        )


def requests_of(count: int) -> list[Request]:
    """Calls with contents of their own, every second one with a schema."""
    schemas = [None, VERDICT]
    return [Request([{"role": "user", "content": f"call {i}"}], 50, schemas[i % 2]) for i in range(count)]


def endpoint_of(base_url: str) -> Remote:
    """The server, asked many times at once and with patience."""
    return Remote(provider="openai", name="tiny", base_url=base_url, key=None, timeout=2, concurrency=CONCURRENCY, attempts=20)


def make_calls(base_url: str, store: str | Path, count: int) -> None:
    """Make the calls that the store lacks, with delays as short as the server's."""
    chat.FIRST_DELAY, chat.POLL = 0.005, 0.01
    chat.complete(endpoint_of(base_url), requests_of(count), store)


def measure(count: int, kills: int, faults: float = 0.2, seed: int = 1) -> Outcome:
    """Make `count` calls in one run, killed (SIGKILL) and begun again `kills` times, each after a random number of answers."""
    rng = random.Random(seed)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, OpenAIServer(faults, seed, latency=0.005) as server:
        excused: Counter[str] = Counter()
        for after in sorted(rng.sample(range(1, int(count * 0.95)), kills)):
            _run_until(server, folder, count, after)
            server.settle()
            kept = _kept(server, folder, count)
            excused.update([own for own, sent in server.delivered.items() if sent > kept[own] + excused[own]])
        child = _child(server, folder, count)
        if child.wait():
            raise RuntimeError("the last run failed")
        server.settle()
        kept = _kept(server, folder, count)
        return Outcome(
            calls=count,
            kills=kills,
            requests=server.arrived.total(),
            faults=server.injected.total(),
            lost=count - len(kept),
            kept_twice=sum(times > 1 for times in kept.values()),
            asked_twice=sum(max(0, times - 1 - excused[content]) for content, times in server.delivered.items()),
            in_flight=excused.total(),
            seconds=time.perf_counter() - began,
        )


def _child(server: OpenAIServer, folder: str, count: int) -> subprocess.Popen:
    words = [sys.executable, "-m", "benchmarks.faults", "--make", server.base_url, folder, str(count)]
    return subprocess.Popen(words, cwd=PROJECT)


def _run_until(server: OpenAIServer, folder: str, count: int, after: int) -> None:
    """Run until so many answers have been sent in all, then kill at once."""
    child = _child(server, folder, count)
    while server.delivered.total() < after:
        if child.poll() is not None:
            raise RuntimeError(f"a run ended with status {child.returncode} before it could be killed")
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.wait()


def _kept(server: OpenAIServer, folder: str, count: int) -> Counter[str]:
    """How many whole records there are of each call, by content; read without the code that is tested."""
    endpoint = endpoint_of(server.base_url)
    contents = {key(endpoint, request): content_of({"messages": request.messages}) for request in requests_of(count)}
    lines = [line for path in Path(folder).glob("*.jsonl") for line in path.read_bytes().split(b"\n")[:-1]]
    kept = [json.loads(line)["key"] for line in lines]
    return Counter(contents[own] for own in kept if own in contents)  # other records are of what unusable answers cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000, help="in each of the two measurements")
    parser.add_argument("--seed", type=int, default=1, help="draws the faults and when processes are killed")
    parser.add_argument("--make", nargs=3, metavar=("URL", "STORE", "COUNT"), help="make calls: what is killed")
    given = parser.parse_args()
    if given.make:
        url, store, count = given.make
        make_calls(url, store, int(count))
        return
    outcomes = [measure(given.calls, kills, seed=given.seed) for kills in (0, 5)]
    print(*outcomes, sep="\n")
    if not all(outcome.good for outcome in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()
