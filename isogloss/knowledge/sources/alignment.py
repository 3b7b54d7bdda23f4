"""Which line of one file belongs to which line of another that has the same in other words and the same order."""

from collections import Counter

import numpy as np
from scipy.sparse import csr_array

from isogloss.scoring.spelling import normalise

PARAPHRASE = 0.06  # English paraphrases have 0.08 and more, nine of ten neighbouring questions less than 0.06


def align(left: list[str], right: list[str], least: float = PARAPHRASE) -> list[tuple[int | None, int | None]]:
    """Pairs of positions in their order; None stands for a partner that is not there.

    Of all pairings in which no two pairs cross, the one with the greatest sum of similarities, each minus `least`: texts
    that are less alike are left without a partner rather than paired.
    """
    gain = similarity(left, right) - least
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
    if not left or not right:
        return np.zeros((len(left), len(right)))
    texts = [f" {normalise(text)} " for text in (*left, *right)]
    counts = [Counter(text[k : k + n] for n in (1, 2, 3) for k in range(len(text) - n + 1)) for text in texts]
    documents = Counter(gram for count in counts for gram in count)
    column = {gram: k for k, gram in enumerate(documents)}
    # one more than there are, so that in a short file what all texts have still counts for a little
    weight = {gram: np.log((len(texts) + 1) / number) ** 2 for gram, number in documents.items()}
    entries = [(row, column[gram], times * weight[gram]) for row, count in enumerate(counts) for gram, times in count.items()]
    rows, columns, values = map(np.array, zip(*entries, strict=True))
    vectors = csr_array((values, (rows, columns)), shape=(len(texts), len(column)))
    vectors = vectors / np.sqrt(vectors.multiply(vectors).sum(axis=1))[:, None]
    return (vectors[: len(left)] @ vectors[len(left) :].T).toarray()
