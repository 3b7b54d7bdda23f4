"""What is sent for an answer, what comes back, and what the store keeps of it."""

import json
import time
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from isogloss.asking.thoughts import json_of, split
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
    """What came of it: answered, unfinished (the limit of tokens) or refused (then there is no text); tokens as charged; what the
    model thought and how it refused, where the endpoint says that apart."""

    text: str | None
    state: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    thought: str | None = None
    refusal: str | None = None

    @property
    def raw(self) -> str | None:
        """All that was said, a thought in front between tags; None where nothing came."""
        if self.state == "refused":
            return self.refusal
        closed = "</think>" if self.text else ""
        return f"<think>{self.thought}{closed}{self.text or ''}" if self.thought else self.text


class _Message(BaseModel):
    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None

    def said(self) -> str | None:
        """What is said, where the content is a list the parts that are text; None if there is none."""
        if not isinstance(self.content, list):
            return self.content
        return _text_of([part for part in self.content if _kind(part) in TEXTS]) or None

    def thought(self) -> str:
        """What was thought, in a field of its own or in parts of the content."""
        parts = self.content if isinstance(self.content, list) else []
        aside = [part for part in parts if _kind(part) not in TEXTS]
        return next(filter(None, map(_text_of, (self.reasoning_content, self.reasoning, aside))), "")


TEXTS = ("text", "output_text")  # types of the parts of a content that are said; others are thought


def _kind(part: Any) -> Any:
    return part.get("type") if isinstance(part, dict) else "text"


def _text_of(said: Any) -> str:
    """The text in a field or part, which may be a list of parts, or have its text in a field of several names."""
    if isinstance(said, dict):
        said = next(filter(None, map(said.get, ("text", "thinking", "reasoning", "summary"))), None)
    return "".join(map(_text_of, said)) if isinstance(said, list) else said if isinstance(said, str) else ""


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
    text, thought, refusal = choice.message.said(), choice.message.thought(), choice.message.refusal
    record |= {"thought": thought} if thought else {}
    if refusal or choice.finish_reason == "content_filter":
        return record | {"state": "refused", "text": None, "refusal": refusal or text}
    # A thought that came to no answer is unfinished, whatever the endpoint says.
    if choice.finish_reason == "length" or (
        thought and not (text or "").strip()
    ):  # a thought came to no answer, whatever the reason given
        return record | {"state": "unfinished", "text": text or ""}
    if text is None:
        raise UnusableError("no content", record)
    if split(text)[1]:
        return record | {"state": "unfinished", "text": text}
    if "response_format" in body and not _is_json(json_of(text)):
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
    return Reply(record["text"], record["state"], **record["usage"], thought=record.get("thought"), refusal=record.get("refusal"))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
