"""A first look at a model behind an interface."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.config import Remote
from isogloss.languages import Language
from isogloss.models.look_remote import look_remotely

inputs, params = snakemake.input, snakemake.params
languages = {row["iso639_3"]: Language(**row) for row in params.languages}
known = {code: pl.read_parquet(path) for code, path in zip(languages, inputs.known, strict=False)}  # perhaps none
new = {code: pl.read_parquet(path) for code, path in zip(languages, inputs.new, strict=True)}
look = look_remotely(
    snakemake.wildcards.model,
    Remote(**params.endpoint),
    known,
    new,
    params.knowledge,
    params.prompts,
    languages,
    params.pairs,
    params.store,
    params.budget_usd,
)
Path(snakemake.output[0]).write_text(look.model_dump_json(indent=1), encoding="utf-8")
