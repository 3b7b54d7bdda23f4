"""Chat completions from an OpenAI-compatible endpoint: asked once each, whatever happens in between, and kept in the store."""

import json
import math
import random
import threading
import time
import uuid
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import openai

from isogloss.config import Remote
from isogloss.progress import Meter
from isogloss.remote.batch import complete_in_batches
from isogloss.remote.failures import RemoteError, advice_on, is_passing, is_refusal, lacking, retry_after, said_by, secret_of
from isogloss.remote.prices import BATCH_SHARE, price_of, unpriced
from isogloss.remote.records import (
    Reply,
    Request,
    UnusableError,
    filtered,
    is_sound,
    key,
    most_usd,
    prepared,
    record_of,
    remarks,
    reply_of,
)  # fmt: skip
from isogloss.remote.store import CallStore

FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0  # seconds between tries of a call; a server may ask for more,
LONGEST_WAIT = 900.0  # but not for more than this
FRUITLESS = 10  # calls given up without an answer in between are enough to see that there is no point
POLL = 0.2  # seconds until a call that another process has claimed is looked at again
MARGIN = 600.0  # seconds by which clocks of different machines, and what surrounds a call, may be off
BATCH_SECONDS = 2 * 86400.0  # the interface promises a day
ONE_ANSWER = {"n": (None, 1), "stream": (None, False)}  # with these values a response is one completion, in one piece


class _PassingError(Exception):
    """A failure that may pass, and how many seconds to wait for that, where the server says so."""

    def __init__(self, reason: str, after: float | None = None):
        super().__init__(reason)
        self.after = after


def complete(endpoint: Remote, requests: list[Request], store: str | Path, budget_usd: float | None = None) -> list[Reply]:
    """Replies in the order of the requests; equal ones are made once, and what the store has is not asked again.

    A text that a schema was asked for is JSON, but whether it fits the schema is for the caller to check. Raises RemoteError
    where `extra` asks for several answers or for parts of one, where calls fail for good, and where they would take the price of
    all calls in the store beyond `budget_usd`; what was answered by then is kept. A call that times out may have been charged
    without our knowing.
    """
    extra = endpoint.extra
    if others := [f"{name}: {json.dumps(extra[name])}" for name in ONE_ANSWER if extra.get(name) not in ONE_ANSWER[name]]:
        raise RemoteError(f"{endpoint.name}: a call is for one answer, in one piece; remove under extra: {', '.join(others)}")
    calls = CallStore(store, is_sound)
    keys = [key(endpoint, request) for request in requests]
    missing = {own: prepared(endpoint, request) for own, request in zip(keys, requests, strict=True) if calls.get(own) is None}
    if missing:
        if budget_usd is not None and price_of(endpoint.name) is None:
            raise RemoteError(unpriced(endpoint.name))
        with client_of(endpoint) as client:
            make = _in_batches if endpoint.batch else _one_by_one
            try:
                make(endpoint, client, missing, calls, budget_usd)
            finally:
                for remark in remarks(endpoint, [record for own in missing if (record := calls.get(own))]):
                    print(remark, flush=True)
    return [reply_of(calls.get(own)) for own in keys]


def client_of(endpoint: Remote) -> openai.OpenAI:
    """A client for the endpoint, with its own tries. Raises RemoteError where the key is not in the environment."""
    secret = secret_of(endpoint) if endpoint.key else "none"
    if not secret:
        raise RemoteError(f"{endpoint.name} needs a key, and {endpoint.key} is not set; type: export {endpoint.key}=...")
    return openai.OpenAI(api_key=secret, base_url=endpoint.base_url, timeout=endpoint.timeout, max_retries=endpoint.attempts - 1)


def _in_batches(
    endpoint: Remote, client: openai.OpenAI, missing: dict[str, dict], calls: CallStore, budget: float | None
) -> None:
    while missing := {own: body for own, body in missing.items() if calls.get(own) is None}:
        usd = sum(most_usd(endpoint, body) for body in missing.values()) * BATCH_SHARE
        _within(budget, calls.spent, usd, len(missing))
        if claim := calls.claim(missing, usd, BATCH_SECONDS, budget):
            try:
                complete_in_batches(endpoint, client, missing, calls, calls.root)
            finally:
                calls.release(claim)
            return
        time.sleep(POLL * random.uniform(0.5, 1.5))


def _one_by_one(
    endpoint: Remote, client: openai.OpenAI, missing: dict[str, dict], calls: CallStore, budget: float | None
) -> None:
    """Call until all is in the store, or a RemoteError says why not."""
    run = _Run(endpoint, client.with_options(max_retries=0), calls, budget, missing)
    workers = min(endpoint.concurrency, len(missing))
    with run.meter, ThreadPoolExecutor(workers) as pool:
        try:
            working = [pool.submit(run.work) for _ in range(workers)]
            while wait(working, timeout=1).not_done:
                pass  # Ctrl-C is heard between two waits: once polars was used, none is cut short by it
            for each in working:
                each.result()
        finally:
            run.stopped.set()
    left = sum(calls.get(own) is None for own in missing)
    if left:
        reasons = "".join(f"  {count} x {reason}\n" for reason, count in Counter(run.failed.values()).most_common())
        why = run.stop_reason or f"{len(run.failed)} failed {endpoint.attempts} times"
        raise RemoteError(
            f"{endpoint.name} at {endpoint.base_url}: {why}\n{reasons}"
            f"{len(missing) - left} of {len(missing)} calls were made and are kept; the same command goes on with the rest"
        )


