"""Write the card of a model from a first look at it."""

import shutil
from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.asking.prompts import read_prompts
from isogloss.asking.steps import read_steps
from isogloss.config import Config
from isogloss.cost_counting import Study, counting_of
from isogloss.cost_look import Expected, adapters_of, with_only, works_of
from isogloss.languages import read_languages
from isogloss.models.look import Look
from isogloss.report.look_card import write_look

inputs, params = snakemake.input, snakemake.params
model = snakemake.wildcards.model
look = Look.model_validate_json(Path(inputs.look).read_text(encoding="utf-8"))
config = with_only(Config.model_validate(params.config), model)
tables = {tuple(key): pl.read_parquet(path) for key, path in zip(params.written, inputs.knowledge, strict=True)}
languages = read_languages(inputs.languages)
countings = {model: counting_of(config.models[model], params.folder)}
study = Study(config, languages, read_prompts(inputs.prompts), tables, countings, steps=read_steps(inputs.steps))
free = shutil.disk_usage(Path(snakemake.output[0]).parent).free
expected = Expected(works_of(look, study), params.requested, params.together, adapters_of(config, model), free, config)
Path(snakemake.output[0]).write_text(write_look(look, expected, languages), encoding="utf-8")
