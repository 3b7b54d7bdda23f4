"""Write the page about a run: results/report.html."""

from pathlib import Path

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.asking.exams import ANSWER_SCHEMA
from isogloss.config import Config
from isogloss.languages import Language
from isogloss.report.facts import costs, described, versions
from isogloss.report.page import TABLES, page


def answers(files) -> pl.DataFrame:
    """Scored answers; none where all that is shown was measured by others."""
    return pl.read_parquet(list(files)) if files else pl.DataFrame(schema=ANSWER_SCHEMA)


inputs, params = snakemake.input, snakemake.params
config = Config.model_validate(params.config)
items = {tuple(key): pl.read_parquet(path) for key, path in zip(params.knowledge, inputs.knowledge, strict=True)}
tables = {name: [] for name in TABLES}
for (name, about), path in zip(params.tables, inputs.tables, strict=True):
    tables[name].append((about, pl.read_csv(path)))
run = described(config) | {"versions": versions(inputs.project), "costs": costs(params.store)}
figures = [path for path in inputs.shown if path.endswith(".png")]
scores, untaught = answers(inputs.scores), answers(inputs.untaught)
languages = [Language(**row) for row in params.languages]
text = page(scores, untaught, items, tables, figures, run, languages, config.bootstrap, inputs.template)
Path(snakemake.output[0]).write_text(text, encoding="utf-8")
