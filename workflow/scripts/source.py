"""Read knowledge of the user's own, in the languages it has."""

from isogloss import job

job.start(snakemake)

from isogloss.knowledge.sources import read_source, to_jsonl
from isogloss.languages import read_languages

params = snakemake.params
tables, notes = read_source(
    params.place, params.languages, read_languages(snakemake.input.languages), params.limit, params.without
)
print(*notes, sep="\n")
if (count := len(tables[params.languages[0]])) < params.pairs:
    raise ValueError(f"{count} items are too few for a context of {params.pairs} pairs; write context: {{pairs: {count}}}")
for language, path in zip(params.languages, snakemake.output, strict=True):
    to_jsonl(tables[language], path)
