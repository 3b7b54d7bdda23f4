"""Write the sandbox's card."""

import json
from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.languages import Language
from isogloss.models.sandbox.card import write_card

inputs, params = snakemake.input, snakemake.params
paths = {"known": inputs.known, "new": inputs.new, "speed": inputs.speed}
tables = {name: pl.read_csv(path) for name, path in paths.items() if path}
tables |= {setting: pl.read_csv(path) for setting, path in zip(params.taught, inputs.cells, strict=False)}
tables |= {Path(path).stem: pl.read_csv(path) for path in inputs.abilities}
manifest = json.loads(Path(inputs.manifest).read_text(encoding="utf-8"))
languages = [Language(**row) for row in params.languages]
card = write_card(snakemake.wildcards.model, manifest, languages, params.knowledge, tables)
Path(snakemake.output[0]).write_text(card, encoding="utf-8")
