"""The share of the web of every language, as Common Crawl counts it now."""

from isogloss import job

job.start(snakemake)

from isogloss.factors.downloads import common_crawl_counts
from isogloss.factors.shares import common_crawl_shares

common_crawl_shares(common_crawl_counts()).write_csv(snakemake.output[0])
