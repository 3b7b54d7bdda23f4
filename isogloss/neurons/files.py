"""Arrays with some settings in one safetensors file; the same content gives the same bytes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file


def write(path: str | Path, settings: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write settings (of what JSON can say) and arrays."""
    # one entry, since several would have no order in the file
    save_file(arrays, path, {"settings": json.dumps(settings, ensure_ascii=False)})


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The settings and arrays of a file that `write` made."""
    with safe_open(path, "np") as file:
        names = file.keys()
        return json.loads(file.metadata()["settings"]), {name: file.get_tensor(name) for name in names}
