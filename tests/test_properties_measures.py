"""What measures are whatever the numbers are: bounds, what changes nothing, and the values of simple cases."""

import string

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from isogloss.measures.indices import harmonic_mean, rankc, x_fakt
from isogloss.measures.inequality import atkinson, by_language, corrected, gini, indices, theil
from isogloss.measures.interventions import CELLS, GROUPS, grouped
from isogloss.scoring.exact import matches, normalise, verdict

SHARE = st.sampled_from([0.0, 1.0]) | st.floats(1e-6, 1)
SHARES = arrays(float, st.integers(1, 8), elements=SHARE)
INDICES = {"gini": gini, "theil": theil, "atkinson_0.5": lambda x: atkinson(x, 0.5), "atkinson_1": lambda x: atkinson(x, 1)}
# words of several scripts, and what answers have around and between them
PARTS = [
    "Monday",
    "Tuesday",
    "day",
    "North Korea",
    "Korea South",
    "South Africa",
    "1",
    "11",
    "月",
    "1月",
    "มา",
    "ม้า",
    "소금",
    "은",
]
PARTS += ["ß", "ﬁ", "İ", "Ǆ", "ά", "\u0345", "\u0301", "ー", "塩", "カ", " ", ", ", ".", "«", "」", "\u200b", "\n"]
SAID = st.lists(st.sampled_from(PARTS) | st.characters(), max_size=6).map("".join)
NAMES = st.lists(SAID, min_size=1, max_size=4)
NOBODYS = "xxx"  # a language of which nothing is known
RIVALS = st.frozensets(SAID.map(normalise).filter(bool), max_size=4)


@pytest.mark.parametrize("name", INDICES)
@given(x=SHARES, scale=st.floats(1e-3, 1e3), data=st.data())
def test_an_index_knows_no_unit_and_no_order_and_counts_no_copies(name, x, scale, data):
    assume(x.any())
    value = INDICES[name](x)
    order = data.draw(st.permutations(range(len(x))))
    assert INDICES[name](x * scale) == pytest.approx(value, abs=1e-9)
    assert INDICES[name](x[order]) == pytest.approx(value, abs=1e-9)
    assert INDICES[name](np.tile(x, 3)) == pytest.approx(value, abs=1e-9)
    assert np.isnan(INDICES[name](np.zeros_like(x)))


@pytest.mark.parametrize("name", INDICES)
@given(x=SHARES)
def test_an_index_is_between_all_equal_and_one_having_all(name, x):
    assume(x.any())
    one = np.eye(1, len(x))[0]
    assert INDICES[name](np.full_like(x, 0.3)) == pytest.approx(0, abs=1e-9)
    assert -1e-9 <= INDICES[name](x) <= INDICES[name](one) + 1e-9


@pytest.mark.parametrize("name", INDICES)
@given(x=arrays(float, st.integers(2, 8), elements=st.floats(0.01, 1)), share=st.floats(0, 0.5), data=st.data())
def test_giving_to_who_has_less_makes_no_index_greater(name, x, share, data):
    """The principle of transfers (Pigou 1912, Dalton 1920)."""
    rich, poor = data.draw(st.permutations(range(len(x))))[:2]
    assume(x[rich] > x[poor])
    after, given_away = x.copy(), share * (x[rich] - x[poor])
    after[rich] -= given_away
    after[poor] += given_away
    assert INDICES[name](after) <= INDICES[name](x) + 1e-9


@given(arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 5)), elements=SHARE), st.data())
def test_indices_of_several_rows_are_those_of_each(x, data):
    tiers = data.draw(st.lists(st.sampled_from(["low", "medium", "high"]), min_size=x.shape[1], max_size=x.shape[1]))
    found = indices(x, tiers)
    assert ("low_to_high" in found) == ({"low", "high"} <= set(tiers))
    for i, row in enumerate(x):
        for name, value in indices(row, tiers).items():
            np.testing.assert_allclose(found[name][i], value)
        assert found["range"][i] + found["worst"][i] == pytest.approx(row.max())


@given(arrays(float, (2, 5), elements=SHARE))
def test_what_was_guessed_is_corrected_for(x):
    accuracy, guessed = x
    found = corrected(accuracy, guessed)
    assert (found >= 0).all()
    assert (found <= accuracy + 1e-9).all()
    np.testing.assert_allclose(corrected(accuracy, np.zeros(5)), accuracy)
    better = accuracy > guessed
    np.testing.assert_allclose((found + guessed * (1 - found))[better], accuracy[better])
    assert not found[~better].any()


