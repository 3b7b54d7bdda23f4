"""How well the tokens of two languages can be aligned, by eflomal (Oestling and Tiedemann 2016), an optional dependency."""

import importlib.util
import itertools
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

SCHEMA = {
    "taught_in": pl.String,
    "asked_in": pl.String,
    "aligned_sentences": pl.Int64,
    "one_to_one": pl.Float64,
    "eflomal": pl.Float64,
}
LONGEST = 1023  # tokens; eflomal takes a longer sentence for an empty one
ITERATIONS = (4, 4, 16)  # of its three models
SENTENCES = 250  # all 997 of FLORES-200 dev take seconds a pair
# Scored by lexical probabilities: those of its other models are not normalised, and underflow to 0 on small corpora.
LEXICAL = 1


@dataclass(frozen=True)
class Alignment:
    """Of two texts: sentence pairs aligned, share of tokens aligned one to one, and -log p a token in both directions.

    None where there was nothing to align, or where eflomal gave no finite number.
    """

    sentences: int
    one_to_one: float | None
    forward: float | None
    backward: float | None


def token_alignment(tokens: dict[str, list[list[int]]]) -> pl.DataFrame:
    """One row per ordered pair (columns: `SCHEMA`); `tokens` are those of parallel sentences, by language.

    The first `SENTENCES` are aligned. one_to_one is symmetric: tokens linked by both directions alike, over all tokens of both
    languages. eflomal is the mean -log p of a token asked given its best token taught; lower is better. eflomal draws its own
    seed, so that neither is the same twice. Without it the columns are null, and a UserWarning says so.
    """
    if importlib.util.find_spec("eflomal") is None:
        warnings.warn(
            "eflomal is not installed: one_to_one and eflomal stay blank; pip install eflomal (it needs gcc and make)",
            stacklevel=2,
        )
        rows = [(*pair, None, None, None) for pair in itertools.permutations(tokens, 2)]
        return pl.DataFrame(rows, schema=SCHEMA, orient="row")
    rows = []
    for one, two in itertools.combinations(tokens, 2):
        found = align(tokens[one][:SENTENCES], tokens[two][:SENTENCES])
        rows.append((one, two, found.sentences, found.one_to_one, found.forward))
        rows.append((two, one, found.sentences, found.one_to_one, found.backward))
    order = {pair: i for i, pair in enumerate(itertools.permutations(tokens, 2))}
    return pl.DataFrame(sorted(rows, key=lambda row: order[row[:2]]), schema=SCHEMA, orient="row")


def align(source: Sequence[list[int]], target: Sequence[list[int]]) -> Alignment:
    """Align sentences, those apart that are empty or longer than `LONGEST` tokens in either language."""
    import eflomal

    kept = [(s, t) for s, t in zip(source, target, strict=True) if 0 < len(s) <= LONGEST and 0 < len(t) <= LONGEST]
    if not kept:
        return Alignment(0, None, None, None)
    lengths = [len(s) for s, _ in kept], [len(t) for _, t in kept]
    lines = [[" ".join(map(str, pair[side])) for pair in kept] for side in (0, 1)]
    with TemporaryDirectory() as folder:
        links = [Path(folder) / name for name in ("forward", "backward")]
        scores = [Path(folder) / name for name in ("forward.scores", "backward.scores")]
        eflomal.Aligner(score_model=LEXICAL, n_iterations=ITERATIONS).align(
            *lines,
            links_filename_fwd=str(links[0]),
            links_filename_rev=str(links[1]),
            scores_filename_fwd=str(scores[0]),
            scores_filename_rev=str(scores[1]),
        )
        agreed = agreed_links(*(path.read_text().splitlines() for path in links))
        forward, backward = ([float(score) for score in path.read_text().split()] for path in scores)
    return Alignment(
        len(kept),
        2 * agreed / sum(map(sum, lengths)),
        per_token(forward, lengths[1]),
        per_token(backward, lengths[0]),
    )


def agreed_links(forward: Sequence[str], backward: Sequence[str]) -> int:
    """Number of links, as in "0-0 1-2", that two alignments share.

    Each direction links a token it explains to one other at most, so that what both share is one to one.
    """
    return sum(len(set(one.split()) & set(two.split())) for one, two in zip(forward, backward, strict=True))


def per_token(scores: Sequence[float], lengths: Sequence[int]) -> float | None:
    """Mean over all tokens of sentence scores that are means over the tokens of a sentence; None if any is not finite."""
    total = math.fsum(score * length for score, length in zip(scores, lengths, strict=True))
    return total / sum(lengths) if math.isfinite(total) else None
