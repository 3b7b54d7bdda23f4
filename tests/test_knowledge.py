"""Knowledge sets."""

from collections import Counter

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isogloss.knowledge.builtin import known_items, new_items, render
from isogloss.knowledge.invented import PURPOSES, quarter
from isogloss.knowledge.world import held_out
from isogloss.scoring.spelling import normalise


def test_new_items_are_spread_evenly_and_hard_to_guess(world):
    items = new_items(world, 120, 1)
    for relation in world.invented_relations:
        for value_of in (lambda item: item.fact.value, lambda item: item.conflict):
            counts = Counter(value_of(item) for item in items if item.fact.relation is relation)
            assert max(counts.values()) - min(counts.get(v, 0) for v in relation.values) <= 1
    assert sum(item.chance for item in items) / len(items) == pytest.approx(0.1, abs=0.02)
    assert all(item.conflict != item.fact.value for item in items)
    assert len({item.fact.place for item in items}) == 120


def test_items_are_a_function_of_the_seed(world):
    assert new_items(world, 30, 1) == new_items(world, 30, 1)
    assert new_items(world, 30, 1) != new_items(world, 30, 2)
    assert known_items(world, 30, 1) == known_items(world, 30, 1)
    assert new_items(world, 2000, 1)[:30] == new_items(world, 30, 1), "more items must not change the first ones"


def test_known_items_are_true_and_held_out(world):
    truths = {(fact.relation.name, fact.place, fact.value) for fact in world.facts}
    for item in known_items(world, 120, 1):
        assert held_out(item.fact)
        assert (item.fact.relation.name, item.fact.place, item.fact.value) in truths
        assert (item.fact.relation.name, item.fact.place, item.conflict) not in truths


def test_too_many_known_items_say_how_many_there_are(world):
    with pytest.raises(ValueError, match="write items: "):
        known_items(world, 10_000, 1)


def test_items_are_parallel_in_every_language(world, languages, books):
    for draw in (new_items, known_items):
        items = draw(world, 60, 3)
        tables = {code: render(items, world, languages[code], books[code]) for code in languages}
        for code, table in tables.items():
            assert_frame_equal(table.select("item", "relation", "chance"), tables["eng"].select("item", "relation", "chance"))
            assert table["ask_question"].n_unique() == 60
            for row in table.iter_rows(named=True):
                assert row["answer"] in row["aliases"]
                assert row["teach_question"] != row["ask_question"]
                assert not {normalise(a) for a in row["aliases"]} & {normalise(a) for a in row["conflict_aliases"]}, (
                    code,
                    row,
                )


def test_purposes_share_no_name(world):
    drawn = {}
    for purpose in PURPOSES:
        names = world.syllables.invent(purpose, 5, world.real_names)
        drawn[purpose] = {next(names) for _ in range(2000)}
        assert {quarter(world.syllables.spell(name, "Latin")) for name in drawn[purpose]} == set(PURPOSES[purpose])
    assert not drawn["taught"] & (drawn["remembered"] | drawn["context"])
    assert not drawn["remembered"] & drawn["context"]


def test_names_are_spelled_consistently(world):
    name = next(world.syllables.invent("taught", 0))
    for script, between in (("Hangul", " "), ("Japanese", ""), ("Han", ""), ("Latin", " ")):
        parts = [world.syllables.spell((i,), script) for i in name]
        assert world.syllables.spell(name, script) == between.join(parts)
    assert world.syllables.spell(name, "Latin").istitle()


def test_no_invented_place_is_called_like_a_real_one(world):
    names = world.syllables.invent("taught", 3)
    first = next(names)
    real = world.syllables.spell(first, "Latin").replace(" ", "").capitalize()
    assert next(world.syllables.invent("taught", 3, frozenset([real]))) == next(names)


def test_facts_cover_the_world(world):
    assert len(world.facts) > 400
    assert pl.Series([fact.relation.name for fact in world.facts]).n_unique() == 3
