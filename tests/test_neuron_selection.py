"""Sets of neurons, on arrays small enough to see what must come out."""

import itertools
from collections import Counter

import numpy as np
import pytest

from isogloss.neurons.selection import drawn, histogram, lape, overlap, random_like, targeted, top


def sets(**places):
    """Sets of 2 layers of 3 neurons from the places they have, counted through both layers."""
    found = {language: np.zeros((2, 3), dtype=bool) for language in places}
    for language, own in places.items():
        found[language].flat[own] = True
    return found


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def test_the_top_share_is_of_all_layers_together():
    probability = {
        "aaa": np.array([[0.9, 0.1, 0.8], [0.2, 0.3, 0.7]]),
        "bbb": np.array([[0.5, 0.5, 0.5], [0.1, 0.5, 0.6]]),
    }
    assert same(top(probability, 0.5), sets(aaa=[0, 2, 5], bbb=[5, 0, 1]))
    assert same(top(probability, 0.001), sets(aaa=[0], bbb=[5]))
    assert same(top(probability, 1.0), sets(aaa=range(6), bbb=range(6)))


def test_lape():
    """Of 18 probabilities those above the bar are .9, .8, .8 and .7. Entropies of neurons with any of these: 0 is of aaa alone
    (ln 1), 1 of two alike (ln 2), 3 of .7 and twice .1; neuron 4 fires in one language alone, too seldom."""
    probability = {
        "aaa": np.array([[0.9, 0.8, 0.2], [0.7, 0.3, 0.0]]),
        "bbb": np.array([[0.0, 0.8, 0.2], [0.1, 0.0, 0.0]]),
        "ccc": np.array([[0.0, 0.0, 0.2], [0.1, 0.0, 0.0]]),
    }
    bar = 100 * 13.5 / 17  # between the 14th and the 15th
    assert same(lape(probability, 1 / 6, bar), sets(aaa=[0], bbb=[], ccc=[]))
    entropy_of_3 = -(7 / 9 * np.log(7 / 9) + 2 / 9 * np.log(1 / 9))
    assert np.log(2) > entropy_of_3 > 0
    assert same(lape(probability, 2 / 6, bar), sets(aaa=[0, 3], bbb=[], ccc=[]))
    assert same(lape(probability, 3 / 6, bar), sets(aaa=[0, 1, 3], bbb=[1], ccc=[])), "of both that pass the bar in it"
    assert same(lape(probability, 1.0, bar), lape(probability, 3 / 6, bar)), "there are no others that pass"
    assert lape(probability, 4 / 6, 70)["aaa"][1, 1], "a lower bar"


def test_lape_by_its_definition():
    rng = np.random.default_rng(0)
    probability = dict(zip("abcd", rng.random((4, 3, 40)) ** 3, strict=True))
    p = np.stack(list(probability.values()))
    bar = np.percentile(p, 95)
    entropies = {}
    for layer, neuron in itertools.product(range(3), range(40)):
        own = p[:, layer, neuron]
        if own.max() > bar:
            q = own / own.sum()
            entropies[layer, neuron] = -sum(x * np.log(x) for x in q if x)
    chosen = sorted(entropies, key=entropies.get)[:6]
    found = lape(probability, 0.05, 95)
    assert sum(own.sum() for own in found.values()) >= 6
    for language, own in probability.items():
        assert set(zip(*np.nonzero(found[language]), strict=True)) == {place for place in chosen if own[place] > bar}


def test_overlap_and_layers():
    found = sets(aaa=[0, 1, 4], bbb=[1, 4, 5], ccc=[])
    table = {(row["language"], row["other"]): (row["shared"], row["jaccard"]) for row in overlap(found).iter_rows(named=True)}
    assert table == {
        ("aaa", "aaa"): (3, 1.0), ("aaa", "bbb"): (2, 0.5), ("aaa", "ccc"): (0, 0.0),
        ("bbb", "aaa"): (2, 0.5), ("bbb", "bbb"): (3, 1.0), ("bbb", "ccc"): (0, 0.0),
        ("ccc", "aaa"): (0, 0.0), ("ccc", "bbb"): (0, 0.0), ("ccc", "ccc"): (0, None),
    }  # fmt: skip
    assert histogram(found).rows() == [
        ("aaa", 0, 2), ("aaa", 1, 1), ("bbb", 0, 1), ("bbb", 1, 2), ("ccc", 0, 0), ("ccc", 1, 0)
    ]  # fmt: skip


def test_half_of_each_tier_is_drawn(languages):
    tiers = {code: language.tier for code, language in languages.items()}
    codes = list(languages)
    counts = Counter(tiers.values())
    draws = [drawn(codes, tiers, draw, 42) for draw in range(400)]
    for selected in draws:
        assert selected == [code for code in codes if code in selected]
        assert len(selected) == (len(codes) + 1) // 2
        for tier, count in Counter(tiers[code] for code in selected).items():
            assert counts[tier] // 2 <= count <= (counts[tier] + 1) // 2
    assert drawn(codes, tiers, 3, 42) == draws[3]
    assert drawn(codes, tiers, 3, 43) != draws[3] != draws[4]
    often = Counter(code for selected in draws for code in selected)
    # ten of nineteen each time: four standard deviations
    assert all(abs(often[code] / 400 - 10 / 19) < 4 * (0.25 / 400) ** 0.5 for code in codes)
    with pytest.raises(ValueError, match="3 languages are too few to select some; write 4 or more"):
        drawn(codes[:3], tiers, 0, 1)


def test_what_selected_languages_have_and_others_have_not():
    found = sets(aaa=[0, 1, 2, 5], bbb=[1, 2, 4], ccc=[2, 4, 3], ddd=[2, 3])
    assert np.flatnonzero(targeted(found, ["aaa", "bbb", "ccc"], "top")).tolist() == [1, 4]
    assert np.flatnonzero(targeted(found, ["aaa", "bbb", "ccc"], "lape")).tolist() == [0, 1, 4, 5]
    assert np.flatnonzero(targeted(found, ["aaa"], "lape")).tolist() == [0, 5]
    assert np.flatnonzero(targeted(found, list(found), "top")).tolist() == [1, 2, 3, 4]
    message = "no neuron shared by two of aaa, ddd is without every other language; write a larger share, more texts, or another"
    with pytest.raises(ValueError, match=message):
        targeted(found, ["aaa", "ddd"], "top")
    with pytest.raises(ValueError, match="no neuron of ddd is without"):
        targeted(found, ["ddd"], "lape")
    with pytest.raises(ValueError, match="no neurons of eee, fff; there are those of aaa, bbb, ccc, ddd"):
        targeted(found, ["fff", "eee", "aaa"], "top")


def test_a_random_set_has_as_many_in_each_layer():
    chosen = np.zeros((3, 100), dtype=bool)
    chosen[0, :7] = True
    chosen[2, 20:80] = True
    often = np.zeros(chosen.shape)
    for seed in range(300):
        found = random_like(chosen, seed)
        assert found.sum(axis=1).tolist() == [7, 0, 60]
        assert not (found & chosen)[0].any()
        assert (found & ~chosen)[2].sum() == 40, "all others, and twenty that are chosen"
        often += found
    assert np.array_equal(random_like(chosen, 5), random_like(chosen, 5))
    # 7 of 93 each time: five standard deviations
    assert np.abs(often[0, 7:] / 300 - 7 / 93).max() < 5 * (7 / 93 / 300) ** 0.5
    assert np.abs(often[2, 20:80] / 300 - 1 / 3).max() < 5 * (2 / 9 / 300) ** 0.5
