"""What is sent for an answer, what comes back, and what the store keeps of it."""

import json
import time
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from isogloss.config import Remote
from isogloss.remote.prices import price_of
from isogloss.store import key_of

# The completion that stands for a request which the endpoint refused over its content, uncharged.
REFUSED = {"choices": [{"message": {}, "finish_reason": "content_filter"}], "usage": {}}


class UnusableError(ValueError):
    """A completion that is no answer, with a record of what it cost."""

    def __init__(self, reason: str, spent: dict):
        super().__init__(reason)
        self.spent = spent


@dataclass(frozen=True)
class Request:
    """One call: chat messages, most tokens of the answer, and the JSON schema the answer shall have (sent as strict).

    `sample` counts repetitions of what is otherwise the same request.
    """

    messages: list[dict]
    max_tokens: int
    schema: dict | None = None
    sample: int = 0


@dataclass(frozen=True)
class Reply:
    """What came of it: answered, unfinished (the limit of tokens) or refused (then there is no text); tokens as charged."""

    text: str | None
    state: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Details(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Completion(BaseModel):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None


def key(endpoint: Remote, request: Request) -> str:
    """The key of a call: all that bears on its answer, nothing of how it travels."""
    content = {"base_url": endpoint.base_url.rstrip("/"), "model": endpoint.name, "messages": request.messages}
    decoding = {"temperature": endpoint.temperature, "max_tokens": request.max_tokens, "schema": request.schema}
    return key_of(content | decoding | {"extra": endpoint.extra, "sample": request.sample})


def prepared(endpoint: Remote, request: Request) -> dict[str, Any]:
    """The body of a call, as JSON."""
    body: dict[str, Any] = {"model": endpoint.name, "messages": request.messages, endpoint.token_limit: request.max_tokens}
    if endpoint.temperature is not None:
        body["temperature"] = endpoint.temperature
    if request.schema is not None:
        schema = {"name": "answer", "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body | endpoint.extra


def record_of(endpoint: Remote, body: dict, completion: Any) -> dict:
    """The record of a completion (the JSON of the response), at the full price. Raises UnusableError where it is no answer."""
    try:
        found = _Completion.model_validate(completion)
    except ValueError as error:
        raise UnusableError(f"no chat completion: {error.error_count()} fields are not as they should be", {}) from None
    usage = found.usage or _Usage()
    cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
    tokens = {
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": cached or 0,
        "completion_tokens": usage.completion_tokens,
    }
    record = {"usage": tokens, "model": found.model, "id": found.id, "time": time.time()}
    if price := price_of(endpoint.name):
        record["usd"] = price.of(*tokens.values()) if found.usage else most_usd(endpoint, body)
    if not found.choices:
        raise UnusableError("no choices", record)
    choice = found.choices[0]
    record["finish"] = choice.finish_reason
    text = choice.message.content
    if choice.message.refusal is not None or choice.finish_reason == "content_filter":
        return record | {"state": "refused", "text": None}
    if choice.finish_reason == "length":
        return record | {"state": "unfinished", "text": text or ""}
    if text is None:
        raise UnusableError("no content", record)
    if "response_format" in body and not _is_json(text):
        raise UnusableError("an answer that is no JSON though a schema was given", record)
    return record | {"state": "answered", "text": text}


def most_usd(endpoint: Remote, body: dict) -> float:
    """The most a call can cost: no tokenizer makes more tokens than there are bytes. 0 where there is no price."""
    price = price_of(endpoint.name)
    if price is None:
        return 0.0
    read = {name: body[name] for name in ("messages", "response_format") if name in body}
    prompt_tokens = len(json.dumps(read, ensure_ascii=False).encode(errors="replace"))
    return price.of(prompt_tokens, 0, body[endpoint.token_limit])


def reply_of(record: dict) -> Reply:
    """The reply that a record is of."""
    return Reply(record["text"], record["state"], **record["usage"])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
