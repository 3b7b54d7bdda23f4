"""What a change to a model costs on held-out text."""

import polars as pl


def ratios(perplexity: pl.DataFrame, base: str) -> pl.DataFrame:
    """Perplexity as a multiple of the base's, a row a model derived from it and language: model, language, ratio.

    `perplexity` has model, language, nll (mean negative log-likelihood of a token, in nats). Raises ValueError where a model was
    given text in other languages than the base.
    """
    before = dict(perplexity.filter(model=base).select("language", "nll").iter_rows())
    others = perplexity.filter(pl.col("model") != base)
    for (model,), part in others.group_by("model", maintain_order=True):
        if set(part["language"]) != set(before):
            raise ValueError(
                f"{model}: perplexity of text in {', '.join(sorted(part['language']))}, of the base {base} in "
                f"{', '.join(sorted(before)) or 'no language'}; delete the tables of perplexity and run again"
            )
    nll = pl.col("nll") - pl.col("language").replace_strict(before, return_dtype=pl.Float64)
    return others.select("model", "language", ratio=nll.exp())


def of_interventions(perplexity: pl.DataFrame, base: str, derived: pl.DataFrame) -> pl.DataFrame:
    """The ratios of derived models, with what they are (a table as in `isogloss.measures.interventions`).

    Columns: model, intervention, operation, set, strength, draw, control, language, selected (whether the language is), ratio.
    Models without text are left out.
    """
    chosen = perplexity.filter(pl.col("model").is_in([base, *derived["model"]]))
    return derived.join(ratios(chosen, base), on="model", how="inner", maintain_order="left_right").select(
        *["model", "intervention", "operation", "set", "strength", "draw", "control", "language"],
        pl.col("selected").list.contains(pl.col("language")),
        "ratio",
    )
