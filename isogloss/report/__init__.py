"""results/report.html: what was run and what came of it, on one page that needs nothing else."""
