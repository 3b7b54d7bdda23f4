"""Write the sandbox's card."""

import json
from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.languages import Language
from isogloss.models.sandbox.card import write_card

inputs = snakemake.input
tables = {name: pl.read_csv(inputs[name][0] if isinstance(inputs[name], list) else inputs[name]) for name in ("known", "new", "cells") if inputs.get(name)}
manifest = json.loads(Path(inputs.manifest).read_text(encoding="utf-8"))
languages = [Language(**row) for row in snakemake.params.languages]
card = write_card(snakemake.wildcards.model, manifest, languages, snakemake.params.knowledge, tables)
Path(snakemake.output[0]).write_text(card, encoding="utf-8")
