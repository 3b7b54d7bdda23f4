"""Predictions for languages left out: pairs that share a language are no independent test of one another."""

import numpy as np

from isogloss.statistics.pairs import Dyads, Study
from isogloss.statistics.specifications import Specification

TWO, ONE = "leave_two_languages_out", "leave_one_language_out"
SEED = 42
FEWEST = 12  # pairs to learn from
MOST_ALONE = 40  # languages left out one at a time: each leaves pairs with all others to predict


def folds(symmetric: Dyads, protocol: str, most: int | None = None) -> list[tuple[int, ...]]:
    """The sets of languages that are left out in turn: every pair there is, or every language; a random `most` of them if fewer,
    and never more than 40 single ones. Fewer are always among more.

    Raises ValueError if so few languages are left that there are fewer than 12 pairs to learn from.
    """
    size = len(symmetric.languages)
    if protocol == TWO:
        sets = list(zip(symmetric.first.tolist(), symmetric.second.tolist(), strict=True))
    else:
        sets = [(i,) for i in range(size)]
        most = MOST_ALONE if most is None else min(most, MOST_ALONE)
    if int((~symmetric.touching(*sets[0])).sum()) < FEWEST:
        raise ValueError(
            f"with {size} languages too few pairs are left to learn from when {'two' if protocol == TWO else 'one'} of them "
            f"{'are' if protocol == TWO else 'is'} left out; measure at least 8 languages"
        )
    if most is None or len(sets) <= most:
        return sets
    chosen = np.random.default_rng(SEED).permutation(len(sets))[:most]
    return [sets[i] for i in sorted(chosen)]


def split(dyads: Dyads, held: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from (touching nothing left out) and to predict (all of a single one's, or those between two)."""
    touched = dyads.touching(*held)
    wanted = touched if len(held) == 1 else np.isin(dyads.first, held) & np.isin(dyads.second, held)
    return np.flatnonzero(~touched), np.flatnonzero(wanted)


def at_most(rows: np.ndarray, most: int) -> np.ndarray:
    return rows if len(rows) <= most else np.sort(np.random.default_rng(SEED).permutation(rows)[:most])


def predict_left_out(study: Study, specification: Specification, protocol: str, jobs: int = 1) -> np.ndarray:
    """Predictions [fold, n] for the symmetrised pairs that each fold leaves out, NaN elsewhere; the same for any number of
    `jobs`.

    With one language left out its pairs are predicted by a model that knows the partner; with two, by one that knows neither.
    """
    from joblib import Parallel, delayed, parallel_config

    data = study.directed if specification.directed else study.symmetric
    data = data if specification.features is None else data.only(specification.features)
    sets = folds(study.symmetric, protocol, specification.folds)
    parts = [sets[start::jobs] for start in range(jobs)]
    # the models are so small that threads of their own would mostly wait for each other
    with parallel_config("loky", inner_max_num_threads=1):
        found = Parallel(n_jobs=jobs)(delayed(_predict)(data, study.symmetric, specification, part) for part in parts)
    predicted = np.empty((len(sets), len(study.symmetric)))
    for start, values in enumerate(found):
        predicted[start::jobs] = values
    return predicted


def _predict(data: Dyads, symmetric: Dyads, specification: Specification, sets: list[tuple[int, ...]]) -> np.ndarray:
    import sklearn

    size, count = len(data.languages), len(symmetric)
    place = np.full((size, size), -1)
    place[symmetric.first, symmetric.second] = np.arange(count)
    place = np.maximum(place, place.T)
    predicted = np.full((len(sets), count), np.nan)
    # a forest of small trees spends a fifth of its time on checking what is known to be sound
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        for row, held in zip(predicted, sets, strict=True):
            train, test = split(data, held)
            unseen = data.rows(test)
            values = specification.fit(data.rows(at_most(train, specification.rows)))(unseen)
            where = place[unseen.first, unseen.second]
            counts = np.bincount(where, minlength=count)
            sums = np.bincount(where, values, minlength=count)
            row[counts > 0] = sums[counts > 0] / counts[counts > 0]
    return predicted


def baseline(symmetric: Dyads, protocol: str, held: tuple[int, ...]) -> np.ndarray:
    """What is known without any factor, [n] with NaN where nothing is predicted: with two languages left out, the mean of the
    pairs learned from; with one, the mean of the partner's pairs among them."""
    train, test = split(symmetric, held)
    values = np.full(len(symmetric), np.nan)
    if protocol == TWO:
        values[test] = symmetric.outcome[train].mean()
        return values
    partner = np.where(symmetric.first == held[0], symmetric.second, symmetric.first)
    known = symmetric.rows(train)
    for row in test:
        values[row] = known.outcome[known.touching(partner[row])].mean()
    return values
