"""What failures of an OpenAI-compatible interface mean, and what to do about them."""

import os
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import openai

from isogloss.config import Remote
from isogloss.remote.endings import is_filter

NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached"}
NO_FILTER = {401, 402, 404, 408, 409, 413, 429}  # HTTP statuses below 500 of failures that are not over what a prompt says
PASSING = {408, 409, 429}  # and 500 or more: HTTP statuses that need not come again
TOO_LONG = re.compile(r"context[ _](length|window|size)|exceeds the available context|prompt is too long", re.IGNORECASE)
FIXES = {  # by the parameter that an endpoint does not take
    "temperature": "write temperature: null",
    "max_tokens": "write token_limit: max_completion_tokens",
    "max_completion_tokens": "write token_limit: max_tokens",
}


# What endpoints say that lack a role or a form of request, by the key of the config that does without.
SYSTEM = r"(?:system|developer)\W{0,2}(?:role|message|prompt|instruction)s?"
NOT = r"(?:not|n't|un|no)[ -]?(?:be )?(?:support|enabl|allow|accept|permit|valid)"
LACKING = {
    "system_role": re.compile(
        rf"{SYSTEM}.{{0,40}}{NOT}|{NOT}.{{0,40}}{SYSTEM}|\broles?\b.{{0,40}}\b(?:alternate|system)\b|unexpected role"
        r"|\buser\b.{1,8}\bassistant\b|variant .system|messages\[0\]\.role|不支持.{0,10}system|system.{0,20}不支持",
        re.IGNORECASE,
    ),
    "json_schema": re.compile(r"response_?format|json[_ ]?schema|structured[_ ]?outputs?|guided|grammar", re.IGNORECASE),
}


class RemoteError(RuntimeError):
    """Someone has to do something; the message says what."""


def secret_of(endpoint: Remote) -> str:
    """The endpoint's key as the environment has it; empty where it has none."""
    return os.environ.get(endpoint.key or "", "").strip()


def is_refusal(error: openai.APIStatusError) -> bool:
    """Whether the request was refused over its content, which is an answer of a kind."""
    if not 400 <= error.status_code < 500 or error.status_code in NO_FILTER:
        return False
    return is_filter(list(_codes(error)), _message(error))


def lacking(endpoint: Remote, error: openai.APIStatusError, body: dict) -> str | None:
    """The key of the config that does without what an endpoint says it lacks; None if it says no such thing of the body sent."""
    said = f"{_message(error)} {error.param or ''}"
    sent = {
        "system_role": body["messages"][0]["role"] == "system",
        "json_schema": endpoint.json_schema and "response_format" in body,
    }
    about_request = error.status_code in (400, 422) or error.status_code >= 500  # some chat templates fail with 500
    return next((name for name in LACKING if about_request and sent[name] and LACKING[name].search(said)), None)


def is_passing(error: openai.APIError) -> bool:
    """Whether the same need not fail the next time."""
    if isinstance(error, openai.APIStatusError):
        return (error.status_code in PASSING or error.status_code >= 500) and not _codes(error) & NO_CREDIT
    return isinstance(error, openai.APIConnectionError)


def _codes(error: openai.APIStatusError) -> set[str | None]:
    """What servers call a failure: they do so in several places."""
    inner = error.body.get("innererror") if isinstance(error.body, dict) else None
    return {error.code, error.type, inner.get("code") if isinstance(inner, dict) else None}


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds that a response says to wait: a number, or a date; None where it says nothing or what is neither."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        said = headers.get("retry-after", "")
        if re.fullmatch(r"\s*\d+(\.\d*)?\s*", said):
            return float(said)
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def said_by(endpoint: Remote, error: openai.APIStatusError) -> str:
    """What a server says about a failure, on a line and without the key."""
    message = _message(error)
    told = isinstance(error.code, str) and error.code not in (str(error.status_code), "") and error.code not in message
    code = f" ({error.code})" if told else ""
    return f"HTTP status {error.status_code}: {quoted(endpoint, message + code)}"


def _message(error: openai.APIStatusError) -> str:
    body = error.body
    return str(body.get("message") or body) if isinstance(body, dict) else str(body or "")


def quoted(endpoint: Remote, said: str) -> str:
    """What a server says, on a line and without the key."""
    secret = secret_of(endpoint)
    return " ".join((said.replace(secret, "***") if secret else said).split())[:300]


def advice_on(endpoint: Remote, error: openai.APIStatusError, body: dict | None = None) -> str:
    """What to do about a failure that would only come again, of a call with that body, if it is one."""
    said = said_by(endpoint, error)
    if body is not None and (name := lacking(endpoint, error, body)):
        what = {"system_role": "takes no system message", "json_schema": "takes no JSON schema"}[name]
        return f"the endpoint {what}; write {name}: false in the model's entry in the config ({said})"
    if error.status_code == 402 or _codes(error) & NO_CREDIT:
        return f"the account is out of credit; top it up ({said})"
    if error.status_code == 401:
        # Without what the server says: that may quote the key in part.
        wanted = f"put the right key into the environment: export {endpoint.key}=..."
        return f"HTTP status 401: the key was not accepted; {wanted}" if endpoint.key else "a key is needed; write key: VARIABLE"
    if error.status_code == 403:
        return f"the key in {endpoint.key} may not use {endpoint.name}; allow it there or name another model ({said})"
    if error.status_code == 404:
        return f"there is no such model or address; correct name: {endpoint.name} or base_url: {endpoint.base_url} ({said})"
    if error.code == "context_length_exceeded" or TOO_LONG.search(said):
        return (
            "a prompt is longer than the model's context; write a smaller number under context: pairs: or max_new_tokens:, "
            f"or name a model with a longer context ({said})"
        )
    if error.param in FIXES:
        return f"the endpoint does not take {error.param} as it is; {FIXES[error.param]} ({said})"
    return f"the request was not accepted; correct the model's entry in the config ({said})"
