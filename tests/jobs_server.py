"""A small server with the files, batches, fine-tuning and chat endpoints of OpenAI's interface, whose failures are scripted.

What runs there runs while it is polled: after `polls` looks a batch or a job has ended, the way the next entry of `endings` says.
"""

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MOMENT = 1_750_000_000
KEPT_CHECKPOINTS = 3
FEWEST_EXAMPLES = 10


def completion(body: dict, text: str = "<answer>a</answer>") -> dict:
    """A chat completion as the interface writes it: ten tokens of prompt, two of answer."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": MOMENT,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 2,
            "total_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def error(code: str, message: str = "scripted") -> dict:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


class JobsServer:
    """What it was asked and what it holds.

    `answer` gives HTTP status and body of a line of a batch by its key and body, None: it was not reached; and of a chat
    completion that is asked for by itself, which has no key.
    """

    def __init__(self, models: tuple[str, ...] = ("tiny",)):
        self.models = set(models)
        self.polls = 2
        self.page = 20
        self.answer: Callable[[str, dict], tuple[int, dict] | None] = lambda key, body: (200, completion(body))
        self.endings: list[str] = []
        self.errors: list[dict] = []  # of batches that end as failed
        self.most_lines: int | None = None  # batches of more fail
        self.checkpoints = "kept"  # or "none", "unknown" (404), "odd" (elsewhere than at the ends of epochs)
        self.faults: list[tuple[str, str, int]] = []  # method, path and status of calls that fail, once each
        self.lost: list[tuple[str, str]] = []  # method and path of calls that are done without a reply, once each
        self.done: Callable[[str, str], None] = lambda method, path: None  # called when a call is done, before the reply
        self.asked: Counter[str] = Counter()  # lines that were answered, by key
        self.calls: Counter[tuple[str, str]] = Counter()  # by method and path, ids left out
        self.numbers = itertools.count(1)
        self.files: dict[str, dict] = {}
        self.content: dict[str, bytes] = {}
        self.batches: dict[str, dict] = {}
        self.jobs: dict[str, dict] = {}
        self.looks: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"jobs_server": self}))
        self.base_url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def __enter__(self) -> "JobsServer":
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.http.shutdown()
        self.http.server_close()

    def lines(self, file: str) -> list[dict]:
        return [json.loads(line) for line in self.content[file].splitlines()]

    def keep(self, purpose: str, name: str, content: bytes) -> dict:
        number = f"file-{next(self.numbers)}"
        self.content[number] = content
        self.files[number] = {
            "id": number,
            "object": "file",
            "bytes": len(content),
            "created_at": MOMENT,
            "filename": name,
            "purpose": purpose,
            "status": "processed",
        }
        return self.files[number]

    def reply(self, method: str, parts: list[str], query: dict, given: dict) -> tuple[int, dict | bytes]:
        """Status and body of a call; `given` is the JSON sent or the fields of a form."""
        match method, parts:
            case "POST", ["files"]:
                return 200, self.keep(given["purpose"].decode(), "input.jsonl", given["file"])
            case "GET", ["files", number, "content"]:
                return (200, self.content[number]) if number in self.content else (404, error("not_found"))
            case "DELETE", ["files", number]:
                known = self.files.pop(number, None) is not None
                self.content.pop(number, None)
                return (200, {"id": number, "object": "file", "deleted": True}) if known else (404, error("not_found"))
            case "POST", ["chat", "completions"]:
                known = given["model"] in self.models
                return self.answer("", given) if known else (404, error("model_not_found"))
            case "POST", ["batches"]:
                return self._new_batch(given)
            case "GET", ["batches"]:
                return 200, self._page(list(reversed(self.batches.values())), query)
            case "GET", ["batches", number]:
                return (200, self._look(self.batches[number])) if number in self.batches else (404, error("not_found"))
            case "POST", ["batches", number, "cancel"]:
                self.batches[number]["status"] = "cancelled"
                return 200, self.batches[number]
            case "POST", ["fine_tuning", "jobs"]:
                return self._new_job(given)
            case "GET", ["fine_tuning", "jobs"]:
                return 200, self._page(list(reversed(self.jobs.values())), query)
            case "GET", ["fine_tuning", "jobs", number]:
                return (200, self._look(self.jobs[number])) if number in self.jobs else (404, error("not_found"))
            case "GET", ["fine_tuning", "jobs", number, "checkpoints"]:
                if self.checkpoints == "unknown":
                    return 404, error("not_found")
                return 200, self._page(self._checkpoints(self.jobs[number]), query)
        return 404, error("not_found", f"no {method} {'/'.join(parts)}")

    def _page(self, entries: list[dict], query: dict) -> dict:
        after = [number for number, entry in enumerate(entries) if entry["id"] == query.get("after")]
        start = after[0] + 1 if after else 0
        page = entries[start : start + int(query.get("limit", self.page))]
        return {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": start + len(page) < len(entries),
        }

    def _look(self, entry: dict) -> dict:
        ended = {"completed", "failed", "expired", "cancelled", "succeeded"}
        if entry["status"] in ended:
            return entry
        self.looks[entry["id"]] += 1
        if self.looks[entry["id"]] < self.polls:
            entry["status"] = "in_progress" if entry["object"] == "batch" else "running"
        elif entry["object"] == "batch":
            self._end_batch(entry)
        else:
            self._end_job(entry)
        return entry

    def _new_batch(self, given: dict) -> tuple[int, dict]:
        file = self.files.get(given["input_file_id"])
        if file is None or file["purpose"] != "batch" or given["endpoint"] != "/v1/chat/completions":
            return 400, error("invalid_request", "no such input file, or another endpoint")
        number = f"batch_{len(self.batches) + 1}"
        self.batches[number] = {
            "id": number,
            "object": "batch",
            "endpoint": given["endpoint"],
            "errors": None,
            "input_file_id": file["id"],
            "completion_window": given["completion_window"],
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": MOMENT,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
        }
        return 200, self.batches[number]

    def _end_batch(self, batch: dict) -> None:
        lines = self.lines(batch["input_file_id"])
        batch["status"] = self.endings.pop(0) if self.endings else "completed"
        if self.most_lines and len(lines) > self.most_lines:
            batch["status"] = "failed"
            batch["errors"] = {"object": "list", "data": [{"code": "token_limit_exceeded", "message": "too much at once"}]}
            return
        if batch["status"] == "failed":
            batch["errors"] = {"object": "list", "data": self.errors}
            return
        output, failed = [], []
        for line in lines:
            assert line["method"] == "POST", line
            assert line["url"] == "/v1/chat/completions", line
            reply = {"id": f"batch_req_{line['custom_id'][:8]}", "custom_id": line["custom_id"], "response": None, "error": None}
            answer = self.answer(line["custom_id"], line["body"])
            if answer is None:
                failed.append({**reply, "error": {"code": f"batch_{batch['status']}", "message": "not reached in time"}})
                continue
            status, body = answer
            self.asked[line["custom_id"]] += status == 200
            response = {"status_code": status, "request_id": "req_1", "body": body}
            (output if status == 200 else failed).append({**reply, "response": response})
        for name, replies in (("output_file_id", output), ("error_file_id", failed)):
            if replies:
                written = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in replies)
                batch[name] = self.keep("batch_output", "output.jsonl", written.encode())["id"]

    def _new_job(self, given: dict) -> tuple[int, dict]:
        if given["model"] not in self.models:
            return 404, error("model_not_found", f"The model {given['model']} does not exist")
        if self.files.get(given["training_file"], {}).get("purpose") != "fine-tune":
            return 400, error("invalid_training_file")
        number = f"ftjob-{len(self.jobs) + 1}"
        self.jobs[number] = {
            "id": number,
            "object": "fine_tuning.job",
            "created_at": MOMENT,
            "error": None,
            "fine_tuned_model": None,
            "finished_at": None,
            "hyperparameters": given["method"]["supervised"]["hyperparameters"],
            "method": given["method"],
            "model": given["model"],
            "organization_id": "org-1",
            "result_files": [],
            "seed": given["seed"],
            "status": "validating_files",
            "suffix": given["suffix"],
            "trained_tokens": None,
            "training_file": given["training_file"],
            "validation_file": None,
        }
        return 200, self.jobs[number]

    def _end_job(self, job: dict) -> None:
        lines = self.lines(job["training_file"])
        job["status"] = self.endings.pop(0) if self.endings else "succeeded"
        if len(lines) < FEWEST_EXAMPLES:
            job["status"] = "failed"
            job["error"] = {
                "code": "invalid_n_examples",
                "message": f"Training file has {len(lines)} example(s), but must have at least {FEWEST_EXAMPLES} examples",
                "param": "training_file",
            }
        if job["status"] == "succeeded":
            job["fine_tuned_model"] = f"ft:{job['model'].split(':')[-1]}:org:{job['suffix']}:{job['id']}"
            job["trained_tokens"] = 100 * len(lines) * job["hyperparameters"]["n_epochs"]
            self.models.add(job["fine_tuned_model"])

    def _checkpoints(self, job: dict) -> list[dict]:
        if self.checkpoints == "none":
            return []
        epochs, size = job["hyperparameters"]["n_epochs"], job["hyperparameters"]["batch_size"]
        steps = -(-len(self.lines(job["training_file"])) // size)
        ends = [1, 2, epochs * steps] if self.checkpoints == "odd" else [epoch * steps for epoch in range(1, epochs + 1)]
        return [
            {
                "id": f"ftckpt_{job['id']}_{step}",
                "object": "fine_tuning.job.checkpoint",
                "created_at": MOMENT,
                "fine_tuned_model_checkpoint": job["fine_tuned_model"] + (f":ckpt-step-{step}" if step < ends[-1] else ""),
                "fine_tuning_job_id": job["id"],
                "metrics": {"step": step},
                "step_number": step,
            }
            for step in reversed(ends[-KEPT_CHECKPOINTS:])
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body of a reply in one packet, else the system waits between them
    jobs_server: JobsServer

    def _serve(self) -> None:
        server = self.jobs_server
        address = urlsplit(self.path)
        parts = address.path.removeprefix("/v1/").split("/")
        route = "/".join(part for part in parts if not part[-1:].isdigit())
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        with server.lock:
            server.calls[self.command, route] += 1
            fault = next((fault for fault in server.faults if fault[:2] == (self.command, route)), None)
            if fault is not None:
                server.faults.remove(fault)
                self._write(fault[2], error("scripted"))
                return
            status, body = server.reply(self.command, parts, query, self._given(sent))
            server.done(self.command, route)
            if (self.command, route) in server.lost:
                server.lost.remove((self.command, route))
                self.close_connection = True
                return
        self._write(status, body)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815

    def _given(self, sent: bytes) -> dict:
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            return json.loads(sent or b"{}")
        form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + sent)
        return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in form.iter_parts()}

    def _write(self, status: int, body: dict | bytes) -> None:
        written = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if isinstance(body, bytes) else "application/json")
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *_) -> None:
        pass