def _within(budget: float | None, spent: float, usd: float, count: int) -> None:
    if budget is not None and spent + usd > budget:
        what = "the next call" if count == 1 else f"a batch of {count} calls"
        raise RemoteError(
            f"budget_usd: {budget:g} does not allow {what}, which may cost up to {usd:.6f} USD: {spent:.6f} USD are spent; "
            f"write budget_usd: {math.ceil(100 * (spent + usd)) / 100:g} or more"
        )


@dataclass(frozen=True)
class _Call:
    key: str
    body: dict
    tries: int = 0


class _Run:
    """Several threads that make the missing calls."""

    def __init__(self, endpoint: Remote, client: openai.OpenAI, calls: CallStore, budget: float | None, missing: dict[str, dict]):
        self.endpoint, self.client, self.calls, self.budget = endpoint, client, calls, budget
        self.pending = deque(_Call(own, body) for own, body in missing.items())
        self.failed: dict[str, str] = {}
        self.told: set[str] = set()
        self.stopped = threading.Event()
        self.stop_reason = ""
        self.fruitless = 0
        self.meter = Meter("calls", len(missing))

    def work(self) -> None:
        while not self.stopped.is_set():
            try:
                call = self.pending.popleft()
            except IndexError:
                return
            try:
                self._turn(call)
            except RemoteError as error:
                self.stop_reason = self.stop_reason or str(error)
                self.stopped.set()
            except BaseException:
                self.stopped.set()
                raise

    def _turn(self, call: _Call) -> None:
        """One try of a call, which goes back to the others unless it is over."""
        usd = most_usd(self.endpoint, call.body)
        _within(self.budget, self.calls.spent, usd, 1)
        claim = self.calls.claim([call.key], usd, 2 * self.endpoint.timeout + MARGIN, self.budget)
        if claim is None:
            if self.calls.get(call.key) is None:
                self.stopped.wait(POLL * random.uniform(0.5, 1.5))
                self.pending.append(call)
            return
        call = replace(call, tries=call.tries + 1)
        try:
            self.calls.put(call.key, self._try(call))
            self.fruitless = 0
            self.meter.add(1)
            return
        except _PassingError as error:
            failure = error
        finally:
            self.calls.release(claim)  # nobody need wait while this thread sleeps
        if call.tries < self.endpoint.attempts:
            if str(failure) not in self.told:
                self.told.add(str(failure))
                again = f"such calls are made again, up to {self.endpoint.attempts} times"
                print(f"{self.endpoint.name} at {self.endpoint.base_url}: {failure}; {again}", flush=True)
            self.stopped.wait(self._delay(call.tries, failure.after))
            self.pending.appendleft(call)
            return
        self.failed[call.key] = str(failure)
        self.fruitless += 1
        if self.fruitless >= FRUITLESS:
            raise RemoteError(f"{FRUITLESS} calls failed without an answer in between, so no more were tried")

    def _try(self, call: _Call) -> dict:
        try:
            completion = json.loads(self._received(call.body))
        except openai.APIStatusError as error:
            if not is_refusal(error):
                raise self._failure(error, call.body) from None
            return filtered(self.endpoint, said_by(self.endpoint, error), error.request_id)
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = error.__cause__ or error
            raise _PassingError(f"no connection, or none that lasted ({type(cause).__name__})") from None
        except TimeoutError:
            raise _PassingError(f"no answer within {self.endpoint.timeout:g} s") from None
        except ValueError:
            raise _PassingError("a response that is no JSON") from None
        try:
            return record_of(self.endpoint, call.body, completion)
        except UnusableError as error:
            # Under a key of its own, which nobody asks for: it is no answer, but it was paid for.
            self.calls.put(f"{call.key}/{uuid.uuid4().hex}", {"state": "unusable", **error.spent})
            raise _PassingError(str(error)) from None

    def _received(self, body: dict) -> bytes:
        """The response; the client's own limit is on each read, and a server may send a little at a time for ever."""
        deadline = time.monotonic() + self.endpoint.timeout
        rest = {name: value for name, value in body.items() if name not in ("model", "messages")}
        chat = self.client.chat.completions.with_streaming_response
        content = bytearray()
        with chat.create(model=body["model"], messages=body["messages"], extra_body=rest) as response:
            for part in response.iter_bytes():
                content += part
                if time.monotonic() > deadline:
                    raise TimeoutError
        return bytes(content)

    def _failure(self, error: openai.APIStatusError, body: dict) -> RemoteError | _PassingError:
        """What a failure is to the run: something to wait for, as long as the server says, or something to put right."""
        if not is_passing(error) or lacking(self.endpoint, error, body):
            return RemoteError(advice_on(self.endpoint, error, body))
        after = retry_after(error.response.headers)
        if after is not None and after > LONGEST_WAIT:
            said = said_by(self.endpoint, error)
            return RemoteError(f"the server asks to wait {after:.0f} seconds; run the same command after that ({said})")
        return _PassingError(f"HTTP status {error.status_code}", after)

    def _delay(self, tries: int, after: float | None) -> float:
        """Seconds to wait after so many tries: what the server asks for, and at least ever longer random times."""
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** (tries - 1)) * random.uniform(0.5, 1)
        return delay if after is None else max(delay, after + random.uniform(0, FIRST_DELAY))
