"""Put a published transfer matrix beside those measured here."""

from isogloss import job

job.start(snakemake)

from isogloss.measures.published import margins, read_matrix
from isogloss.measures.transfer import matrix

output = snakemake.output
cells = read_matrix(snakemake.input[0], snakemake.params.languages)
cells.write_csv(output.cells)
matrix(cells).write_csv(output.matrix)
margins(cells).write_csv(output.margins)
