"""Which neurons belong to which languages, and which of them are changed.

A set of neurons is an array of truths [layers, neurons].
"""

import itertools
import random

import numpy as np
import polars as pl

Sets = dict[str, np.ndarray]  # by language
FEWEST = 4  # languages of a draw, so that there are pairs of selected and pairs of other ones


def top(probability: Sets, share: float) -> Sets:
    """The `share` of all neurons, of all layers together, that fire most often in a language, at least one.

    `probability` [layers, neurons] by language, as of `Activations`. Among equals those of the first layers come first. As in
    arXiv 2503.04064.
    """
    found = {}
    for language, own in probability.items():
        found[language] = np.zeros(own.shape, dtype=bool)
        found[language].flat[_lowest(-own, _number(share, own))] = True
    return found


def lape(probability: Sets, share: float, percentile: float) -> Sets:
    """Neurons that fire in few languages: language activation probability entropy, Tang et al. 2024, arXiv 2402.16438.

    A bar is the percentile of the probabilities of all neurons and languages. Of the neurons that pass it in some language, as
    many as are the `share` of all neurons are taken, those with the lowest entropy (of their probabilities, made to sum to one
    over languages); each belongs to every language in which it passes the bar.
    """
    p = np.stack(list(probability.values()))
    passes = p > np.percentile(p, percentile)
    total = p.sum(axis=0)
    q = p / np.where(total > 0, total, 1)
    entropy = -np.sum(q * np.log(np.where(q > 0, q, 1)), axis=0)
    entropy[~passes.any(axis=0)] = np.inf
    few = np.zeros(entropy.shape, dtype=bool)
    few.flat[_lowest(entropy, _number(share, entropy))] = True
    few &= np.isfinite(entropy)
    return {language: few & own for language, own in zip(probability, passes, strict=True)}


def sets_of(probability: Sets, kind: str, **selection: float) -> Sets:
    """The sets of a kind, `top` or `lape`; `selection` has the shares called so, and the percentile."""
    if kind == "top":
        return top(probability, selection["top"])
    return lape(probability, selection["lape"], 100 * selection["percentile"])


def _number(share: float, neurons: np.ndarray) -> int:
    return max(1, round(share * neurons.size))


def _lowest(values: np.ndarray, number: int) -> np.ndarray:
    """Places of the lowest values."""
    return np.argsort(values, axis=None, kind="stable")[:number]


def overlap(sets: Sets) -> pl.DataFrame:
    """What languages have in common, a row an ordered pair, a language with itself among them: language, other, shared (neurons),
    jaccard (of those that either has; null where neither has any)."""
    rows = []
    for one, other in itertools.product(sets, repeat=2):
        shared, either = int((sets[one] & sets[other]).sum()), int((sets[one] | sets[other]).sum())
        rows.append((one, other, shared, shared / either if either else None))
    schema = {"language": pl.String, "other": pl.String, "shared": pl.Int64, "jaccard": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def histogram(sets: Sets) -> pl.DataFrame:
    """How many neurons of each layer (from 0) a language has: language, layer, neurons."""
    rows = [(language, layer, count) for language, own in sets.items() for layer, count in enumerate(own.sum(axis=1).tolist())]
    return pl.DataFrame(rows, schema={"language": pl.String, "layer": pl.Int64, "neurons": pl.Int64}, orient="row")


def drawn(languages: list[str], tiers: dict[str, str], draw: int, seed: int) -> list[str]:
    """A random half of the languages of each tier, in their order; of the odd ones left over, a random half too, rounded up.

    ValueError with fewer than four languages, where no two would be selected and no two others.
    """
    if len(languages) < FEWEST:
        raise ValueError(f"{len(languages)} languages are too few to select some; write {FEWEST} or more")
    rng = random.Random(f"selected {seed} {draw}")
    parts = [[language for language in languages if tiers[language] == tier] for tier in dict.fromkeys(tiers.values())]
    rng.shuffle(parts)
    mixed = [language for part in parts for language in rng.sample(part, len(part))]
    # every other one of what is grouped by tier
    return sorted(mixed[::2], key=languages.index)


def targeted(sets: Sets, selected: list[str], kind: str) -> np.ndarray:
    """The neurons of selected languages that no other language has: for `top` those that two of the selected share (arXiv
    2503.04064), for `lape` all.

    ValueError if a language has no set or if nothing is left.
    """
    if unknown := sorted(set(selected) - set(sets)):
        raise ValueError(f"there are no neurons of {', '.join(unknown)}; there are those of {', '.join(sets)}")
    least = {"top": 2, "lape": 1}[kind]
    having = np.sum([sets[language] for language in selected], axis=0)
    others = [own for language, own in sets.items() if language not in selected]
    found = (having >= least) & ~np.any(others, axis=0) if others else having >= least
    if not found.any():
        whose = "shared by two of" if kind == "top" else "of"
        raise ValueError(
            f"no neuron {whose} {', '.join(selected)} is without every other language; "
            "write a larger share, more texts, or another draw"
        )
    return found


def random_like(chosen: np.ndarray, seed: int) -> np.ndarray:
    """As many neurons in each layer as are chosen, drawn from the others, and from the chosen where these are too few."""
    rng = np.random.default_rng(seed)
    found = np.zeros_like(chosen)
    for own, drawn_ones in zip(chosen, found, strict=True):
        order = rng.permutation(len(own))
        drawn_ones[order[np.argsort(own[order], kind="stable")][: own.sum()]] = True
    return found
