"""Score the answers of a cohort's exams."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.scoring.table import score

paths = zip(snakemake.params.languages, snakemake.input.knowledge, strict=True)
items = {code: pl.read_parquet(path) for code, path in paths}
for answers, scores in zip(snakemake.input.answers, snakemake.output, strict=True):
    score(pl.read_parquet(answers), items).write_parquet(scores)
