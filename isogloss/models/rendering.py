"""What chat templates make of a conversation: the same every day and on every machine."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from transformers import PreTrainedTokenizerBase

DAY = datetime(2024, 7, 26, 12)  # the one that Llama 3.1's template falls back to
# What chat templates can be told; one that knows nothing of it ignores it.
TOLD: dict[str, Any] = {"enable_thinking": False, "date_string": DAY.strftime("%d %b %Y")}


def rendered(tokenizer: PreTrainedTokenizerBase, template: str, turns: list[str], ask: bool) -> str:
    """What a template makes of turns, questions and answers by turns, with the beginning of an answer if it is to `ask`. What a
    template raises is raised."""
    messages = [{"role": "user" if i % 2 == 0 else "assistant", "content": text} for i, text in enumerate(turns)]
    options = {"chat_template": template, "add_generation_prompt": ask, "tokenize": False}
    with _without_chance():
        return tokenizer.apply_chat_template(messages, **options, **TOLD)


@cache
def frozen(template: str) -> str:
    """A chat template for which it is always the same day, so that a prompt does not depend on when it is made.

    transformers has the day from a function `strftime_now` and hands on no other in its place. A macro of that name at the top of
    the template comes before it; the line break after it is one that transformers takes away.
    """
    if "strftime_now" not in template:
        return template
    letters = "aAbBcCdDeFfgGhHIjklmMnNpPqrRsStTuUvVwWxXyYzZ"
    stated = [(f"%{flag}{letter}", _stated(f"%{flag}{letter}")) for flag in ("", *"-_0^#") for letter in letters]
    return (
        "{% macro strftime_now(format) %}{% set own = namespace(text=format|replace('%%', '\\x00')) %}"
        f"{{% for directive, text in {stated!r} %}}{{% set own.text = own.text|replace(directive, text) %}}{{% endfor %}}"
        "{{ own.text|replace('\\x00', '%') }}{% endmacro %}\n"  # %% is a percent sign, whatever comes after it
    ) + template


def _stated(directive: str) -> str:
    if directive.endswith("s"):
        return str(int((DAY - datetime(1970, 1, 1)).total_seconds()))  # else it would depend on the time zone
    return DAY.strftime(directive)


@contextmanager
def _without_chance() -> Iterator[None]:
    """What is drawn at random is the same every time, as by the filter `random` of a template."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)
