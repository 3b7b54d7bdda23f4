"""A first look at a model behind an interface. It is not fine-tuned, since that costs money."""

import time
from pathlib import Path

import polars as pl

from isogloss.asking.remote import hold_remotely
from isogloss.config import Remote
from isogloss.cost_counting import counting_of
from isogloss.languages import Language
from isogloss.models.look import Answer, Counts, Look, Part, apart, exams, looked_at, texts_of
from isogloss.remote.store import CallStore


def look_remotely(
    name: str,
    endpoint: Remote,
    known: dict[str, pl.DataFrame],
    new: dict[str, pl.DataFrame],
    knowledge: dict[Part, str],
    prompts: dict[str, str],
    languages: dict[str, Language],
    pairs: int,
    store: str | Path,
    budget_usd: float | None,
) -> Look:
    """Ask a model what is asked of one that runs here (`isogloss.models.look_local`), but after no lesson; calls are kept in the
    `store`, and what it has costs nothing again."""
    began, spent = time.perf_counter(), CallStore(store).spent
    counting = counting_of(endpoint, None)
    counts = Counts(counting.count, counting.count, endpoint.asking.max_new_tokens)
    asked = exams(known, new, prompts, {code: language.name for code, language in languages.items()}, pairs)
    del asked["lesson"]
    answers: list[Answer] = []
    seconds: dict[Part, float] = {}
    texts = texts_of(asked, prompts)
    for part, own in asked.items():
        start = time.perf_counter()
        held = hold_remotely(endpoint, pl.concat(own.values()), texts[part], prompts["again"], store, budget_usd)
        seconds[part] = time.perf_counter() - start
        answers += looked_at(part, apart(held, own), known if part == "known" else new, languages, counts)
    return Look.since(
        began,
        texts,
        model=name,
        languages=list(languages),
        knowledge={part: knowledge[part] for part in asked},
        pairs=pairs,
        answers=answers,
        seconds=seconds,
        usd=CallStore(store).spent - spent,
        counted=counting.how,
    )
