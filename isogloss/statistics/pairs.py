"""Pairs of languages as rows of a regression, in both directions or symmetrised."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

KEYS = ("taught_in", "asked_in")
DISTANCES = ("fam", "syntax", "geography", "phonology", "inventory")
SIDES = ("_taught", "_asked")  # endings of factors that belong to one side of a pair, and so have no symmetrised value


@dataclass(frozen=True)
class Dyads:
    """n rows about pairs of L languages: `first` and `second` [n] number the languages (taught and asked, if directed),
    `outcome` [n] is an accuracy (NaN: not measured), `features` [n, k] are the factors `names`, and `kinship` [L, L] is how alike
    the languages are (positive semi-definite, about 1 on the diagonal; None where no distance is known)."""

    languages: tuple[str, ...]
    first: np.ndarray
    second: np.ndarray
    outcome: np.ndarray
    features: np.ndarray
    names: tuple[str, ...]
    kinship: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.outcome)

    def rows(self, keep: np.ndarray) -> "Dyads":
        """Some of the rows (a mask or numbers); the languages keep their numbers."""
        parts = {name: getattr(self, name)[keep] for name in ("first", "second", "outcome", "features")}
        return replace(self, **parts)

    def only(self, names: tuple[str, ...]) -> "Dyads":
        """Some of the factors. Raises ValueError naming all that are not there."""
        if missing := [name for name in names if name not in self.names]:
            raise ValueError(f"the pairs have no usable factor {', '.join(missing)}; there are {', '.join(self.names)}")
        return replace(self, names=tuple(names), features=self.features[:, [self.names.index(name) for name in names]])

    def square(self, values: np.ndarray) -> np.ndarray:
        """Values [n] as a matrix [L, L] with 0 on its diagonal, symmetric unless there is a row for each direction.

        Raises ValueError where a pair of languages has no row.
        """
        size = len(self.languages)
        directed = len(self) == size * (size - 1)
        if not directed and len(self) != size * (size - 1) // 2:
            raise ValueError(f"{len(self)} rows are not all pairs of {size} languages; leave out languages that lack pairs")
        square = np.zeros((size, size))
        square[self.first, self.second] = values
        if not directed:
            square[self.second, self.first] = values
        return square

    def touching(self, *languages: int) -> np.ndarray:
        """Which rows have one of the languages: [n]."""
        return np.isin(self.first, languages) | np.isin(self.second, languages)


@dataclass(frozen=True)
class Study:
    """One matrix in both forms, and which factors were left out and why."""

    directed: Dyads
    symmetric: Dyads
    left_out: dict[str, str]


def study(pairs: pl.DataFrame, factors: list[str]) -> Study:
    """A matrix to be explained, from a table with taught_in, asked_in, accuracy (0..1) and one numeric column a factor.

    A row a direction; pairs without a row for both directions are refused with ValueError, and so is an unknown factor. A factor
    that is blank somewhere or the same everywhere is left out of both forms. Symmetrised, a pair has the mean of its
    directions; factors of one side (`..._taught`, `..._asked`) are left to the directed form.
    """
    if missing := [name for name in (*KEYS, "accuracy", *factors) if name not in pairs.columns]:
        raise ValueError(f"the table of pairs has no column {', '.join(missing)}; it has {', '.join(pairs.columns)}")
    pairs = pairs.filter(pl.col("taught_in") != pl.col("asked_in"))
    both = pairs.select(KEYS).rows()
    if lacking := sorted({(b, a) for a, b in both} - set(both)):
        raise ValueError(f"no row for {', '.join(f'{a} -> {b}' for a, b in lacking)}; every pair needs both directions")
    if len(set(both)) < len(both):
        raise ValueError("a pair has more than one row; average them first")
    table = pairs.with_columns(pl.col("accuracy", *factors).cast(pl.Float64).fill_nan(None))
    left_out = {name: reason for name in factors if (reason := _unusable(table[name]))}
    names = tuple(name for name in factors if name not in left_out)
    languages = tuple(dict.fromkeys(pairs["taught_in"]))
    numbers = {language: i for i, language in enumerate(languages)}
    first, second = (pairs[key].replace_strict(numbers, return_dtype=pl.Int64).to_numpy() for key in KEYS)
    values = table.select("accuracy", *names).to_numpy().astype(float)
    cube = np.full((len(languages), len(languages), values.shape[1]), np.nan)
    cube[first, second] = values
    kinship = _kinship(cube[..., 1:], names)
    directed = Dyads(languages, first, second, values[:, 0], values[:, 1:], names, kinship)
    one, other = (side[first < second] for side in (first, second))
    mean = (cube[one, other] + cube[other, one]) / 2
    symmetric = Dyads(languages, one, other, mean[:, 0], mean[:, 1:], names, kinship)
    whole = tuple(name for i, name in enumerate(names) if not name.endswith(SIDES) and np.ptp(mean[:, i + 1]) > 0)
    return Study(directed, symmetric.only(whole), left_out)


def _unusable(values: pl.Series) -> str | None:
    if blank := values.null_count():
        return f"blank for {blank} of {len(values)} pairs"
    return "the same for all pairs" if values.n_unique() == 1 else None


def _kinship(cube: np.ndarray, names: tuple[str, ...]) -> np.ndarray | None:
    """Mean cosine similarity over the distances there are, made symmetric and positive semi-definite: [L, L]."""
    known = [i for i, name in enumerate(names) if name in DISTANCES]
    if not known:
        return None
    alike = 1 - cube[..., known].mean(axis=-1)
    np.fill_diagonal(alike, 1)
    alike = np.nan_to_num((alike + alike.T) / 2)
    values, vectors = np.linalg.eigh(alike)
    return (vectors * np.maximum(values, 0)) @ vectors.T


def pool(tables: list[pl.DataFrame], factors: list[str]) -> pl.DataFrame:
    """Pairs that all tables have, with the mean of accuracy and of each factor over the tables (one a model); a factor that is
    blank in one of them, or that one lacks, is blank."""
    numbers = ["accuracy", *factors]
    there = [[name for name in numbers if name in table.columns] for table in tables]
    parts = [table.select(*KEYS, pl.col(names).cast(pl.Float64)) for table, names in zip(tables, there, strict=True)]
    blank = pl.DataFrame(schema=dict.fromkeys(KEYS, pl.String) | dict.fromkeys(numbers, pl.Float64))
    rows = pl.concat([blank, *parts], how="diagonal")
    mean = [pl.when(pl.col(name).null_count() == 0).then(pl.col(name).mean()).alias(name) for name in numbers]
    return (
        rows.group_by(KEYS, maintain_order=True)
        .agg(pl.len().alias("tables"), *mean)
        .filter(pl.col("tables") == len(tables))
        .drop("tables")
    )
