"""Fetch FLORES-200, unless it is there."""

import json
from pathlib import Path

from isogloss import job

job.start(snakemake)

from isogloss.factors.downloads import fetch_flores

found = fetch_flores(snakemake.params.folder)
Path(snakemake.output[0]).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
