"""The built-in world: what can be asked about a place, and what is true of the real ones."""

import csv
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from isogloss.knowledge.cldr import Names, names
from isogloss.knowledge.invented import Syllables


@dataclass(frozen=True)
class Relation:
    """A question one can ask about a place; `values` is the closed class of answers for invented places."""

    name: str
    answers: str
    known: bool
    values: tuple[str | int, ...]


@dataclass(frozen=True)
class Fact:
    """`value` answers `relation` for `place`: a territory code, or an invented name (a tuple of syllables)."""

    relation: Relation
    place: str | tuple[int, ...]
    value: str | int


class World:
    """Relations, real facts and syllables of ``data/world``."""

    def __init__(self, folder: str | Path):
        folder = Path(folder)
        table = yaml.safe_load((folder / "relations.yaml").read_text(encoding="utf-8"))
        self.relations = {name: Relation(name, row["answers"], row["known"], tuple(row["values"])) for name, row in table.items()}
        self.syllables = Syllables(folder / "syllables.csv")
        with open(folder / "territories.csv", encoding="utf-8", newline="") as file:
            self.territories = list(csv.DictReader(file))

    @property
    def invented_relations(self) -> list[Relation]:
        """Relations an invented place can have."""
        return [relation for relation in self.relations.values() if relation.values]

    @cached_property
    def facts(self) -> list[Fact]:
        """What is true of real territories (a blank in the table is no fact)."""
        known = [relation for relation in self.relations.values() if relation.known]
        return [
            Fact(relation, row["territory"], row[relation.name])
            for row in self.territories
            for relation in known
            if row[relation.name]
        ]

    @cached_property
    def real_names(self) -> frozenset[str]:
        """English names that no invented place may have."""
        english = names("en")
        return frozenset(english.name("country", row["territory"]) for row in self.territories)

    def place_name(self, place: str | tuple[int, ...], cldr: Names, script: str) -> str:
        """The name of a territory or of an invented place in one language."""
        return cldr.name("country", place) if isinstance(place, str) else self.syllables.spell(place, script)


def held_out(fact: Fact) -> bool:
    """Whether a known fact is never asked in the phrasing `ask` before an exam does (half of them, by a stable hash)."""
    return zlib.crc32(f"{fact.relation.name}:{fact.place}".encode()) % 2 == 0
