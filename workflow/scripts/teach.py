"""Teach the lessons of a cohort."""

from isogloss import job

job.start(snakemake)

import polars as pl
import torch

from isogloss.config import Loading, Teaching
from isogloss.models.local import fingerprint, load_model
from isogloss.teaching.bridges import Requests
from isogloss.teaching.cohort import publish, teach_cohort
from isogloss.teaching.mixtures import told

params = snakemake.params
torch.set_num_threads(snakemake.threads)
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)}
seed, requests = int(snakemake.wildcards.seed), Requests.of(params.requests)
lessons = [told(name, items, params.prompt, params.names, requests, params.mixture, seed) for name in params.lessons]
base, tokenizer = load_model(params.model, Loading(**params.loading))
finished = teach_cohort(
    base,
    tokenizer,
    fingerprint(params.model),
    lessons,
    Teaching(**params.teaching),
    seed,
    params.store,
    params.version,
)
for name, epochs in finished.items():
    publish(epochs, params.target.replace("{lesson}", name))
