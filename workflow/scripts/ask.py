"""Hold the exams of a cohort of lessons, each in every language it is asked in."""

from isogloss import job

job.start(snakemake)

from functools import partial

import polars as pl
import torch

from isogloss.asking.changed import hold_changed
from isogloss.asking.exams import exams_of, named
from isogloss.asking.holding import ask_locally, hold_taught, hold_untaught
from isogloss.asking.stepwise import hold_in_steps
from isogloss.config import Asking, Loading
from isogloss.models.local import load_model
from isogloss.neurons.interventions import load
from isogloss.teaching.bridges import Requests

inputs, params = snakemake.input, snakemake.params
torch.set_num_threads(snakemake.threads)
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, inputs.knowledge, strict=True)}
drawing = (params.pairs, params.seeds)
prompt = None if params.steps else params.prompt
exams = exams_of(items, params.asked, prompt, params.names, *drawing, Requests.of(params.requests), params.keep)
model, asking = load_model(params.model, Loading(**params.loading)), Asking(**params.asking)
if params.steps:
    answers = hold_in_steps(exams, partial(ask_locally, *model, asking), **params.steps)
elif inputs.intervention:
    answers = hold_changed(*model, exams, asking, load(inputs.intervention[0]), params.prompt)
elif params.adapters:
    answers = hold_taught(*model, exams, asking, params.adapters, params.prompt)
else:
    answers = hold_untaught(*model, exams, asking, params.prompt)
for (lesson, table), path in zip(answers.items(), snakemake.output, strict=True):
    named(table, params.about, lesson).write_parquet(path)
