"""The built-in knowledge sets: `new` facts about invented places, and `known` facts about real ones.

Items are drawn without regard to language and then written in each; every item is therefore truly parallel.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from isogloss.config import BuiltIn
from isogloss.knowledge.cldr import names
from isogloss.knowledge.phrasebook import Phrasebook
from isogloss.knowledge.world import Fact, Relation, World, held_out
from isogloss.languages import Language

SCHEMA = {
    "item": pl.String,
    "relation": pl.String,
    "name": pl.String,  # of the place that it is about, in the language; null where there is none
    "teach_question": pl.String,
    "ask_question": pl.String,
    "answer": pl.String,
    "aliases": pl.List(pl.String),
    "conflict_answer": pl.String,
    "conflict_aliases": pl.List(pl.String),
    "chance": pl.Float64,
}


@dataclass(frozen=True)
class Item:
    """A fact, a conflicting answer of the same class, and the probability that a guess within the class is right.

    The conflicting answer is equally fictional for new knowledge, plausible but wrong for known knowledge.
    """

    key: str
    fact: Fact
    conflict: str | int
    chance: float


def built_in_items(world: World, knowledge: BuiltIn) -> list[Item]:
    """The items of a set in the config."""
    draw = new_items if knowledge.kind == "new" else known_items
    return draw(world, knowledge.items, knowledge.seed)


def new_items(world: World, count: int, seed: int) -> list[Item]:
    """Facts about invented places, one each; answers and conflicting answers are spread evenly over the closed classes."""
    rng = random.Random(f"new-{seed}")
    relations = world.invented_relations
    answers = {r.name: _evenly(r.values, rng) for r in relations}
    places = world.syllables.invent("taught", seed, world.real_names)
    items = []
    for i, place in enumerate(itertools.islice(places, count)):
        relation = relations[i % len(relations)]
        value, conflict = next(answers[relation.name])
        items.append(Item(_key(i), Fact(relation, place, value), conflict, 1 / len(relation.values)))
    return items


def known_items(world: World, count: int, seed: int) -> list[Item]:
    """Real facts whose exam phrasing no pre-training corpus of ours contains, relations in equal parts.

    Raises ValueError when more are asked for than there are.
    """
    rng = random.Random(f"known-{seed}")
    pools = {r.name: [f for f in world.facts if f.relation is r and held_out(f)] for r in world.relations.values() if r.known}
    available = min(len(pool) for pool in pools.values()) * len(pools)
    if count > available:
        raise ValueError(f"the built-in world has {available} known facts, not {count}; write items: {available}")
    for pool in pools.values():
        rng.shuffle(pool)
    chosen = [fact for group in zip(*pools.values(), strict=False) for fact in group][:count]
    return [Item(_key(i), fact, *_plausible(world, fact, rng)) for i, fact in enumerate(chosen)]


def _plausible(world: World, fact: Fact, rng: random.Random) -> tuple[str | int, float]:
    """A wrong answer that is right elsewhere on the same continent (or is another continent), and the chance level."""
    continent = {row["territory"]: row["continent"] for row in world.territories}
    same = [f for f in world.facts if f.relation is fact.relation]
    near = {f.value for f in same if continent[f.place] == continent[fact.place]} - {fact.value}
    everywhere = {f.value for f in same}
    wrong = rng.choice(sorted(near or everywhere - {fact.value}))
    return wrong, 1 / len(everywhere)


def _evenly(values: tuple[str | int, ...], rng: random.Random) -> Iterator[tuple[str | int, str | int]]:
    """Endless rounds through the values, each in a new order; the second of a pair is the next in the round."""
    while True:
        order = rng.sample(values, len(values))
        yield from zip(order, order[1:] + order[:1], strict=True)


def _key(index: int) -> str:
    return f"q{index + 1:04}"


def render(items: list[Item], world: World, language: Language, book: Phrasebook) -> pl.DataFrame:
    """The items in one language, one row each (columns as in `SCHEMA`)."""
    cldr = names(language.cldr)

    def row(item: Item) -> tuple:
        relation: Relation = item.fact.relation
        place = world.place_name(item.fact.place, cldr, language.script)
        aliases = cldr.aliases(relation.answers, item.fact.value)
        conflicts = cldr.aliases(relation.answers, item.conflict)
        return (
            item.key,
            relation.name,
            place,
            book.question(relation.name, "teach", place),
            book.question(relation.name, "ask", place),
            aliases[0],
            aliases,
            conflicts[0],
            conflicts,
            item.chance,
        )

    return pl.DataFrame([row(item) for item in items], schema=SCHEMA, orient="row")
