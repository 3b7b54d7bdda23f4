"""Teach the lessons of a cohort."""

from isogloss import job

job.start(snakemake)

import polars as pl
import torch

from isogloss.config import Teaching
from isogloss.models.local import fingerprint, load_model
from isogloss.teaching.cohort import publish, teach_cohort
from isogloss.teaching.lora import Lesson

params = snakemake.params
torch.set_num_threads(snakemake.threads)
lessons = []
for name, path in zip(params.lessons, snakemake.input.knowledge, strict=True):
    table = pl.read_parquet(path)
    lessons.append(Lesson(name, table["teach_question"].to_list(), table["answer"].to_list()))
base, tokenizer = load_model(params.model)
finished = teach_cohort(
    base,
    tokenizer,
    fingerprint(params.model),
    lessons,
    Teaching(**params.teaching),
    int(snakemake.wildcards.seed),
    params.store,
    params.version,
)
for name, epochs in finished.items():
    publish(epochs, params.target.replace("{lesson}", name))
