"""A first look at a model that runs here."""

from functools import partial
from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl
import torch

from isogloss.config import Asking, Loading, Teaching
from isogloss.languages import Language
from isogloss.models.local import load_model
from isogloss.models.look_local import look_locally

inputs, params = snakemake.input, snakemake.params
torch.set_num_threads(snakemake.threads)
languages = {row["iso639_3"]: Language(**row) for row in params.languages}
known = {code: pl.read_parquet(path) for code, path in zip(languages, inputs.known, strict=False)}  # perhaps none
new = {code: pl.read_parquet(path) for code, path in zip(languages, inputs.new, strict=True)}
look = look_locally(
    snakemake.wildcards.model,
    partial(load_model, params.model, Loading(**params.loading)),
    known,
    new,
    params.knowledge,
    params.prompts,
    languages,
    params.pairs,
    Asking(**params.asking),
    Teaching(**params.teaching),
    params.together,
)
Path(snakemake.output[0]).write_text(look.model_dump_json(indent=1), encoding="utf-8")
