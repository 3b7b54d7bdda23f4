"""Write a knowledge set in one language."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

from isogloss.config import BuiltIn
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import Language

world = World(Path(snakemake.input.world[0]).parent)
items = built_in_items(world, BuiltIn(**snakemake.params.knowledge))
language = Language(**snakemake.params.language)
render(items, world, language, read_phrasebook(snakemake.input.phrasebook)).write_parquet(snakemake.output[0])
