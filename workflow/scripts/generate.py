"""Have a chat model make up new knowledge."""

from isogloss import job

job.start(snakemake)

from isogloss.config import Remote
from isogloss.knowledge.generated import generate
from isogloss.knowledge.sources import left_out, to_jsonl

params = snakemake.params
table, notes = generate(params.topic, params.number, Remote(**params.endpoint), params.store, params.budget_usd)
print(*notes, sep="\n")
to_jsonl(left_out(table, params.without), snakemake.output[0])
