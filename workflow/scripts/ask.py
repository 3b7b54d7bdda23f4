"""Hold a lesson's exam in every language it is asked in."""

from isogloss import job

job.start(snakemake)

import polars as pl
import torch

from isogloss.asking.exam import hold_all, in_context, questions
from isogloss.config import Asking
from isogloss.models.local import load_model
from isogloss.plan import UNTAUGHT

params, wildcards = snakemake.params, snakemake.wildcards
torch.set_num_threads(snakemake.threads)
exam = questions({code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)})
if params.context:
    taught = pl.read_parquet(snakemake.input.lesson).select("item", pl.col("teach_question").alias("question"), "answer")
    exam = in_context(exam, taught, params.context["pairs"], params.seeds)
lesson = None if wildcards.lesson == UNTAUGHT else wildcards.lesson
answers = hold_all(*load_model(params.model), exam, Asking(**params.asking), lesson, params.adapters)
names = [pl.lit(wildcards[key]).alias(key) for key in ("model", "knowledge", "study", "setting", "lesson")]
answers.select(*names, pl.all()).write_parquet(snakemake.output[0])
