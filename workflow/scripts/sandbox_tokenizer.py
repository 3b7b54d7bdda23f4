"""Train the sandbox's tokenizer on its corpus."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.models.sandbox.corpus import evened, texts
from isogloss.models.sandbox.tokenizer import train_tokenizer

params = snakemake.params
corpus = pl.read_parquet(snakemake.input[0])
if params.fair:
    corpus = evened(corpus, params.seed)
train_tokenizer(texts(corpus), params.vocabulary).save_pretrained(Path(snakemake.output[0]).parent)
