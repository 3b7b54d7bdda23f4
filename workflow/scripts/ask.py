"""Hold the exams of a cohort of lessons, each in every language it is asked in."""

from isogloss import job

job.start(snakemake)

import polars as pl
import torch

from isogloss.asking.exams import exams_of, named, with_parsed
from isogloss.asking.holding import hold_taught, hold_untaught
from isogloss.config import Asking, Loading
from isogloss.models.local import load_model
from isogloss.teaching.bridges import Requests

params = snakemake.params
torch.set_num_threads(snakemake.threads)
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)}
exams = exams_of(items, params.asked, params.prompt, params.names, params.pairs, params.seeds, Requests.of(params.requests))
model, asking = load_model(params.model, Loading(**params.loading)), Asking(**params.asking)
taught = params.adapters
answers = hold_taught(*model, exams, asking, taught) if taught else hold_untaught(*model, exams, asking)
for (lesson, table), path in zip(answers.items(), snakemake.output, strict=True):
    named(with_parsed(table, params.prompt), params.about, lesson).write_parquet(path)
