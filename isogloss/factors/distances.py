"""Distances between languages: 1 - cosine of the whole feature vectors of lang2vec (the URIEL database).

The package's data files are read as they are: importing its code takes seconds, and it drops features that are constant over the
languages queried if told to be `minimal`, which makes a distance depend on the company it is in.
"""

import importlib.metadata
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

# column: file, prefix of its features
DISTANCES = {
    "fam": ("family_features.npz", ""),
    "syntax": ("feature_predictions.npz", "S_"),
    "geography": ("geocoord_features.npz", ""),
    "phonology": ("feature_predictions.npz", "P_"),
    "inventory": ("feature_predictions.npz", "INV_"),
}
ATTESTED = "feature_averages.npz"  # the features of which the predictions are the completion
UNKNOWN = -1.0


def distances(languages: Sequence[str]) -> pl.DataFrame:
    """One row per ordered pair of ISO 639-3 codes: taught_in, asked_in, the five distances (0..1) and three coverages (0..1).

    A coverage is the share of features attested for both languages. `fam` is null where no family of a language is known
    (isolates, too). Raises ValueError with all codes that lang2vec lacks.
    """
    codes = list(languages)
    vectors = _read(codes, {file for file, _ in DISTANCES.values()})
    matrices = {column: cosine_distances(_features(vectors[file], prefix)) for column, (file, prefix) in DISTANCES.items()}
    for column, known in _attested(codes).items():
        matrices[f"{column}_coverage"] = (known[:, None] & known[None]).mean(axis=2)
    pairs = list(itertools.permutations(range(len(codes)), 2))
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    table = {"taught_in": [codes[i] for i in rows], "asked_in": [codes[i] for i in columns]}
    table |= {column: matrix[rows, columns].astype(np.float64) for column, matrix in matrices.items()}
    return pl.DataFrame(table, schema_overrides=dict.fromkeys(("taught_in", "asked_in"), pl.String)).with_columns(
        pl.col(list(DISTANCES)).fill_nan(None)
    )


def coverage(languages: Sequence[str]) -> pl.DataFrame:
    """One row per ISO 639-3 code: language, and the share of its syntax, phonology and inventory features that are attested.

    Raises ValueError with all codes that lang2vec lacks.
    """
    codes = list(languages)
    known = {f"{column}_coverage": known.mean(axis=1) for column, known in _attested(codes).items()}
    return pl.DataFrame({"language": codes} | known)


def unknown(languages: Sequence[str]) -> list[str]:
    """Those of ISO 639-3 codes that lang2vec lacks."""
    known = []
    for file in sorted({ATTESTED, *(file for file, _ in DISTANCES.values())}):
        with np.load(_folder() / file) as data:
            known.append(set(map(str, data["langs"])))
    return [code for code in languages if not all(code in own for own in known)]


def cosine_distances(vectors: np.ndarray) -> np.ndarray:
    """1 - cosine of each two rows (languages x features) as a square matrix; NaN where a row is zero."""
    vectors = vectors.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors / np.where(lengths > 0, lengths, np.nan)[:, None]
    return np.clip(1 - units @ units.T, 0, None)  # equal rows differ by rounding


def _attested(codes: list[str]) -> dict[str, np.ndarray]:
    """For each kind of imputed features, which are attested (languages x features)."""
    vectors = _read(codes, {ATTESTED})[ATTESTED]
    return {column: _features(vectors, prefix) != UNKNOWN for column, (_, prefix) in DISTANCES.items() if prefix}


def _features(vectors: tuple[np.ndarray, np.ndarray], prefix: str) -> np.ndarray:
    names, values = vectors
    return values[:, np.char.startswith(names, prefix)]


def _read(codes: list[str], files: set[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Names of the features, and their values for the languages, of each file."""
    folder = _folder()
    vectors = {}
    for file in files:
        with np.load(folder / file) as data:
            rows = {str(code): row for row, code in enumerate(data["langs"])}
            if unknown := [code for code in codes if code not in rows]:
                raise ValueError(
                    f"lang2vec has no language {', '.join(unknown)}; write an ISO 639-3 code it has in data/languages.csv "
                    "(that of the macrolanguage, or of a member of it), or leave the language out"
                )
            vectors[file] = data["feats"], data["data"][[rows[code] for code in codes], :, 0]
    return vectors


def _folder() -> Path:
    """Where lang2vec's data are."""
    try:
        # not imported: that takes seconds, and a program of the same name may come before the package
        return Path(importlib.metadata.distribution("lang2vec").locate_file("lang2vec/data"))
    except importlib.metadata.PackageNotFoundError:
        raise ModuleNotFoundError("the distances between languages come from lang2vec; pip install lang2vec==1.1.2") from None
