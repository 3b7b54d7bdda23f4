"""Write the sandbox's pre-training corpus."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

from isogloss.config import SandboxRecipe
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.models.sandbox.corpus import Corpus, read_shares, table
from isogloss.paths import PHRASEBOOK

codes = snakemake.params.languages
languages = read_languages(snakemake.input.languages)
corpus = Corpus(
    World(Path(snakemake.input.world[0]).parent),
    [languages[code] for code in codes],
    {code: read_phrasebook(PHRASEBOOK.format(language=code)) for code in codes},
    read_shares(snakemake.input.shares, codes),
    SandboxRecipe(**snakemake.params.recipe),
)
table(corpus.documents()).write_parquet(snakemake.output[0])
