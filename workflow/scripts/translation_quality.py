"""How much of a knowledge set's meaning is left when it is translated there and back."""

from functools import partial

from isogloss import job

job.start(snakemake)

import polars as pl
from pydantic import TypeAdapter

from isogloss.config import Embedding, MiniLM, Remote
from isogloss.knowledge.embeddings import embed
from isogloss.knowledge.quality import quality, review, same_meaning
from isogloss.knowledge.sources import SOURCE_SCHEMA
from isogloss.languages import Language

inputs, params, output = snakemake.input, snakemake.params, snakemake.output
embedding = TypeAdapter(Embedding).validate_python(params.embedding)
judge = params.judge and partial(same_meaning, endpoint=Remote(**params.judge), store=params.store, budget_usd=params.budget_usd)
languages = {row["iso639_3"]: Language(**row) for row in params.languages}
summary, details = quality(
    pl.read_parquet(inputs.source),
    {code: pl.read_parquet(path) for code, path in zip(languages, inputs.translated, strict=True)},
    {code: pl.read_ndjson(path, schema=SOURCE_SCHEMA) for code, path in zip(languages, inputs.back, strict=True)},
    partial(embed, entry=embedding, store=params.store, budget_usd=params.budget_usd),
    judge,
    params.bootstrap,
    languages=languages,
    pivot=Language(**params.pivot),
    multilingual=not isinstance(embedding, MiniLM),
)
summary.write_csv(output.summary)
details.write_csv(output.details)
review(details, params.below).write_csv(output.review)
