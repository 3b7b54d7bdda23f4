"""Have a chat model judge the answers of a cohort's exams."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.config import Remote
from isogloss.scoring.judge import judge
from isogloss.scoring.table import score

params = snakemake.params
items = {code: pl.read_parquet(path) for code, path in zip(params.languages, snakemake.input.knowledge, strict=True)}
for answers, scores in zip(snakemake.input.answers, snakemake.output, strict=True):
    scored = score(pl.read_parquet(answers), items)
    judge(scored, Remote(**params.judge), params.store, params.budget_usd, items).write_parquet(scores)