@given(arrays(float, st.integers(2, 5).map(lambda n: (n, n)), elements=SHARE))
def test_what_is_given_is_received_of_the_matrix_turned_around(square):
    one, other = by_language(square), by_language(square.T)
    np.testing.assert_allclose(one["given"], other["received"])
    np.testing.assert_array_equal(one["learned"], other["learned"])
    whole = one["given"].sum() * (len(square) - 1) + one["learned"].sum()
    assert whole == pytest.approx(square.sum())


@given(SHARE, SHARE)
def test_x_fakt_is_a_share_and_sees_no_direction(own, other):
    found, turned = x_fakt(np.array(own), np.array(other)), x_fakt(np.array(other), np.array(own))
    for name, value in found.items():
        assert -1e-12 <= value <= 1 + 1e-12
        assert value == pytest.approx(turned[name])
    assert min(found["frs"], found["kts"]) - 1e-12 <= found["x_fakt"] <= max(found["frs"], found["kts"]) + 1e-12
    assert harmonic_mean(np.array(own), np.array(own)) == pytest.approx(own)


@given(st.integers(1, 6).flatmap(lambda n: st.tuples(st.permutations(range(n)), st.permutations(range(n)))), st.randoms())
def test_rankc_is_a_share_whatever_options_are_called(rankings, random):
    one, other = rankings
    (value,) = rankc([one], [other])
    assert 0 < value <= 1 + 1e-12
    assert (value == pytest.approx(1)) == (one == other)
    names = random.sample(string.ascii_letters, len(one))
    renamed = [[names[option] for option in ranks] for ranks in rankings]
    assert rankc([renamed[1]], [renamed[0]]) == pytest.approx(value)


@given(st.integers(2, 6).flatmap(lambda n: st.tuples(arrays(float, (n, n), elements=SHARE), arrays(bool, n))))
def test_means_by_group_of_cells(drawn):
    """Against a count cell by cell."""
    change, chosen = drawn
    found = grouped(change, chosen)
    size = range(len(chosen))
    assert found.shape == (len(CELLS), len(GROUPS))
    counted = {"off_diagonal": (False,), "diagonal": (True,), "all": (False, True)}
    for k, name in enumerate(CELLS):
        for group, of in enumerate(GROUPS):
            wanted = {"both": 2, "mixed": 1, "none": 0}[of]
            chosen_of = {(i, j): int(chosen[i]) + int(chosen[j]) for i in size for j in size if (i == j) in counted[name]}
            cells = [change[cell] for cell, number in chosen_of.items() if number == wanted]
            assert found[k, group] == pytest.approx(np.mean(cells) if cells else np.nan, nan_ok=True)


@given(SAID)
@settings(max_examples=300)
def test_what_is_normal_stays_as_it_is(text):
    once = normalise(text)
    assert normalise(once) == once
    assert normalise(f" «{text}». ") == once
    assert normalise(text.upper()) == normalise(text.upper().lower())


@given(SAID, NAMES, RIVALS, st.randoms())
@settings(max_examples=200)
def test_a_verdict_does_not_depend_on_order_or_repetition(said, aliases, rivals, random):
    found = verdict(said, aliases, rivals, NOBODYS)
    assert verdict(said, random.sample(aliases, len(aliases)) + aliases[:1], rivals, NOBODYS) == found
    assert found == "exact" or not matches(said, aliases)
    assert verdict(said, aliases, frozenset(random.sample(sorted(rivals), len(rivals))), NOBODYS) == found
    assert verdict(None, aliases, rivals, NOBODYS) is None


@given(SAID, NAMES)
@settings(max_examples=200)
def test_an_alias_is_right_by_itself_and_beside_itself(said, aliases):
    assert verdict(aliases[0], aliases, frozenset([normalise(said)])) == "exact"
    assert verdict(said, [*aliases, said], frozenset()) == "exact"


WORDS = ["north", "korea", "south", "ghana", "congo", "benin"]  # equally long, so that names are
RANGES = st.tuples(st.integers(0, 5), st.integers(1, 4)).map(lambda part: " ".join(WORDS[part[0] :][: part[1]]))


@given(SAID, NAMES, RIVALS, RIVALS)
@settings(max_examples=100)
def test_more_rivals_make_nothing_right(said, aliases, rivals, more):
    assume(rivals)  # without any, nothing can be nearest, and inflection alone decides
    if verdict(said, aliases, rivals | more, NOBODYS):
        assert verdict(said, aliases, rivals, NOBODYS)


@given(RANGES, st.frozensets(RANGES, max_size=3), RANGES)
@settings(max_examples=200)
def test_names_that_overlap_hide_no_rival_that_is_said(own, rivals, more):
    said = " ".join(WORDS)
    if verdict(said, [own], rivals | {more} - {own}):
        assert verdict(said, [own], rivals)
    if verdict(said, [own], rivals):
        assert not any(len(rival) >= len(own) for rival in rivals - {own})
