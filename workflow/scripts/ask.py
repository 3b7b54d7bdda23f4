"""Hold a lesson's exam in every language it is asked in."""

from isogloss import job

job.start(snakemake)

import polars as pl
import torch

from isogloss.asking.exam import hold_all, in_context, questions
from isogloss.config import Asking
from isogloss.models.local import load_model
from isogloss.plan import languages_of
from isogloss.teaching.lessons import content

params, wildcards = snakemake.params, snakemake.wildcards
torch.set_num_threads(snakemake.threads)
exam = questions({code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)})
taught = languages_of(wildcards.lesson)
if params.context:
    items = {code: pl.read_parquet(path) for code, path in zip(taught, snakemake.input.lesson, strict=True)}
    exam = in_context(exam, content(wildcards.lesson, items), params.context["pairs"], params.seeds)
taught_in = "+".join(taught) or None
answers = hold_all(*load_model(params.model), exam, Asking(**params.asking), taught_in, params.adapters)
names = [pl.lit(wildcards[key]).alias(key) for key in ("model", "knowledge", "study", "setting", "lesson")]
answers.select(*names, pl.all()).write_parquet(snakemake.output[0])
