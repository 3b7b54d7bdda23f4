"""Exams of models behind an OpenAI-compatible interface."""

from pathlib import Path

import polars as pl

from isogloss.asking.prompts import parsed
from isogloss.config import Remote
from isogloss.remote.chat import complete
from isogloss.remote.records import Request


def answer_remotely(
    endpoint: Remote, questions: list[str], prompt: str, again: str, store: str | Path, budget_usd: float | None
) -> list[tuple[str | None, str]]:
    """Answer and state (`answered`, `unfinished`, `refused` or `unparsed`) of each question, which stands in `prompt` already.

    Where an answer has not the form that the prompt wants, the model is told so with the words `again`, up to
    `endpoint.asking.asked_again` times.
    """
    asking = endpoint.asking
    dialogues = [[{"role": "user", "content": question}] for question in questions]
    found: list[tuple[str | None, str]] = [(None, "unparsed")] * len(questions)
    pending = list(range(len(questions)))
    for _ in range(asking.asked_again + 1):
        requests = [Request(dialogues[i], asking.max_new_tokens) for i in pending]
        for i, reply in zip(pending, complete(endpoint, requests, store, budget_usd), strict=True):
            answer = None if reply.state == "refused" else parsed(prompt, reply.text)
            if answer and answer.strip() and (reply.state == "answered" or answer != reply.text):
                found[i] = (answer.strip(), "answered")
            elif reply.state == "answered":
                said = [{"role": "assistant", "content": reply.text}] if reply.text else []
                dialogues[i] = [*dialogues[i], *said, {"role": "user", "content": again}]
                found[i] = (None, "unparsed")
            else:
                found[i] = (None, reply.state)
        pending = [i for i in pending if found[i][1] == "unparsed"]
    return found


def hold_remotely(
    endpoint: Remote, exam: pl.DataFrame, prompt: str, again: str, store: str | Path, budget_usd: float | None
) -> pl.DataFrame:
    """The exam with the columns answer and state."""
    found = answer_remotely(endpoint, exam["question"].to_list(), prompt, again, store, budget_usd)
    answers, states = zip(*found, strict=True)
    return exam.with_columns(answer=pl.Series(answers, dtype=pl.String), state=pl.Series(states, dtype=pl.String))
