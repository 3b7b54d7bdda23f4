"""Write fictional places, in CLiKA's layout, as items in every language."""

from isogloss import job

job.start(snakemake)

from isogloss.knowledge.sources.fictional import read_fictional
from isogloss.languages import read_languages

params = snakemake.params
tables, notes = read_fictional(params.place, params.languages, read_languages(snakemake.input.languages), params.limit)
print(*notes, sep="\n")
if (count := len(tables[params.languages[0]])) < params.pairs:
    raise ValueError(f"{count} items are too few for a context of {params.pairs} pairs; write context: {{pairs: {count}}}")
for language, path in zip(params.languages, snakemake.output, strict=True):
    tables[language].write_parquet(path)
