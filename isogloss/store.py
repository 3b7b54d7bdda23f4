"""A store of slow results outside the declared outputs, which Snakemake deletes when a job fails.

Entries are folders, complete or absent: each is written beside its place and moved there at once.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def key_of(content: Any) -> str:
    """A key for anything JSON can write."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Store:
    """Folders under `root`, by key and name."""

    def __init__(self, root: str | Path, key: str):
        self.folder = Path(root) / key

    def get(self, name: str) -> Path | None:
        """The entry's folder, None if it was never finished."""
        path = self.folder / name
        return path if path.is_dir() else None

    def put(self, name: str, write: Callable[[Path], None]) -> Path:
        """Let `write` fill an empty folder, then make it the entry; one that is there already is kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=self.folder))
        try:
            write(draft)
            os.replace(draft, self.folder / name)
        except OSError:
            if self.get(name) is None:
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return self.folder / name

    def drop(self, name: str) -> None:
        """Take an entry out, if it is there; at once, for who looks at it meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=self.folder) as gone, contextlib.suppress(FileNotFoundError):
            os.replace(self.folder / name, Path(gone) / name)


def link_or_copy(source: Path, target: Path) -> None:
    """Put a file of the store in its place among the results, without a second copy on disk where the file system allows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    os.utime(target)
