"""Invented place names: syllables that every script can write, put together by seed, spelled alike wherever they occur."""

import csv
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

# One in four possible names is reserved for knowledge that is taught later, so no seed and no number of items can meet a name
# whose facts a pre-training corpus told; the rest is split between facts to remember and names that only occur in contexts.
PURPOSES = {"taught": (0,), "remembered": (1,), "context": (2, 3)}
SCRIPT_COLUMNS = {
    "Latin": "latin",
    "Japanese": "kana",
    "Hangul": "hangul",
    "Han": "han",
    "Thai": "thai",
    "Devanagari": "devanagari",
    "Tamil": "tamil",
    "Cyrillic": "cyrillic",
}
UNSPACED = ("Han", "Japanese", "Thai")  # scripts written without spaces between words
SYLLABLES_PER_NAME = 3


class Syllables:
    """The syllable table; a name is a tuple of row numbers."""

    def __init__(self, path: str | Path):
        with open(path, encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file))

    def spell(self, name: tuple[int, ...], script: str) -> str:
        """Write `name` in a script of `SCRIPT_COLUMNS`, a syllable a word (capitalised where the script has capitals), so that
        no tokenizer joins syllables in one language and not in another."""
        written = (self.rows[i][SCRIPT_COLUMNS[script]].capitalize() for i in name)
        return ("" if script in UNSPACED else " ").join(written)

    def invent(self, purpose: str, seed: int, avoid: frozenset[str] = frozenset()) -> Iterator[tuple[int, ...]]:
        """Yield distinct names reserved for `purpose` (a key of `PURPOSES`), never one that is in `avoid` in Latin but for spaces
        and capitals.

        Raises RuntimeError when the names run out (there are about 20,000 for each quarter).
        """
        avoid = frozenset(_joined(name) for name in avoid)
        rng = random.Random(f"{purpose}-{seed}")
        seen: set[tuple[int, ...]] = set()
        misses = 0
        while misses < 200_000:
            name = tuple(rng.sample(range(len(self.rows)), SYLLABLES_PER_NAME))
            latin = self.spell(name, "Latin")
            if name in seen or _joined(latin) in avoid or quarter(latin) not in PURPOSES[purpose]:
                misses += 1
                continue
            misses = 0
            seen.add(name)
            yield name
        raise RuntimeError(f"only {len(seen)} names exist for {purpose!r}; ask for fewer items")


def _joined(name: str) -> str:
    return name.replace(" ", "").casefold()


def quarter(latin: str) -> int:
    """Which quarter of all names this one is in: a stable hash, so that it depends on nothing but the spelling."""
    return zlib.crc32(latin.encode()) % 4
