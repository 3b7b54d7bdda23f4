"""Tests that permute languages, not pairs."""

import itertools
import math

import numpy as np

CHUNK = 4_000_000  # numbers held at once
TAILS = ("upper", "lower", "two-sided")


def node_permutations(size: int, most: int, seed: int = 0) -> tuple[np.ndarray, bool]:
    """Permutations [p, size] of `size` nodes: all of them (then True; they include the identity) if there are at most `most`,
    else `most` drawn at random."""
    if math.factorial(size) <= most:
        return np.array(list(itertools.permutations(range(size)))), True
    return np.random.default_rng(seed).permuted(np.tile(np.arange(size), (most, 1)), axis=1), False


def p_value(observed: float, permuted: np.ndarray, exact: bool, tail: str) -> float:
    """The share of permuted statistics that are as extreme; drawn ones count the observed one too (Phipson & Smyth 2010)."""
    if tail not in TAILS:
        raise ValueError(f"there is no tail {tail!r}; write one of {', '.join(TAILS)}")
    signed = {"upper": (permuted, observed), "lower": (-permuted, -observed), "two-sided": (np.abs(permuted), abs(observed))}
    values, limit = signed[tail]
    hits = int((values >= limit - 1e-10).sum())  # equal up to rounding counts as equal
    return hits / len(permuted) if exact else (hits + 1) / (len(permuted) + 1)


def mantel(one: np.ndarray, other: np.ndarray, permutations: int = 10_000, tail: str = "two-sided", seed: int = 0) -> tuple:
    """(r, p): the correlation of two square matrices [L, L] off their diagonals (Mantel 1967) and its p over permutations of the
    languages of one of them; exact where L! is at most `permutations`. A matrix may be asymmetric.

    Raises ValueError where a matrix is constant off its diagonal.
    """
    first, second = np.nonzero(~np.eye(len(one), dtype=bool))
    vectors = [np.asarray(matrix, dtype=float)[first, second] for matrix in (one, other)]
    if any(np.ptp(values) == 0 for values in vectors):
        raise ValueError("a matrix without differences correlates with nothing")
    left, right = ((values - values.mean()) / np.linalg.norm(values - values.mean()) for values in vectors)
    square = np.zeros(np.shape(other))
    square[first, second] = right
    orders, exact = node_permutations(len(square), permutations, seed)
    drawn = [left @ square[part[:, first], part[:, second]].T for part in chunks(orders, len(first))]
    r = float(left @ right)
    return r, p_value(r, np.concatenate(drawn), exact, tail)


def chunks(orders: np.ndarray, rows: int) -> list[np.ndarray]:
    """Permutations in parts that take bounded memory with `rows` rows each."""
    return np.array_split(orders, max(1, math.ceil(len(orders) * rows / CHUNK)))
