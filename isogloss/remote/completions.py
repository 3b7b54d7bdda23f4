"""What stands in a chat completion, as servers write it.

What a server has nothing for it leaves out, or writes as null, a blank, zero, or an empty list or object: all that means nothing.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

THOUGHT = re.compile(r"think|reason|thought|summary|analysis", re.IGNORECASE)  # types of the parts of a content that are not said


@dataclass(frozen=True)
class Completion:
    """A completion: whether there is one at all; what was said (None: nothing) and thought, and how it was refused; why it ended,
    and what failed (blank: nothing is said of it), by what names; tokens (0 where that is not said); its model and its id."""

    found: bool

    text: str | None
    thought: str
    refusal: str
    finish: str
    error: str
    error_names: list[Any]
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    model: Any
    id: Any


def read_completion(response: Any) -> Completion:
    """Read the JSON of a response, whatever it is."""
    whole = _object(response)
    choices = whole.get("choices")
    choice = _object(choices[0]) if isinstance(choices, list) and choices else {}
    error, names = next(filter(any, map(_error, (whole.get("error"), choice.get("error")))), ("", []))
    message, usage = _object(choice.get("message")), _object(whole.get("usage"))
    parts = message.get("content")
    parts = parts if isinstance(parts, list) else [parts]
    said = [part for part in parts if not _is_thought(part)]
    text = "".join(map(_text, said))
    aside = [part for part in parts if _is_thought(part)]
    thought = next(filter(None, map(_text, (message.get("reasoning_content"), message.get("reasoning"), aside))), "")
    refusals = [message.get("refusal"), *(_object(part).get("refusal") for part in said)]
    blank = any(isinstance(part, str) for part in parts)  # said in so many words, not only left out
    prompt_tokens = _count(usage.get("prompt_tokens")) or _count(usage.get("input_tokens"))
    return Completion(
        found=bool(choice),
        text=text if text or blank else None,
        thought=thought,
        refusal=next(filter(None, (_text(refusal).strip() for refusal in refusals)), ""),
        finish=_finish(choice.get("finish_reason")),
        error=error,
        error_names=names,
        prompt_tokens=prompt_tokens,
        cached_tokens=min(prompt_tokens, _count(_object(usage.get("prompt_tokens_details")).get("cached_tokens"))),
        completion_tokens=_count(usage.get("completion_tokens")) or _count(usage.get("output_tokens")),
        model=whole.get("model") or None,
        id=whole.get("id") or None,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _error(value: Any) -> tuple[str, list[Any]]:
    """What an error says (blank: it is none), and its names."""
    found = {name: part for name, part in value.items() if part} if isinstance(value, dict) else value
    if not found:
        return "", []
    if not isinstance(found, dict):
        return str(found), []
    message = found.get("message")
    names = [found.get(name) for name in ("code", "type", "status")]
    return message if isinstance(message, str) else json.dumps(found, ensure_ascii=False), names


def _finish(value: Any) -> str:
    """A finish reason; some servers have an object with its type."""
    value = value.get("type") if isinstance(value, dict) else value
    return str(value).strip() if value else ""


def _is_thought(part: Any) -> bool:
    return bool(THOUGHT.search(str(_object(part).get("type") or "")))


def _text(said: Any) -> str:
    """The text in a field or part, which may be a list of parts, or have its text in a field of several names."""
    if isinstance(said, dict):
        said = next(filter(None, map(said.get, ("text", "thinking", "reasoning", "summary", "content", "value"))), None)
        return _text(said)
    return "".join(map(_text, said)) if isinstance(said, list) else said if isinstance(said, str) else ""


def _count(value: Any) -> int:
    """A number of tokens; 0 where there is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0
    return round(number) if math.isfinite(number) and number > 0 else 0
