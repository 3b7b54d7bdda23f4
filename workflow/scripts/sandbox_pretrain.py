"""Pre-train the sandbox and write its manifest."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl
from transformers import AutoTokenizer

from isogloss.config import SandboxRecipe
from isogloss.models.sandbox.manifest import write_manifest
from isogloss.models.sandbox.pretrain import pretrain

inputs, folder = snakemake.input, Path(snakemake.output.manifest).parent
recipe = SandboxRecipe(**snakemake.params.recipe)
tokenizer = AutoTokenizer.from_pretrained(folder)
model, training, log = pretrain(pl.read_parquet(inputs.corpus), recipe, tokenizer, snakemake.threads)
model.save_pretrained(folder)
sources = [inputs.languages, *inputs.phrasebooks, *inputs.world, inputs.shares]
write_manifest(folder, snakemake.params.recipe, snakemake.params.languages, sources, inputs.corpus, training, log)
