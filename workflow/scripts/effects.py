"""What becomes of transfer where neurons work differently."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.languages import Language
from isogloss.measures.answer_language import answer_languages
from isogloss.measures.interventions import beside_controls, changes, changes_in_any, contrasts, differences, doses
from isogloss.measures.perplexity import of_interventions
from isogloss.neurons.selection import drawn

inputs, params = snakemake.input, snakemake.params
languages = {row["iso639_3"]: Language(**row) for row in params.languages}
codes = list(languages)
tiers = {code: language.tier for code, language in languages.items()}
derived = pl.DataFrame(
    [
        {"model": own["key"], "intervention": own["name"], **own["entry"], "draw": own["draw"]}
        | {"control": own["control"] is not None, "selected": drawn(codes, tiers, own["draw"], params.seed)}
        for own in params.derived
    ]
).select("model", "intervention", "operation", "set", pl.col("strength").cast(pl.Float64), "draw", "control", "selected")
scores = pl.read_parquet(list(inputs.derived))
base = pl.read_parquet(list(inputs.base)).filter(pl.col("item").is_in(scores["item"].unique().implode()))
items = {code: pl.read_parquet(path) for code, path in zip(codes, inputs.knowledge, strict=True)}
perplexity = pl.concat([pl.read_csv(path) for path in inputs.perplexity])
found = changes(base, scores, derived, codes, params.bootstrap)
tables = {
    "differences": differences(found, changes_in_any(base, scores, derived, codes, params.bootstrap)),
    "doses": doses(found),
    "contrasts": contrasts(found, tiers, params.permutations),
    "controls": beside_controls(found),
    "answer_languages": answer_languages(pl.concat([base, scores]), items, languages, params.bootstrap),
    "perplexity": of_interventions(perplexity, base["model"][0], derived),
}
for name, path in zip(params.tables, snakemake.output, strict=True):
    tables[name].write_csv(path)
