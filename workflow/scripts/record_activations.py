"""Record how often and how strongly each neuron of a model fires in each language."""

from isogloss import job

job.start(snakemake)

from pathlib import Path

import polars as pl
import torch

from isogloss.config import Loading
from isogloss.languages import Language
from isogloss.models.local import load_model
from isogloss.neurons.corpora import texts_of
from isogloss.neurons.record import record

inputs, params = snakemake.input, snakemake.params
torch.set_num_threads(snakemake.threads)
languages = [Language(**row) for row in params.languages]
items = {own.iso639_3: pl.read_parquet(path) for own, path in zip(languages, inputs.knowledge, strict=True)}
held_out = pl.read_parquet(inputs.held_out[0]) if inputs.held_out else None
model, tokenizer = load_model(Path(inputs.model[0]).parent, Loading(**params.loading))
texts = texts_of("recorded", tokenizer, languages, params.texts, params.flores, held_out, items)
record(model, texts, params.batch).save(snakemake.output[0])
