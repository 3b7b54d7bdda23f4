"""What is known of languages whatever the model, and which models were made for them."""

from isogloss import job

job.start(snakemake)

from isogloss.factors.distances import coverage
from isogloss.factors.shares import language_table, with_flags
from isogloss.languages import Language
from isogloss.models.sandbox.corpus import read_shares

params = snakemake.params
languages = [Language(**row) for row in params.languages]
codes = [language.iso639_3 for language in languages]
table = language_table(languages, read_shares(snakemake.input.shares, codes), None, [coverage(codes)])
with_flags(table, params.optimised).write_csv(snakemake.output[0])
