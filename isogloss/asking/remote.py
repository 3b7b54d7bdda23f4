"""Exams of models behind an OpenAI-compatible interface."""

from pathlib import Path

import polars as pl

from isogloss.asking.exams import with_said
from isogloss.asking.prompts import Said, read, wants_tags
from isogloss.asking.thoughts import split
from isogloss.config import Remote
from isogloss.remote.chat import complete
from isogloss.remote.records import Reply, Request


def answer_remotely(
    endpoint: Remote, questions: list[str], prompt: str, again: str, store: str | Path, budget_usd: float | None
) -> list[Said]:
    """What is said to each question, which stands in `prompt` already, and what was read from it.

    Where a reply is blank or lacks the tags that the prompt asks for, the model is told so with the words `again`, up to
    `endpoint.asking.asked_again` times; if they never come, what it said last counts as a whole.
    """
    asking = endpoint.asking
    dialogues = [[{"role": "user", "content": question}] for question in questions]
    found = [Said(None, None, None, "unparsed")] * len(questions)
    pending = list(range(len(questions)))
    for _ in range(asking.asked_again + 1):
        requests = [Request(dialogues[i], asking.max_new_tokens) for i in pending]
        replies = dict(zip(pending, complete(endpoint, requests, store, budget_usd), strict=True))
        pending = []
        for i, reply in replies.items():
            said = heard(prompt, reply)
            if said.state == "answered" or found[i].answer is None:  # else an answer of before stands
                found[i] = said
            if said.state == "unparsed" or (said.form == "whole" and wants_tags(prompt)):
                before = [{"role": "assistant", "content": text}] if (text := split(reply.text or "")[0]) else []
                dialogues[i] = [*dialogues[i], *before, {"role": "user", "content": again}]
                pending.append(i)
    return found


def heard(prompt: str, reply: Reply) -> Said:
    """What a reply says, and what is read from it."""
    if reply.state == "refused":
        return Said(reply.raw, None, None, "refused")
    return Said(reply.raw, *read(prompt, reply.raw, reply.state == "answered"))


def hold_remotely(
    endpoint: Remote, exam: pl.DataFrame, prompt: str, again: str, store: str | Path, budget_usd: float | None
) -> pl.DataFrame:
    """The exam with the columns raw, answer, form and state, as in `isogloss.asking.exams.ANSWER_SCHEMA`."""
    return with_said(exam, answer_remotely(endpoint, exam["question"].to_list(), prompt, again, store, budget_usd))
