"""Have the lessons of a cohort taught over the network."""

import json
from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.config import Remote
from isogloss.remote.tuning import fine_tune
from isogloss.teaching.bridges import Requests
from isogloss.teaching.mixtures import told

params = snakemake.params
endpoint = Remote(**params.endpoint)
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)}
seed = int(snakemake.wildcards.seed)
for name in params.lessons:
    lesson = told(name, items, params.prompt, params.names, Requests.of(params.requests), params.mixture, seed)
    found = fine_tune(endpoint, lesson, endpoint.teaching, seed, params.store, params.budget_usd)
    for epoch, model in found.items():
        target = Path(params.target.replace("{lesson}", name).replace("{epoch}", str(epoch)))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps({"model": model}) + "\n", encoding="utf-8")
