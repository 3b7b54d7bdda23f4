"""Have a model choose among options: the one that it finds likeliest."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl
import torch

from isogloss.asking.choosing import log_likelihoods
from isogloss.asking.multiple_choice import multiple_choice, with_likelihoods
from isogloss.config import Loading
from isogloss.models.local import load_model

inputs, params = snakemake.input, snakemake.params
torch.set_num_threads(snakemake.threads)
exam = multiple_choice(pl.read_parquet(inputs.asked), **params.exam)
model = load_model(Path(inputs.model[0]).parent, Loading(**params.loading))
(values,) = log_likelihoods(*model, exam["turns"].to_list(), exam["choices"].to_list(), params.batch)
with_likelihoods(exam, values, snakemake.wildcards.model).write_parquet(snakemake.output[0])
