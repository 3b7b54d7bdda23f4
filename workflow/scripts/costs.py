"""Write down what the configured study takes: calls, tokens, price, hours."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.asking.prompts import read_prompts
from isogloss.asking.steps import read_steps
from isogloss.config import Config
from isogloss.cost import plan_rows
from isogloss.cost_counting import Study, counting_of
from isogloss.cost_page import plan_text
from isogloss.languages import read_languages
from isogloss.plan import with_derived

inputs, params = snakemake.input, snakemake.params
config = with_derived(Config.model_validate(params.config))
tables = {tuple(key): pl.read_parquet(path) for key, path in zip(params.written, inputs.knowledge, strict=True)}
choices = {name: pl.read_parquet(path) for name, path in zip(params.choices, inputs.choices, strict=True)}
countings = {name: counting_of((config.models | config.translators)[name], folder) for name, folder in params.folders.items()}
steps = read_steps(inputs.steps)
study = Study(
    config, read_languages(inputs.languages), read_prompts(inputs.prompts), tables, countings, choices=choices, steps=steps
)
Path(snakemake.output[0]).write_text(plan_text(study, plan_rows(study)), encoding="utf-8")
