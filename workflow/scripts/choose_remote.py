"""Have a model choose among options over the network."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.asking.choosing_remote import choose_remotely
from isogloss.asking.multiple_choice import multiple_choice, with_places
from isogloss.config import Remote

params = snakemake.params
exam = multiple_choice(pl.read_parquet(snakemake.input.asked), **params.exam)
options = exam["choices"].list.len().to_list()
found = choose_remotely(Remote(**params.endpoint), exam["turns"].to_list(), options, params.store, params.budget_usd)
with_places(exam, found, snakemake.wildcards.model).write_parquet(snakemake.output[0])
