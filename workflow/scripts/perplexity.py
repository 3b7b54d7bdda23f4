"""How well a model, as it is or with an intervention, foresees texts in each language."""

from isogloss import job

job.start(snakemake)

from contextlib import nullcontext
from pathlib import Path

import polars as pl
import torch

from isogloss.config import Loading
from isogloss.languages import Language
from isogloss.models.local import load_model
from isogloss.neurons.corpora import texts_of
from isogloss.neurons.interventions import intervened, load
from isogloss.neurons.perplexity import perplexity

inputs, params = snakemake.input, snakemake.params
torch.set_num_threads(snakemake.threads)
languages = [Language(**row) for row in params.languages]
items = {own.iso639_3: pl.read_parquet(path) for own, path in zip(languages, inputs.knowledge, strict=True)}
held_out = pl.read_parquet(inputs.held_out[0]) if inputs.held_out else None
model, tokenizer = load_model(Path(inputs.model[0]).parent, Loading(**params.loading))
texts = texts_of("scored", tokenizer, languages, params.texts, params.flores, held_out, items)
change = load(inputs.intervention[0]) if inputs.intervention else None
parts = []
for code, own in texts.items():  # one by one, since some interventions depend on the language
    with intervened(model, change, code) if change else nullcontext():
        parts.append(perplexity(model, {code: own}, params.batch))
name = pl.lit(snakemake.wildcards.model).alias("model")
pl.concat(parts).select(name, pl.all()).write_csv(snakemake.output[0])
