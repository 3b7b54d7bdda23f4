"""A server of chat completions that fails on purpose, as real ones do but not on request.

    python tests/openai_server.py 8000 --faults 0.2 --seed 1 --log deliveries.jsonl

answers at http://127.0.0.1:8000/v1; the log gets a line for each answer that was sent in full.
"""

import argparse
import json
import random
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PATH = "/v1/chat/completions"
# What a request meets: the name of a fault ("" for none), or a function of the usual completion that gives what is sent instead,
# with status 200 or, as a pair, another.
Fault = str | Callable[[dict], dict | tuple[int, dict]]
# Faults that pass when the call is made again, and answers which are not what was hoped for; the latter count as deliveries.
PASSING = ("429", "429-after", "429-date", "500", "408", "hang", "trickle", "reset", "malformed", "no-completion", "empty")
PASSING += ("no-content", "no-json")
ANSWERS = ("wrong-label", "length", "refusal", "filter", "azure-filter")
LASTING = ("401", "403", "404", "context", "quota", "temperature", "later")
DRAWN = ("429", "429-after", "500", "hang", "reset", "malformed", "empty", "wrong-label", "length", "refusal")

STATUSES = {  # HTTP status, headers and error of those faults that are told so
    "429": (429, {}, {"code": "rate_limit_exceeded"}),
    "429-date": (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, {"code": "rate_limit_exceeded"}),
    "later": (429, {"Retry-After": "86400"}, {"code": "rate_limit_exceeded"}),
    "500": (500, {}, {"code": "server_error"}),
    "408": (408, {}, {"code": "timeout"}),
    "401": (401, {}, {"code": "invalid_api_key", "message": "Incorrect API key provided: {key}"}),
    "403": (403, {}, {"code": "forbidden", "message": "not for {key}"}),
    "404": (404, {}, {"code": "model_not_found"}),
    "context": (400, {}, {"code": "context_length_exceeded"}),
    "quota": (429, {}, {"code": "insufficient_quota"}),
    "temperature": (400, {}, {"code": "unsupported_value", "param": "temperature"}),
    "azure-filter": (400, {}, {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
}


def content_of(body: dict) -> str:
    """What tells calls apart: the text of the last message."""
    return body["messages"][-1]["content"]


def changed(completion: dict, finish: object = "stop", usage: object = None, **message: object) -> dict:
    """A completion with another finish reason, usage (None: as it is) and fields of the message."""
    choice = completion["choices"][0]
    choice = choice | {"message": choice["message"] | message, "finish_reason": finish}
    return completion | {"choices": [choice]} | ({} if usage is None else {"usage": usage})


def echo(body: dict) -> str:
    """The usual answer: the first allowed value of each field of the schema, or what was asked."""
    if "response_format" not in body:
        return f"<answer>{content_of(body)}</answer>"
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    return json.dumps({name: rule["enum"][0] if "enum" in rule else "" for name, rule in properties.items()})


class OpenAIServer:
    """Answers at `base_url` while it is entered.

    `script` has the faults of the next requests in the order they arrive ("" for none), `scripts` those of requests with a
    content; after these `rule` says what a body meets; and where that is nothing, a request fails with probability `faults`, as
    drawn for its content and the number of its arrival.
    """

    def __init__(
        self,
        faults: float = 0.0,
        seed: int = 0,
        latency: float = 0.0,
        retry_after: float = 0.01,
        answer: Callable[[dict], str] = echo,
        log: str | Path | None = None,
        port: int = 0,
    ):
        self.faults, self.seed, self.latency, self.retry_after, self.answer, self.log = (
            faults,
            seed,
            latency,
            retry_after,
            answer,
            log,
        )
        self.script: list[Fault] = []
        self.scripts: dict[str, list[Fault]] = {}
        self.rule: Callable[[dict], Fault] = lambda body: ""
        self.usage = {"prompt_tokens": 20, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 10}}
        self.arrived: Counter[str] = Counter()  # by content
        self.delivered: Counter[str] = Counter()  # answers sent in full
        self.injected: Counter[Fault] = Counter()  # by fault
        self.bodies: list[dict] = []
        self.moments: list[float] = []
        self.keys: set[str] = set()
        self.open = 0
        self.most_open = 0
        self.lock = threading.Lock()
        self.http = _Http(("127.0.0.1", port), type("Handler", (_Handler,), {"mine": self}))
        self.base_url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def __enter__(self) -> "OpenAIServer":
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.http.shutdown()
        self.http.server_close()

    def arrival(self, body: dict) -> Fault:
        """The fault that a request meets."""
        content = content_of(body)
        with self.lock:
            self.arrived[content] += 1
            self.bodies.append(body)
            self.moments.append(time.monotonic())
            if self.scripts.get(content):
                fault = self.scripts[content].pop(0)
            elif self.script:
                fault = self.script.pop(0)
            elif not (fault := self.rule(body)):
                rng = random.Random(f"{self.seed} {content} {self.arrived[content]}")
                fault = rng.choice(DRAWN) if rng.random() < self.faults else ""
            if fault:
                self.injected[fault] += 1
            return fault

    def deliver(self, content: str) -> None:
        with self.lock:
            self.delivered[content] += 1
            if self.log:
                with Path(self.log).open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"content": content}) + "\n")

    def settle(self) -> None:
        """Wait until no request is being answered."""
        while self.open:
            time.sleep(0.005)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_) -> None:
        """Clients that hang up or are killed are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    mine: OpenAIServer

    def log_message(self, *_) -> None:
        pass

    def do_POST(self) -> None:
        mine = self.mine
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != PATH:
            self._send(404, {"error": {"message": f"no {self.path}"}})
            return
        with mine.lock:
            mine.open += 1
            mine.most_open = max(mine.most_open, mine.open)
            mine.keys.add(self.headers["Authorization"].removeprefix("Bearer "))
        try:
            self._reply(mine.arrival(body), body)
        finally:
            with mine.lock:
                mine.open -= 1

    def _reply(self, fault: Fault, body: dict) -> None:
        if callable(fault):
            sent = fault(self._completion("", body))
            status, content = sent if isinstance(sent, tuple) else (200, sent)
            self._send(status, content)
            if status == 200:
                self.mine.deliver(content_of(body))
        elif fault == "429-after":
            after = {"Retry-After": str(self.mine.retry_after)}
            self._send(429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, after)
        elif fault in STATUSES:
            status, headers, error = STATUSES[fault]
            message = error.get("message", "injected").format(key=self.headers["Authorization"].removeprefix("Bearer "))
            self._send(status, {"error": {"type": None, "param": None} | error | {"message": message}}, headers)
            if fault in ANSWERS:
                self.mine.deliver(content_of(body))
        elif fault == "hang":
            select.select([self.connection], [], [])  # until the client hangs up
            self.close_connection = True
        elif fault == "trickle":
            self._head(200, 10_000)
            while not select.select([self.connection], [], [], 0.02)[0]:
                self.wfile.write(b" ")
            self.close_connection = True
        elif fault == "reset":
            data = json.dumps(self._completion(fault, body)).encode()
            self._head(200, len(data))
            self.wfile.write(data[: len(data) // 2])
            # To linger for no time makes the operating system send a reset instead of an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif fault == "malformed":
            self._send(200, json.dumps(self._completion("", body))[:-20].encode())
        elif fault == "no-completion":
            self._send(200, {"choices": "none"})
        else:
            time.sleep(self.mine.latency)
            self._send(200, self._completion(fault, body))
            if fault not in PASSING:
                self.mine.deliver(content_of(body))

    def _completion(self, fault: str, body: dict) -> dict:
        message = {"role": "assistant", "content": self.mine.answer(body), "refusal": None}
        if fault == "no-json":
            message["content"] = message["content"][:-1]
        if fault == "wrong-label" and "response_format" in body:
            message["content"] = json.dumps({"verdict": "perhaps"})
        if fault == "length":
            message["content"] = message["content"][:5]
        if fault in ("no-content", "refusal"):
            message["content"] = None
        if fault == "refusal":
            message["refusal"] = "I cannot help with that."
        finish = {"length": "length", "filter": "content_filter"}.get(fault, "stop")
        completion = {
            "id": f"chatcmpl-{random.getrandbits(32):08x}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": f"{body['model']}-2025-01-01",
            "choices": [] if fault == "empty" else [{"index": 0, "message": message, "finish_reason": finish}],
        }
        return completion | ({"usage": self.mine.usage} if self.mine.usage else {})

    def _head(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(length), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, content: dict | bytes, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self._head(status, len(data), headers)
        self.wfile.write(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail")
    parser.add_argument("--seed", type=int, default=0, help="draws them")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--log", help="file that gets a line per answer sent")
    given = parser.parse_args()
    with OpenAIServer(given.faults, given.seed, given.latency, log=given.log, port=given.port) as server:
        print(server.base_url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
