"""Translate a knowledge set into a language, or back."""

from isogloss import job

job.start(snakemake)

import polars as pl
import torch
from pydantic import TypeAdapter

from isogloss.config import Model, Translator
from isogloss.knowledge.sources import SOURCE_SCHEMA, from_jsonl, to_jsonl
from isogloss.knowledge.translators import translate_items, translator_of
from isogloss.languages import Language

inputs, params = snakemake.input, snakemake.params
torch.set_num_threads(snakemake.threads)
table = from_jsonl(inputs.table) if inputs.table.endswith(".jsonl") else pl.read_parquet(inputs.table).select(list(SOURCE_SCHEMA))
translator = TypeAdapter(Model | Translator).validate_python(params.entry)
translate = translator_of(translator, params.folder, params.store, params.budget_usd)
translated = translate_items(table, Language(**params.source), Language(**params.target), translate, params.gaps)
to_jsonl(translated, snakemake.output[0])
