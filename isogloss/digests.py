"""Digests of files that others made, so that what takes the place of another file is seen, however old it is.

Large files are read once: their digests are kept by what the file system says of them.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from isogloss.paths import DIGESTS

LARGE = 1 << 20  # bytes; a smaller file is read every time
SETTLED = 2.0  # seconds after which a file that is written again has another time
_kept: dict[str, dict[str, str]] = {}  # of each file of digests, what is in it


def digest_of(paths: Iterable[str | Path], store: str | Path = DIGESTS) -> str:
    """SHA-256 over the contents of files, in their order; a file that is not there counts as such.

    `store` is a JSON file that keeps the digests of large ones; it can be deleted at any time.
    """
    return hashlib.sha256("\n".join(_digest(Path(path), store) for path in paths).encode()).hexdigest()


def _digest(path: Path, store: str | Path) -> str:
    try:
        about = path.stat()
    except FileNotFoundError:
        return "none"
    if about.st_size < LARGE:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    # a symbolic link, an older file in the place of another and a copy with its times each differ in one of these
    key = "|".join(map(str, (path.resolve(), about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)))
    known = _known(store)
    if key not in known:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if time.time() - about.st_ctime < SETTLED:
            return found
        known[key] = found
        _keep(store, known)
    return known[key]


def _known(store: str | Path) -> dict[str, str]:
    if str(store) not in _kept:
        _kept[str(store)] = {}
        with contextlib.suppress(OSError, ValueError):  # what cannot be read is made anew
            _kept[str(store)] = dict(json.loads(Path(store).read_text(encoding="utf-8")))
    return _kept[str(store)]


def _keep(store: str | Path, known: dict[str, str]) -> None:
    """Write all that is known at once, since other processes read it; where that is not possible, files are read again."""
    with contextlib.suppress(OSError):
        Path(store).parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=Path(store).parent, delete=False, encoding="utf-8") as draft:
            json.dump(known, draft, indent=1)
        os.replace(draft.name, store)
