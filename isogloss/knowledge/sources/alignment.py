"""Which line of one file belongs to which line of another that has the same in other words."""

from collections import Counter
from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from isogloss.scoring.spelling import normalise

PARAPHRASE = 0.06  # English paraphrases have 0.08 and more, nine of ten neighbouring questions less than 0.06
CLEAR = 1.5  # as many times as alike as either is to any other text are two that belong together whatever their places
STRAY = 0.25  # share of texts that may be found elsewhere while order still tells what belongs together of the others

Pairs = list[tuple[int | None, int | None]]


def join(
    left: list[str], right: list[str], may: Callable[[int, int], bool], least: float = PARAPHRASE
) -> tuple[Pairs, int, list[int]]:
    """Pairs of positions as `align` has them, how many of them were found in another order, and texts of `right` that belong to
    one or another of `left` that has no partner.

    Order tells what belongs together unless other pairs are far more alike. Of those, a pair is kept if each of the two is far
    more like the other than like anything else and `may` allows it; the others are left without a partner. Where many stand in
    another order, so it is for all.
    """
    alike = similarity(left, right)
    pairs = align(left, right, least, alike)
    disputed, freely = _disputed(pairs, alike - least)
    if not disputed:
        return pairs, 0, []
    if len(disputed) > STRAY * len(left):
        disputed = set(range(len(left)))
    clear = {(i, j) for i, j in freely if i in disputed and may(i, j) and alike[i, j] >= CLEAR * _second(alike, i, j)}
    partner, taken = dict(clear), {j for _, j in clear}
    loose = {j for i, j in (*pairs, *freely) if i in disputed and j is not None} - taken
    found: Pairs = []
    for i, j in pairs:
        if i in disputed:
            found.append((i, partner.get(i)))
        elif j not in taken | loose:
            found.append((i, j))
    return found, len(clear - set(pairs)), sorted(loose)


def _disputed(pairs: Pairs, gain: np.ndarray) -> tuple[set[int], list[tuple[int, int]]]:
    """The texts on the left that are far more like others in another order, and the pairs that are most alike in any order.

    Texts are taken together that would have to change partners with each other: as a whole and most of them have to gain.
    """
    rows, columns = linear_sum_assignment(gain.clip(min=0), maximize=True)
    freely = [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if gain[i, j] > 0]
    placed = [(i, j) for i, j in pairs if i is not None and j is not None]
    height, width = gain.shape
    links = np.array([(i, height + j) for i, j in {*freely, *placed}] or np.empty((0, 2)), dtype=int)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(height + width, height + width))
    group = connected_components(graph, directed=False)[1]
    # of each text on the left: what it gains where it is placed, and freely
    each = np.zeros((2, height))
    for number, chosen in enumerate((placed, freely)):
        for i, j in chosen:
            each[number, i] = gain[i, j]
    total = np.stack([np.bincount(group[:height], weights, height + width) for weights in each])
    better = np.bincount(group[:height], np.where(each[1] > CLEAR * each[0] + PARAPHRASE, 1, -1), height + width)
    far = (total[1] > CLEAR * total[0] + PARAPHRASE) & (better > 0)
    return {i for i, _ in freely if far[group[i]]}, freely


def _second(alike: np.ndarray, i: int, j: int) -> float:
    """The greatest similarity that either of two texts has with any but the other."""
    return max(np.delete(alike[i], j).max(initial=0), np.delete(alike[:, j], i).max(initial=0))


def align(left: list[str], right: list[str], least: float = PARAPHRASE, alike: np.ndarray | None = None) -> Pairs:
    """Pairs of positions in their order; None stands for a partner that is not there. `alike` is their `similarity`, if known.

    Of all pairings in which no two pairs cross, the one with the greatest sum of similarities, each minus `least`: texts
    that are less alike are left without a partner rather than paired.
    """
    gain = (similarity(left, right) if alike is None else alike) - least
    rows, columns = gain.shape
    best = np.zeros((rows + 1, columns + 1))  # [i, j]: the sum for left[i:] and right[j:]
    for i in reversed(range(rows)):
        best[i, :-1] = np.maximum(best[i + 1, :-1], best[i + 1, 1:] + gain[i])
        best[i] = np.maximum.accumulate(best[i, ::-1])[::-1]
    pairs, i, j = [], 0, 0
    while i < rows or j < columns:
        if i < rows and j < columns and best[i, j] > max(best[i + 1, j], best[i, j + 1]):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif j == columns or (i < rows and best[i + 1, j] >= best[i, j + 1]):
            pairs.append((i, None))
            i += 1
        else:
            pairs.append((None, j))
            j += 1
    return pairs


def similarity(left: list[str], right: list[str]) -> np.ndarray:
    """Cosine of the texts' character n-grams (n = 1 to 3), weighted by squared inverse document frequency [left, right].

    Characters, because some scripts have no spaces; the weights, because questions are put alike and differ in a few words.
    """
    return cosines(*([_grams(f" {normalise(text)} ") for text in half] for half in (left, right)))


def _grams(text: str) -> Counter[str]:
    return Counter(text[k : k + n] for n in (1, 2, 3) for k in range(len(text) - n + 1))


def cosines(left: list[Counter[str]], right: list[Counter[str]]) -> np.ndarray:
    """Cosine of counts, weighted by squared inverse document frequency [left, right]; 0 where there is nothing to count."""
    counts = [*left, *right]
    documents = Counter(gram for count in counts for gram in count)
    if not documents:
        return np.zeros((len(left), len(right)))
    column = {gram: k for k, gram in enumerate(documents)}
    # one more than there are, so that in a short file what all texts have still counts for a little
    weight = {gram: np.log((len(counts) + 1) / number) ** 2 for gram, number in documents.items()}
    entries = [(row, column[gram], times * weight[gram]) for row, count in enumerate(counts) for gram, times in count.items()]
    rows, columns, values = map(np.array, zip(*entries, strict=True))
    vectors = csr_array((values, (rows, columns)), shape=(len(counts), len(column)))
    lengths = np.sqrt(vectors.multiply(vectors).sum(axis=1))[:, None]
    vectors = csr_array(vectors / np.where(lengths > 0, lengths, 1))
    return (vectors[: len(left)] @ vectors[len(left) :].T).toarray()
