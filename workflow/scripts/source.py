"""Read knowledge of the user's own, in the languages it has."""

from isogloss import job

job.start(snakemake)

from isogloss.knowledge.sources import left_out, read_source, to_jsonl
from isogloss.languages import read_languages

params = snakemake.params
tables, notes = read_source(params.source, params.languages, read_languages(snakemake.input.languages), params.limit)
print(*notes, sep="\n")
for language, path in zip(params.languages, snakemake.output, strict=True):
    to_jsonl(left_out(tables[language], params.without), path)
