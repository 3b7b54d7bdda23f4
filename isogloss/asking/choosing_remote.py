"""Multiple choice put to models behind an OpenAI-compatible interface: the answer is held to the letters of the options."""

import json
from pathlib import Path

from isogloss.asking.thoughts import json_of
from isogloss.config import Remote
from isogloss.knowledge.sources.choices import LETTERS
from isogloss.remote.chat import complete
from isogloss.remote.records import Reply, Request


def choose_remotely(
    endpoint: Remote, turns: list[list[str]], options: list[int], store: str | Path, budget_usd: float | None
) -> list[tuple[str | None, str]]:
    """The letter that a model names in answer to each question, and the state (`answered`, `unfinished`, `refused` or
    `unparsed`); None where it names none.

    `turns` are what is said up to each question, `options` how many it has. Servers may not keep to a schema: where the reply is
    not of its form, the question is asked again, up to `endpoint.asking.asked_again` times.
    """
    found: list[tuple[str | None, str]] = [(None, "unparsed")] * len(turns)
    pending = list(range(len(turns)))
    for sample in range(endpoint.asking.asked_again + 1):
        requests = [choice_request(turns[i], options[i], endpoint.asking.max_new_tokens, sample) for i in pending]
        for i, reply in zip(pending, complete(endpoint, requests, store, budget_usd), strict=True):
            letter = _read(reply, options[i])
            found[i] = (letter, "answered") if letter else (None, "unparsed" if reply.state == "answered" else reply.state)
        pending = [i for i in pending if found[i][1] == "unparsed"]
        if not pending:
            break
    return found


def choice_request(turns: list[str], options: int, max_tokens: int, sample: int = 0) -> Request:
    """A question with so many options, after what is said in turns before it; answers given there have the form wanted."""
    messages = [
        {"role": "assistant", "content": json.dumps({"answer": text})} if i % 2 else {"role": "user", "content": text}
        for i, text in enumerate(turns)
    ]
    rule = {"type": "string", "enum": list(LETTERS[:options])}
    schema = {"type": "object", "properties": {"answer": rule}, "required": ["answer"], "additionalProperties": False}
    return Request(messages, max_tokens, schema, sample)


def _read(reply: Reply, options: int) -> str | None:
    """The letter in a reply; None unless the whole of it is of the form wanted."""
    if reply.state != "answered":
        return None
    said = json.loads(json_of(reply.text))
    letter = said.get("answer") if isinstance(said, dict) and len(said) == 1 else None
    return letter if letter in tuple(LETTERS[:options]) else None
