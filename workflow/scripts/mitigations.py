"""What each mitigation is worth, beside doing nothing."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.mitigations import mitigations

inputs, params = snakemake.input, snakemake.params
scores = pl.read_parquet(list(inputs.derived))
base = pl.read_parquet(list(inputs.base)).filter(pl.col("item").is_in(scores["item"].unique().implode()))
names: dict[str, list[str]] = {}
for own in params.derived:
    names.setdefault(own["name"], []).append(own["key"])
perplexity = pl.concat([pl.read_csv(path) for path in inputs.perplexity]) if inputs.perplexity else None
languages = list(params.tiers)
mitigations(base, scores, names, languages, params.tiers, params.bootstrap, perplexity).write_csv(snakemake.output[0])
