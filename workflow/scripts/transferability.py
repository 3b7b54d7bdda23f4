"""The transfer matrix with its intervals and margins."""

from isogloss import job

job.start(snakemake)

import polars as pl

from isogloss.measures.inequality import inequality, tier_means
from isogloss.measures.transfer import cells, margins, matrix

params, output = snakemake.params, snakemake.output
taught = pl.read_parquet(list(snakemake.input.taught))
untaught = pl.read_parquet(list(snakemake.input.untaught))
table = cells(taught, untaught, params.languages, params.bootstrap)
table.write_csv(output.cells)
matrix(table).write_csv(output.matrix)
matrix(table, "any").write_csv(output.matrix_any)
margins(taught, params.languages, params.bootstrap).write_csv(output.margins)
tier_means(taught, params.languages, params.tiers, params.bootstrap).write_csv(output.tiers)
inequality(taught, untaught, params.languages, params.tiers, params.bootstrap).write_csv(output.inequality)
