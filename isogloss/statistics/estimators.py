"""Ways to fit an accuracy to factors. Each takes training rows and returns what predicts others; scaling happens inside."""

import warnings
from collections.abc import Callable

import numpy as np

from isogloss.statistics.effects import fit_effects
from isogloss.statistics.pairs import DISTANCES, Dyads
from isogloss.statistics.subsets import candidates, subset_scores

Predict = Callable[[Dyads], np.ndarray]
TREES = 200
SEED = 42


def _standard(dyads: Dyads) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    mean, scale = dyads.features.mean(axis=0), dyads.features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return (dyads.features - mean) / scale, lambda features: (features - mean) / scale


def mean(train: Dyads) -> Predict:
    """The mean of the training rows: what a prediction has to beat."""
    value = train.outcome.mean()
    return lambda rows: np.full(len(rows), value)


def ols(train: Dyads) -> Predict:
    """Ordinary least squares."""
    features, standard = _standard(train)
    centre = train.outcome.mean()
    # a factor that does not vary in these rows, or repeats others, gets the shortest solution instead of an error
    found = np.linalg.lstsq(features, train.outcome - centre, rcond=1e-10)[0]
    return lambda rows: centre + standard(rows.features) @ found


def ols_selected(train: Dyads) -> Predict:
    """Least squares on the subset of factors that paper A's selection picks within the training rows."""
    chosen = subset_scores(candidates(train))[0][0]
    fitted = ols(train.only(chosen))
    return lambda rows: fitted(rows.only(chosen))


def ridge(train: Dyads) -> Predict:
    """Ridge regression, its penalty chosen among 25 by generalised leave-one-out error within the training rows."""
    from sklearn.linear_model import RidgeCV

    features, standard = _standard(train)
    fitted = RidgeCV(alphas=np.logspace(-3, 3, 25)).fit(features, train.outcome)
    return lambda rows: fitted.predict(standard(rows.features))


def random_forest(features: np.ndarray, outcome: np.ndarray, jobs: int = 1):
    """The forest of paper A: 200 trees, everything else as scikit-learn has it."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_estimators=TREES, random_state=SEED, n_jobs=jobs).fit(features, outcome)


def forest(train: Dyads) -> Predict:
    """Random forest, as `random_forest` grows it: bagged whole trees. Hundreds of forests of small trees are refitted, and
    scikit-learn's class spends half of their time on preparing a tree, not on growing it."""
    from sklearn.tree import DecisionTreeRegressor

    features, rows = train.features.astype(np.float32), len(train)
    rng, trees = np.random.RandomState(SEED), []
    for _ in range(TREES):
        seed = rng.randint(np.iinfo(np.int32).max)
        drawn = np.bincount(np.random.RandomState(seed).randint(0, rows, rows, dtype=np.int32), minlength=rows)
        tree = DecisionTreeRegressor(random_state=seed)
        trees.append(tree.fit(features, train.outcome, sample_weight=drawn.astype(float), check_input=False))
    return lambda rows: np.mean([tree.predict(rows.features.astype(np.float32), check_input=False) for tree in trees], axis=0)


def boosting(train: Dyads) -> Predict:
    """Gradient boosting that may only fall with a distance and rise with a share or a flag."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    fitted = HistGradientBoostingRegressor(
        max_iter=200,
        learning_rate=0.05,
        max_depth=3,
        min_samples_leaf=5,
        early_stopping=False,
        random_state=SEED,
        monotonic_cst=[_direction(name) for name in train.names],
    ).fit(train.features, train.outcome)
    return lambda rows: fitted.predict(rows.features)


def _direction(name: str) -> int:
    if name in DISTANCES:
        return -1
    return 1 if name.startswith(("log_share", "optimised")) else 0


def gaussian_process(train: Dyads) -> Predict:
    """Gaussian process: a plane plus a smooth surface of one length scale plus noise, sizes by marginal likelihood."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel

    features, standard = _standard(train)
    kernel = (
        ConstantKernel(0.1, (1e-4, 1e2)) * DotProduct(1.0, "fixed")
        + ConstantKernel(0.5, (1e-4, 1e2)) * RBF(2.0, (0.3, 30))
        + WhiteKernel(0.2, (1e-3, 1e1))
    )
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # a part of size nought is a fair answer
        fitted = GaussianProcessRegressor(kernel, normalize_y=True).fit(features, train.outcome)
    return lambda rows: fitted.predict(standard(rows.features))


def fractional_logit(train: Dyads) -> Predict:
    """Quasi-likelihood with a logit link for an outcome between 0 and 1 (Papke & Wooldridge 1996), with the products of each
    distance and the smaller share."""
    import statsmodels.api as sm

    _, standard = _standard(train)
    distances = [i for i, name in enumerate(train.names) if name in DISTANCES]
    smaller = train.names.index("log_share_min")

    def design(rows: Dyads) -> np.ndarray:
        values = standard(rows.features)
        return np.column_stack([np.ones(len(rows)), values, values[:, distances] * values[:, [smaller]]])

    fitted = sm.GLM(train.outcome, design(train), family=sm.families.Binomial()).fit()
    return lambda rows: fitted.predict(design(rows))


def random_effects(train: Dyads) -> Predict:
    """Mixed model with independent effects of source and target."""
    fitted = fit_effects(train, related=False)
    return lambda rows: fitted.predict(rows)[0]


def related_effects(train: Dyads) -> Predict:
    """Mixed model with effects of source and target that are alike for languages that are alike."""
    fitted = fit_effects(train, related=True)
    return lambda rows: fitted.predict(rows)[0]
