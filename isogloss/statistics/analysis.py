"""Everything that is said about one matrix, from its pairs."""

import warnings

import polars as pl

from isogloss.statistics.coefficients import coefficients
from isogloss.statistics.mixed import count_answers, item_model
from isogloss.statistics.pairs import study
from isogloss.statistics.paper import importance, least_squares_score, paper_scores, shap_values, subsets
from isogloss.statistics.predict import check_predictions, predict_unmeasured
from isogloss.statistics.scores import score_left_out
from isogloss.statistics.spearman import correlations
from isogloss.statistics.specifications import AVERAGE, DIRECTED, PAPER, SPECIFICATIONS

FEWEST_LANGUAGES = 8
LEAST_SQUARES = tuple(listed for listed in SPECIFICATIONS if listed.name in ("ols", "ols_all", "directed_ols"))


def analyse(
    pairs: pl.DataFrame,
    factors: list[str],
    scores: pl.DataFrame | None = None,
    permutations: int = 2000,
    jobs: int = 1,
    others: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """Tables by name, of a table of pairs (see `isogloss.statistics.pairs.study`) and, where there are any, its scored answers.

    `correlation` (`correlations`), `regression` and `predicted` (`paper_scores`, `score_left_out`), `coefficients`
    (`coefficients` of paper A's features, and `item_model` if there are answers), `effects` (effect, deviation: of that model, in
    log-odds), `subsets`, `importance`, `shap`, `left_out_cells` and `left_out_languages` (`check_predictions`),
    `left_out_factors` (factor, reason), `predictions` (`predict_unmeasured`, of the pairs in `others` whose languages were not
    both measured). A table about what was not given is empty.

    Factors that cannot be used are left out with a warning. Raises ValueError for fewer than 8 languages, or without any of paper
    A's features.
    """
    found = study(pairs, factors)
    if len(found.symmetric.languages) < FEWEST_LANGUAGES:
        raise ValueError(f"{len(found.symmetric.languages)} languages are too few to explain; measure {FEWEST_LANGUAGES} or more")
    reasons = found.left_out | {name: "not given" for name in (*PAPER, *DIRECTED) if name not in factors}
    if reasons:
        listed = ", ".join(f"{name} ({reason})" for name, reason in reasons.items())
        warnings.warn(f"left out of the regressions: {listed}", stacklevel=2)
    features = tuple(name for name in PAPER if name in found.symmetric.names)
    directed = tuple(name for name in DIRECTED if name in found.directed.names)
    if not features:
        raise ValueError(f"none of {', '.join(PAPER)} can be used; there is nothing to explain the matrix with")
    paper, paper_predicted = paper_scores(found.symmetric, features)
    left_out, predicted = score_left_out(found, jobs=jobs)
    estimates = [coefficients(found.symmetric.only(features), permutations)]
    tables = {"effects": pl.DataFrame(schema={"effect": pl.String, "deviation": pl.Float64})}
    if scores is not None:
        dyads = found.directed.only(directed)
        single, deviations = item_model(count_answers(scores, dyads), dyads)
        estimates.append(single)
        tables["effects"] = pl.DataFrame({"effect": list(deviations), "deviation": list(deviations.values())})
    shap = shap_values(found.symmetric, features)
    cells, languages = check_predictions(found, directed)
    tables["predictions"] = predict_unmeasured(found, pairs if others is None else others, directed)
    return tables | {
        "correlation": correlations(found, permutations),
        "regression": pl.concat([pl.DataFrame(paper, schema=left_out.schema), left_out]),
        "predicted": pl.concat([paper_predicted, predicted]),
        "coefficients": pl.concat(estimates, how="diagonal"),
        "subsets": subsets(found.symmetric),
        "importance": importance(found.symmetric, features, shap),
        "shap": shap,
        "left_out_cells": cells,
        "left_out_languages": languages,
        "left_out_factors": pl.DataFrame(
            {"factor": list(reasons), "reason": list(reasons.values())}, schema={"factor": pl.String, "reason": pl.String}
        ),
    }


def headlines(pairs: pl.DataFrame, factors: list[str], permutations: int = 2000, jobs: int = 1) -> dict[str, pl.DataFrame]:
    """The tables `correlation` and `regression` of `analyse`, the latter of least squares alone: as paper A has it, and of
    languages left out. That is the main of what there is to say about a matrix, in some seconds instead of a minute.

    Raises ValueError for fewer than 8 languages, or without any of paper A's features.
    """
    found = study(pairs, factors)
    features = tuple(name for name in PAPER if name in found.symmetric.names)
    if len(found.symmetric.languages) < FEWEST_LANGUAGES or not features:
        raise ValueError(f"a matrix needs {FEWEST_LANGUAGES} languages or more, and one of the factors {', '.join(PAPER)}")
    left_out = score_left_out(found, LEAST_SQUARES, jobs)[0].filter(pl.col("estimator") != AVERAGE)
    first = pl.DataFrame([least_squares_score(found.symmetric, features)], schema=left_out.schema)
    return {"correlation": correlations(found, permutations), "regression": pl.concat([first, left_out])}
