"""The plan of what the configured study takes, as Markdown."""

from collections.abc import Iterator
from dataclasses import fields

from isogloss.config import Remote
from isogloss.cost import CACHED_FROM, Row, priced_as
from isogloss.cost_counting import ESTIMATE, Study, Tokens


def plan_text(study: Study, rows: list[Row]) -> str:
    """The plan as Markdown: a table of models, one of all there is to do, the budget and how it was counted."""
    models = list(dict.fromkeys(row.model for row in rows))
    remote = [model for model in models if isinstance(study.config.models.get(model), Remote)]
    heads = (
        "prompt tokens",
        "of them cached",
        "completion tokens",
        "at most",
        "training tokens",
        "USD",
        "USD at most",
        "job hours",
    )
    totals = [[model, *_total(study, [row for row in rows if row.model == model])] for model in models]
    details = [
        [
            row.model,
            row.work,
            row.knowledge,
            row.study,
            row.setting,
            _sum([row.lessons]),
            _sum([row.amount]),
            *_cells(study, [row]),
        ]
        for row in rows
    ]
    parts = [
        "# Plan",
        "What the configured study takes if nothing of it is there yet. Nothing was asked or spent to find out.",
        "## In all",
        _table(("model", "answers", "steps of teaching", "other calls", *heads), totals),
        "## One by one",
        _table(("model", "work", "knowledge", "study", "setting", "lessons", "amount", *heads), details),
        "## Budget",
        _budget(study, [row for row in rows if row.model in remote]),
        "## How it was counted",
        "\n".join(f"- {note}" for note in _notes(study, models, remote)),
    ]
    return "\n\n".join(parts) + "\n"


def _total(study: Study, rows: list[Row]) -> list[str]:
    kinds = [("ask", "choose"), ("teach",), ("judge", "compare", "translate", "translate back")]
    return [*(_sum([row.amount for row in rows if row.work in kind]) for kind in kinds), *_cells(study, rows)]


def _sum(numbers: list[float | None]) -> str:
    """A sum of what is known; a question mark stands for what is not."""
    known = sum(number or 0 for number in numbers)
    return " + ".join([f"{known:,.0f}"] * bool(known) + ["?"] * (None in numbers))


def _cells(study: Study, rows: list[Row]) -> list[str]:
    """Tokens, dollars and hours of rows together."""
    unknown = [None] * any(row.amount is None for row in rows)
    tokens = sum((row.tokens for row in rows if row.tokens), Tokens())
    cells = [_sum([getattr(tokens, field.name), *unknown]) for field in fields(Tokens)]
    priced = [row.usd for row in rows if row.usd]
    usd = [f"{sum(own):,.2f}" + " + ?" * len(unknown) for own in zip(*priced, strict=True)] if priced else ["", ""]
    local = [row for row in rows if not isinstance(study.config.models.get(row.model), Remote)]
    hours = [row.hours for row in rows if row.work in ("teach", "ask")]
    measured = "not measured" if local and hours else ""
    if hours and all(hours):
        expected, done = (sum(own) for own in zip(*hours, strict=True))
        measured = f"{expected:,.2f} ({done:,.2f} so far)"
    return [*cells, *(["price unknown"] * 2 if _unpriced(study, rows) else usd), measured]


def _unpriced(study: Study, rows: list[Row]) -> list[str]:
    """Names of the models over the network whose price is lacking."""
    lacking = [row for row in rows if row.usd is None and row.tokens and isinstance(study.config.models.get(row.model), Remote)]
    return list(dict.fromkeys(priced_as(study, row) for row in lacking))


def _table(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])


def _budget(study: Study, rows: list[Row]) -> str:
    budget, lines = study.config.budget_usd, []
    expected, most = (sum(row.usd[i] for row in rows if row.usd) for i in (0, 1))
    for name in _unpriced(study, rows):
        lines.append(f"Price unknown: {name}; add a line to {study.prices}.")
    if any(row.amount is None for row in rows):
        lines.append("The number of items of a knowledge set is not known yet (?), nor what it costs.")
    sums = (
        f"What has a price comes to {expected:,.2f} USD, at most {most:,.2f}."
        if lines
        else f"The plan comes to {expected:,.2f} USD, at most {most:,.2f}."
    )
    lines.append(sums)
    if budget is None:
        lines.append("No budget_usd is set, so nothing stops a run.")
    elif expected > budget:
        lines.append(f"**That exceeds budget_usd: {budget:g}**: a run will stop before it, and keep what it has.")
    elif most > budget:
        lines.append(f"That is within budget_usd: {budget:g}, but the most it can come to is not.")
    else:
        lines.append(f"That is within budget_usd: {budget:g}.")
    return "\n".join(lines)


def _notes(study: Study, models: list[str], remote: list[str]) -> Iterator[str]:
    for model in models:
        yield f"Tokens of {model}: {study.countings.get(model, ESTIMATE).how}."
    for knowledge in study.config.knowledge:
        there = study.texts(knowledge)
        lacking = [code for code in study.config.languages if code not in there]
        if lacking:
            like = f"those in {', '.join(there)}" if there else "those of the built-in sets"
            yield f"Texts of {knowledge} in {', '.join(lacking)} are not there yet and count (estimated) as long as {like}."
    yield "Contexts count with the mean length of a set's pairs, answers with that of the reference, at most with max_new_tokens."
    if remote:
        yield f"Cached: contexts of {CACHED_FROM} tokens or more, for every language asked but the first; none in batches."
        yield "Not counted: questions asked again, reasoning that is not shown, embeddings."
    yield "Judgements and translations are the most there can be: equal ones are made once."
    yield "Job hours: what is to do, at the rate of the jobs measured (results/benchmarks); so far: what these took."
