"""Make a folder in Hugging Face format of a GGUF file."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import torch

from isogloss.models.gguf import convert

params = snakemake.params
torch.set_num_threads(snakemake.threads)
convert(snakemake.input[0], Path(snakemake.output[0]).parent, params.cache, params.dtype, params.version)
