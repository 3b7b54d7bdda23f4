"""What is tried on languages left out. The list was written before any of it was scored; all of it is reported, nothing tuned.

What it rests on: 105 pairs or so to learn from, an outcome between 0 and 1, and shares that differ by factors of ten thousand.
"""

from collections.abc import Callable
from dataclasses import dataclass

from isogloss.statistics import estimators
from isogloss.statistics.pairs import Dyads

PAPER = ("fam", "syntax", "geography", "log_share_sum", "log_share_min")
# the sum of shares taken apart into its sides
DIRECTED = ("fam", "syntax", "geography", "log_share_taught", "log_share_asked", "log_share_min")
AVERAGE = "average"


@dataclass(frozen=True)
class Specification:
    """How to fit. `features` None means all there are. `directed`: it is fitted to both directions of a pair, and the predictions
    for them are averaged. `needs` are factors it cannot do without. `folds` and `rows` cap what is done where languages are
    many, which they are not at 19: at most so many pairs of languages are left out, drawn at random, and so many pairs learned
    from. The caps are for time; `note` in the table says where they were reached."""

    name: str
    reason: str
    fit: Callable[[Dyads], estimators.Predict]
    features: tuple[str, ...] | None = PAPER
    directed: bool = False
    needs: tuple[str, ...] = ()
    folds: int = 500
    rows: int = 100_000


SPECIFICATIONS = (
    Specification("ols", "paper A's features and estimator", estimators.ols),
    Specification("ols_all", "does any other factor help a plane?", estimators.ols, None),
    Specification("ols_selected", "paper A's selection, done where it belongs", estimators.ols_selected, None, folds=200),
    Specification("ridge", "all factors, correlated as they are, shrunk", estimators.ridge, None, folds=200),
    Specification("forest", "paper A's forest", estimators.forest, folds=200, rows=500),
    Specification(
        "boosting",
        "curved effects and interactions, with directions that theory gives",
        estimators.boosting,
        None,
        folds=200,
        rows=2000,
    ),
    Specification(
        "gaussian_process",
        "a smooth departure from a plane suits a hundred rows",
        estimators.gaussian_process,
        folds=200,
        rows=300,
    ),
    Specification(
        "fractional_logit",
        "accuracy is bounded; likeness can help only as far as both languages are known",
        estimators.fractional_logit,
        needs=("log_share_min",),
        folds=200,
    ),
    Specification("directed_ols", "teaching and asking need not depend alike on share", estimators.ols, DIRECTED, True),
    Specification(
        "random_effects",
        "pairs of one language are no independent evidence",
        estimators.random_effects,
        DIRECTED,
        True,
        folds=200,
    ),
    Specification(
        "related_effects",
        "what is peculiar to a language is likely shared by its relatives",
        estimators.related_effects,
        DIRECTED,
        True,
        folds=200,
    ),
)
# and AVERAGE: the plain mean of the predictions of all of these, for errors of different kinds cancel
