"""Write multiple-choice items, of the built-in world or as read from a source."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

from isogloss.knowledge.choices import built_in_choices
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.sources.choices import read_choices
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.models.sandbox.corpus import Tongue
from isogloss.paths import PHRASEBOOK

inputs, params = snakemake.input, snakemake.params
if params.source:
    items, notes = read_choices(params.source, params.languages, params.size)
    print(*notes, sep="\n")
else:
    world, table = World(Path(inputs.world[0]).parent), read_languages(inputs.languages)
    books = {code: read_phrasebook(PHRASEBOOK.format(language=code)) for code in params.languages}
    tongues = {code: Tongue(table[code], book, world) for code, book in books.items()}
    items = built_in_choices(world, tongues, params.size, params.seed)
items.write_parquet(snakemake.output[0])
