"""Bridges from English to another language: the names of places in both, and half of the facts in the other, too.

The other half is what conductivity is measured on: it is known in English, its names are known in both languages, and it was
never said in the other (Gao et al. 2024).
"""

from dataclasses import dataclass

import polars as pl

from isogloss.knowledge.translators import REQUESTS
from isogloss.languages import Language
from isogloss.plan import ENGLISH, TO, languages_of

# The parts of an exam: names, the facts taught in both languages, those taught in English alone
NAMES, TAUGHT, HELD_OUT = "names", "taught", "held-out"
# What an item is called where its place's name is wanted: in the other language, or in English
NAME, ENGLISH_NAME = "name:", "english-name:"
PAIRS = {name: pl.String for name in ("version", "item", "question", "answer")}


@dataclass(frozen=True)
class Requests:
    """How names are asked for: in whose `words` (a key of REQUESTS), from English alone or in `both` directions. `languages` are
    those of a bridge, by code."""

    words: str
    both: bool
    languages: dict[str, Language]

    @classmethod
    def of(cls, params: dict | None) -> "Requests | None":
        """From plain values, with a row of the language table for each language; None if there are none."""
        if params is None:
            return None
        return cls(params["words"], params["both"], {code: Language(**row) for code, row in params["languages"].items()})

    def worded(self, text: str, source: str, target: str) -> str:
        """The request to put a text into another language."""
        return REQUESTS[self.words](text, self.languages[source], self.languages[target])


def halves(table: pl.DataFrame) -> dict[str, str]:
    """Which part each item (of a table with item and relation) is, the same one in every lesson: what its column part says, if it
    has one; else every second of a relation is taught in both languages."""
    if "part" in table.columns:
        return dict(table.select("item", "part").iter_rows())
    items = table.select("relation", "item").sort("relation", "item")["item"].to_list()
    return {item: (TAUGHT, HELD_OUT)[number % 2] for number, item in enumerate(items)}


def translations(lesson: str, items: dict[str, pl.DataFrame], requests: Requests | None) -> pl.DataFrame:
    """The requests for names that a lesson teaches and its exam asks, with columns as in `PAIRS`; none unless it is a bridge.

    `version` is the language other than English, in whichever the request is worded. ValueError if an item has no name.
    """
    if TO not in lesson:
        return pl.DataFrame(schema=PAIRS)
    _, other = languages_of(lesson)
    english, own = (dict(items[code].select("item", "name").iter_rows()) for code in (ENGLISH, other))
    if lacking := [item for item in english if not english[item] or not own[item]]:
        raise ValueError(f"{lesson} needs names in both languages; {', '.join(lacking)} have none")
    rows = [(other, NAME + item, requests.worded(name, ENGLISH, other), own[item]) for item, name in english.items()]
    if requests.both:
        rows += [(other, ENGLISH_NAME + item, requests.worded(own[item], other, ENGLISH), name) for item, name in english.items()]
    return pl.DataFrame(rows, schema=PAIRS, orient="row")


def name_references(items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """What the requests of `translations` want: asked_in, item, reference, conflict_reference (null), relation, aliases,
    conflict_aliases (none) and chance, which is 0: names are no closed class."""
    english = items[ENGLISH].select("item", english="name")
    parts = []
    for code, table in items.items():
        names = table.select("item", "name").join(english, on="item", maintain_order="left")
        parts += [
            names.select(
                pl.lit(code).alias("asked_in"),
                (prefix + pl.col("item")).alias("item"),
                pl.col(column).alias("reference"),
                pl.lit(None, dtype=pl.String).alias("conflict_reference"),
                pl.lit(prefix).alias("relation"),
                pl.concat_list(column).alias("aliases"),
                pl.lit([], dtype=pl.List(pl.String)).alias("conflict_aliases"),
                pl.lit(0.0).alias("chance"),
            )
            for prefix, column in ((NAME, "name"), (ENGLISH_NAME, "english"))
        ]
    return pl.concat(parts)
