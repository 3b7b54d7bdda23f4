"""Hold the exams of a cohort of lessons, each in every language it is asked in."""

from isogloss import job

job.start(snakemake)

import polars as pl
import torch

from isogloss.asking.exam import ANSWER_SCHEMA, hold_taught, hold_untaught, in_context, questions
from isogloss.config import Asking
from isogloss.models.local import load_model
from isogloss.plan import languages_of
from isogloss.teaching.lessons import content

params = snakemake.params
torch.set_num_threads(snakemake.threads)
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)}
exams = {lesson: questions({code: items[code] for code in asked}) for lesson, asked in params.asked.items()}
model, asking = load_model(params.model, params.device), Asking(**params.asking)
if params.adapters:
    answers = hold_taught(*model, exams, asking, params.adapters)
else:
    if params.context:
        pairs = params.context["pairs"]
        exams = {name: in_context(exam, content(name, items), pairs, params.seeds) for name, exam in exams.items()}
    answers = hold_untaught(*model, exams, asking)
for (lesson, table), path in zip(answers.items(), snakemake.output, strict=True):
    about = params.about | {"lesson": lesson, "taught_in": "+".join(languages_of(lesson)) or None}
    named = table.with_columns(pl.lit(value, dtype=pl.String).alias(key) for key, value in about.items())
    named.select(list(ANSWER_SCHEMA)).cast(ANSWER_SCHEMA).write_parquet(path)
