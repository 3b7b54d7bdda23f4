"""Write a knowledge set that was read or translated as items."""

from isogloss import job

job.start(snakemake)

from isogloss.knowledge.sources import as_items, from_jsonl

as_items(from_jsonl(snakemake.input[0])).write_parquet(snakemake.output[0])
