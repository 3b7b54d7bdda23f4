"""Write texts such as a sandbox was pre-trained on, but others: some to record its neurons on, some to score it on."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.config import SandboxRecipe
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.neurons.texts import held_out
from isogloss.paths import PHRASEBOOK

codes, params = snakemake.params.languages, snakemake.params
languages = read_languages(snakemake.input.languages)
books = {code: read_phrasebook(PHRASEBOOK.format(language=code)) for code in codes}
world = World(Path(snakemake.input.world[0]).parent)
tables = [
    table.with_columns(purpose=pl.lit(purpose))
    for purpose in ("recorded", "scored")
    for table in held_out(
        SandboxRecipe(**params.recipe), [languages[code] for code in codes], books, world, params.texts, purpose
    ).values()
]
pl.concat(tables).write_parquet(snakemake.output[0])
