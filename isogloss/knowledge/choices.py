"""Multiple-choice items from the built-in world, truly parallel: a basic task and a factual one."""

import itertools
import random
from collections.abc import Callable

import polars as pl

from isogloss.knowledge.sources.choices import CHOICE_SCHEMA, LETTERS
from isogloss.knowledge.world import Fact, World, held_out
from isogloss.models.sandbox.corpus import OPTIONS, Tongue, context_lines, options_of

LOOKUP, FACTS = "lookup", "facts"
TOLD = 2  # question-answer pairs of a look-up's context
ITEMS = 40  # of each task, if not said otherwise


def built_in_choices(world: World, tongues: dict[str, Tongue], count: int | None, seed: int) -> pl.DataFrame:
    """`count` items of each task (by default `ITEMS`) in every language, with the columns of `CHOICE_SCHEMA`.

    `lookup` (basic) needs no knowledge: answers about two invented places stand in the context, and one is asked for in other
    words; the options are answers of its kind. `facts` (factual) are true of real places, in the phrasing that no pre-training
    corpus of a sandbox answers. Items are drawn without regard to language. Raises ValueError if there are not so many facts.
    """
    rng = random.Random(f"choices-{seed}")
    count = count or ITEMS
    known = [fact for fact in world.facts if held_out(fact)]
    if count > len(known):
        raise ValueError(f"the built-in world has {len(known)} facts to ask, not {count}; write items: {len(known)}")
    places = world.syllables.invent("taught", 2000 + seed, world.real_names)
    rows = [row for i in range(count) for row in _lookup(world, tongues, f"{i:04}", list(itertools.islice(places, TOLD)), rng)]
    for i, fact in enumerate(rng.sample(known, count)):
        values = options_of(fact, world.facts, rng)
        rows += _rows(FACTS, "factual", f"{i:04}", fact, values, tongues, lambda tongue: [])
    return pl.DataFrame(rows, schema=CHOICE_SCHEMA).sort("task", maintain_order=True)


def _lookup(world: World, tongues: dict[str, Tongue], item: str, places: list, rng: random.Random) -> list[dict]:
    relations = rng.sample([relation for relation in world.invented_relations if len(relation.values) >= OPTIONS], TOLD)
    told = [Fact(relation, place, rng.choice(relation.values)) for relation, place in zip(relations, places, strict=True)]
    asked = rng.choice(told)
    # the other answer, where it is of the same kind (two months), is no option
    others = {fact.value for fact in told if fact.relation.answers == asked.relation.answers} - {asked.value}
    possible = [Fact(asked.relation, asked.place, value) for value in asked.relation.values if value not in others]
    values = options_of(asked, possible, rng)
    return _rows(LOOKUP, "basic", item, asked, values, tongues, lambda tongue: context_lines(tongue, told, ["teach"] * len(told)))


def _rows(
    task: str,
    level: str,
    item: str,
    fact: Fact,
    values: list[str | int],
    tongues: dict[str, Tongue],
    context: Callable[[Tongue], list[str]],
) -> list[dict]:
    """An item in every language."""
    return [
        {
            "task": task,
            "level": level,
            "item": item,
            "language": code,
            "question": "\n".join([*context(tongue), tongue.book.instructions["choose"], tongue.question(fact, "ask")]),
            "options": [tongue.name(fact.relation.answers, value) for value in values],
            "label": LETTERS[values.index(fact.value)],
        }
        for code, tongue in tongues.items()
    ]
