"""What is sent for an answer, what comes back, and what the store keeps of it."""

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from isogloss.asking.thoughts import json_of, split
from isogloss.config import Remote
from isogloss.remote.completions import Completion, read_completion
from isogloss.remote.endings import is_filter, meaning
from isogloss.remote.failures import quoted
from isogloss.remote.prices import price_of
from isogloss.store import key_of

SHOWN = 5  # reasons of filters
FORM = "Reply with one JSON object and nothing else. It has to fit this JSON schema: {schema}"
HEARD = "Understood."  # what the model is taken to say to an instruction that the user gives


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
    model thought and how it refused, where the endpoint says that apart, or why a filter stopped it."""

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


def key(endpoint: Remote, request: Request) -> str:
    """The key of a call: all that bears on its answer, nothing of how it travels."""
    content = {"base_url": endpoint.base_url.rstrip("/"), "model": endpoint.name, "messages": request.messages}
    decoding = {"temperature": endpoint.temperature, "max_tokens": request.max_tokens, "schema": request.schema}
    lacking = {name: False for name in ("system_role", "json_schema") if not getattr(endpoint, name)}
    return key_of(content | decoding | {"extra": endpoint.extra, "sample": request.sample} | lacking)


def prepared(endpoint: Remote, request: Request) -> dict[str, Any]:
    """The body of a call, as JSON."""
    messages = worded(request, endpoint.system_role, endpoint.json_schema)
    body: dict[str, Any] = {"model": endpoint.name, "messages": messages, endpoint.token_limit: request.max_tokens}
    if endpoint.temperature is not None:
        body["temperature"] = endpoint.temperature
    if request.schema is not None and endpoint.json_schema:
        schema = {"name": "answer", "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body | endpoint.extra


def worded(request: Request, system_role: bool, json_schema: bool) -> list[dict]:
    """The messages of a request to an endpoint that may lack the system role, or schemas: then words have to do.

    A schema is put into words at the end of the system message. Without the system role the user says first what that says, and
    the model that it has understood: so roles alternate, and what is to be judged stays a message of its own.
    """
    said, messages = _parted(request.messages)
    if request.schema is not None and not json_schema:
        said = [*said, FORM.format(schema=json.dumps(request.schema))]
    instruction = "\n\n".join(said)
    if not said:
        return messages
    if system_role:
        return [{"role": "system", "content": instruction}, *messages]
    return [{"role": "user", "content": instruction}, {"role": "assistant", "content": HEARD}, *messages]


def _parted(messages: list[dict]) -> tuple[list[str], list[dict]]:
    """What the system message says, if there is one, and the messages after it."""
    own = messages[:1] if messages and messages[0]["role"] == "system" else []
    return [message["content"] for message in own], messages[len(own) :]


def record_of(endpoint: Remote, body: dict, completion: Any) -> dict:
    """The record of a completion (the JSON of the response), at the full price. Raises UnusableError where it is no answer.

    The field `filter` of a record says what a filter said, `at_limit` that an answer ends at the limit of tokens though the
    server calls it whole.
    """
    found = read_completion(completion)
    record = _spent(endpoint, body, found)
    record |= {"model": found.model, "id": found.id, "time": time.time(), "finish": found.finish or None}
    record |= {"thought": found.thought} if found.thought else {}
    if not found.found and not found.error:
        raise UnusableError("no choices in the response", record)
    ending, why = meaning(found.finish), ": ".join(filter(None, (found.finish and f"finish_reason {found.finish}", found.error)))
    if found.error:
        ending = "filtered" if ending == "filtered" or is_filter(found.error_names, found.error) else "failed"
    if ending == "filtered":
        return record | _stopped(quoted(endpoint, why), found.refusal or found.text)
    if found.refusal:
        return record | {"state": "refused", "text": None, "refusal": found.refusal}
    if ending == "failed":
        raise UnusableError(quoted(endpoint, f"no whole answer: {why}"), record)
    text = found.text or ""
    if ending == "unfinished" or (found.thought and not text.strip()):  # a thought came to no answer, whatever the reason given
        return record | {"state": "unfinished", "text": text}
    if found.text is None:
        raise UnusableError("no content", record)
    if "response_format" in body and json_of(text) is not None:
        return record | {"state": "answered", "text": text}
    if found.completion_tokens == body.get(endpoint.token_limit):
        return record | {"state": "unfinished", "text": text, "at_limit": True}
    if split(text)[1]:
        return record | {"state": "unfinished", "text": text}
    if "response_format" in body:
        lacking = "if the endpoint does not keep to schemas, write json_schema: false in the model's entry"
        raise UnusableError(f"an answer that is no JSON though a schema was given; {lacking}", record)
    return record | {"state": "answered", "text": text}


def filtered(endpoint: Remote, said: str, call: str | None = None) -> dict:
    """The record of a request that the endpoint refused over its content, uncharged, and what it said."""
    tokens = dict.fromkeys(("prompt_tokens", "cached_tokens", "completion_tokens"), 0)
    return {"usage": tokens, "model": endpoint.name, "id": call, "time": time.time(), **_stopped(said, None)}


def is_sound(record: dict) -> bool:
    """Whether a record that was kept as an answer is one; earlier versions took some for answers that had broken off."""
    return record.get("state") != "answered" or meaning(record.get("finish") or "") == "whole"


def remarks(endpoint: Remote, records: list[dict]) -> list[str]:
    """What is to be said of records: what filters stopped, and what ends at the limit of tokens though it is called whole."""
    said = []
    if reasons := Counter(record["filter"] for record in records if "filter" in record):
        shown = "".join(f"\n  {count} x {reason}" for reason, count in reasons.most_common(SHOWN))
        said.append(f"a filter stopped {reasons.total()} of {len(records)} calls, which count as refused:{shown}")
    if cut := sum("at_limit" in record for record in records):
        said.append(
            f"{cut} of {len(records)} answers have as many tokens as they may have, though the server says that they are whole; "
            f"they count as unfinished: raise max_new_tokens under asking: of that model"
        )
    return [f"{endpoint.name} at {endpoint.base_url}: {each}" for each in said]


def _stopped(why: str, said: str | None) -> dict[str, Any]:
    """What a record has where a filter stopped the answer: the reason, and what there is of an answer."""
    return {"state": "refused", "text": None, "refusal": said or why, "filter": why}


def _spent(endpoint: Remote, body: dict, found: Completion) -> dict[str, Any]:
    """Tokens, and USD where there is a price: the most, where the server does not say how many tokens there were."""
    names = ("prompt_tokens", "cached_tokens", "completion_tokens")
    tokens = {name: getattr(found, name) for name in names}
    price = price_of(endpoint.name)
    if price is None:
        return {"usage": tokens}
    if found.error and not found.found:  # nothing was made, so nothing is charged
        return {"usage": tokens, "usd": 0.0}
    told = found.prompt_tokens and (found.completion_tokens or not found.text)
    return {"usage": tokens, "usd": price.of(*tokens.values()) if told else most_usd(endpoint, body)}


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
