"""Train the sandbox's tokenizer on its corpus."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.models.sandbox.tokenizer import train_tokenizer

corpus = pl.read_parquet(snakemake.input[0], columns=["prompt", "answer"])
texts = (f"{prompt}\n{answer}" for prompt, answer in corpus.iter_rows())
train_tokenizer(texts, snakemake.params.vocabulary).save_pretrained(Path(snakemake.output[0]).parent)
