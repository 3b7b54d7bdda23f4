"""Ask a sandbox to look up, translate and choose."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import torch

from isogloss.config import Asking
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.models.local import load_model
from isogloss.models.sandbox.abilities import exam, hold
from isogloss.models.sandbox.corpus import Tongue
from isogloss.paths import PHRASEBOOK

inputs, params = snakemake.input, snakemake.params
torch.set_num_threads(snakemake.threads)
table, world = read_languages(inputs.languages), World(Path(inputs.world[0]).parent)
tongues = {code: Tongue(table[code], read_phrasebook(PHRASEBOOK.format(language=code)), world) for code in params.languages}
questions = exam(world, tongues, [code for code in tongues if table[code].tier == "high"])
answers = hold(*load_model(Path(inputs.model[0]).parent), questions, Asking(**params.asking))
answers.write_parquet(snakemake.output[0])
