"""In which layers the right answer can be read that a model did not give."""

from isogloss import job

job.start(snakemake)

from pathlib import Path

import polars as pl
import torch

from isogloss.config import Loading
from isogloss.measures.lens import decodable
from isogloss.models.local import load_model
from isogloss.neurons.lens import lens_of_answers

inputs, params, output = snakemake.input, snakemake.params, snakemake.output
torch.set_num_threads(snakemake.threads)
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, inputs.knowledge, strict=True)}
scores = pl.read_parquet(list(inputs.scores))
kept = scores["item"].unique().sort().head(params.keep or None)
model = load_model(Path(inputs.model[0]).parent, Loading(**params.loading))
crossed = scores.filter(pl.col("item").is_in(kept.implode()), pl.col("taught_in") != pl.col("asked_in"))
read = lens_of_answers(*model, crossed.filter(~pl.col("correct")), items, params.batch)
read.write_parquet(output.answers)
decodable(read, len(crossed), params.bootstrap).write_csv(output.shares)
