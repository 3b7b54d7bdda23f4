"""Hold the exams of a cohort of lessons over the network."""

import json
from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.asking.exams import apart, exams_of, named, together
from isogloss.asking.remote import hold_remotely
from isogloss.config import Remote
from isogloss.teaching.bridges import Requests

params = snakemake.params
endpoint = Remote(**params.endpoint)
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)}
exams = exams_of(items, params.asked, params.prompt, params.names, params.pairs, params.seeds, Requests.of(params.requests))


def hold(exam, name=endpoint.name):
    """The answers of the model called so."""
    asked = endpoint.model_copy(update={"name": name})
    return hold_remotely(asked, exam, params.prompt, params.again, params.store, params.budget_usd)


if params.adapters:
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
