"""Hold the exams of a cohort of lessons over the network."""

import json
from functools import partial
from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.asking.exams import apart, exams_of, named, together
from isogloss.asking.remote import answer_remotely, hold_remotely
from isogloss.asking.stepwise import hold_in_steps
from isogloss.config import Remote
from isogloss.teaching.bridges import Requests

params = snakemake.params
endpoint = Remote(**params.endpoint)
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)}
drawing = (params.pairs, params.seeds)
prompt = None if params.steps else params.prompt
exams = exams_of(items, params.asked, prompt, params.names, *drawing, Requests.of(params.requests), params.keep)
kept = {"again": params.again, "store": params.store, "budget_usd": params.budget_usd}


def hold(exam, name=endpoint.name):
    """The answers of the model called so."""
    return hold_remotely(endpoint.model_copy(update={"name": name}), exam, params.prompt, **kept)


if params.steps:
    answers = hold_in_steps(exams, partial(answer_remotely, endpoint, **kept), **params.steps)
elif params.adapters:
    answers = {}
    for lesson, own in params.adapters.items():
        names = {key: json.loads(Path(path).read_text(encoding="utf-8"))["model"] for key, path in own.items()}
        parts = [
            hold(exams[lesson], name).with_columns(seed=pl.lit(seed), epoch=pl.lit(epoch), context=pl.lit(None))
            for (seed, epoch), name in names.items()
        ]
        answers[lesson] = pl.concat(parts)
else:
    answers = apart(hold(together(exams)), exams)
for (lesson, table), path in zip(answers.items(), snakemake.output, strict=True):
    named(table, params.about, lesson).write_parquet(path)
