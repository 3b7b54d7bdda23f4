"""Sentences that are read off finished tables, of which others are made from answers."""

from collections.abc import Callable, Iterator

import polars as pl

from isogloss.report.wording import MINUS, Estimate, counted

Tables = dict[str, list[tuple[dict, pl.DataFrame]]]
Sentences = Iterator[tuple[dict, str]]


def explanation(tables: Tables, names: dict[str, str]) -> Sentences:
    """Of `regression` and `coefficients`: how far transfer to languages left out is foreseen, and which factors are clear."""
    for (about, scored), (_, coefficients) in zip(tables["regression"], tables["coefficients"], strict=True):
        row = scored.filter(estimator="ols", protocol="leave_two_languages_out").row(0, named=True)
        known, baseline = (f"{value:.2f}".replace("-", MINUS) for value in (row["r2"] or 0, row["baseline_r2"] or 0))
        fit = "not defined" if row["r2"] is None else f"{known} (with the mean of the others: {baseline})"
        rows = coefficients.filter(method="jackknife").drop_nulls("low")
        clear = [
            f"{row['feature']} {Estimate(row['estimate'], row['low'], row['high']).points}"
            for row in rows.iter_rows(named=True)
            if row["low"] > 0 or row["high"] < 0
        ]
        listed = f"{len(clear)}, for one standard deviation: {'; '.join(clear)}" if clear else "none"
        yield (
            about,
            "A linear regression on factors of the languages predicts transfer between two languages that it was not shown with "
            f"an R\u00b2 of {fit}. Factors whose jackknife interval excludes 0, of {len(rows)}: {listed}.",
        )


def conductivity(tables: Tables, names: dict[str, str]) -> Sentences:
    """Of `xrr`: in how many languages enough was learned for it to count, and what it is there."""
    for about, table in tables["xrr"]:
        passed = (
            table.filter(pl.col("passed").fill_null(False)).drop_nulls("xrr").sort("xrr", "language", descending=[True, False])
        )
        number = f"{len(passed)} of {counted(len(table), 'language')}"
        learned = f"{about['model']} learned enough of the rest of the lesson in {number}"
        of_each = "; ".join(
            f"{names[row['language']]} {Estimate(row['xrr'], row['low'], row['high'])}" for row in passed.iter_rows(named=True)
        )
        retrieved = "Of what was taught and is known in English alone there is known in them, beyond guessing"
        yield about, f"{learned}. {retrieved}: {of_each}." if of_each else f"{learned}, so nothing can be said."


def interventions(tables: Tables, names: dict[str, str]) -> Sentences:
    """Of `contrasts` and `controls`: each intervention on neurons over its draws, other languages asked than taught."""
    for (about, contrasts), (_, controls) in zip(tables["contrasts"], tables["controls"], strict=True):
        own = contrasts.filter(~pl.col("control"), cells="off_diagonal")
        # over the draws where there are several
        own = own.sort(pl.col("draw").is_not_null(), maintain_order=True).unique("intervention", maintain_order=True)
        beyond = controls.filter(cells="off_diagonal", statistic="contrast")
        parts = []
        for row in own.drop_nulls("contrast").iter_rows(named=True):
            text = f"{row['intervention']} {Estimate(row['contrast'], row['low'], row['high']).points}"
            if row["p_permutation"] is not None:
                text += f", permutation p {row['p_permutation']:.2f}"
            for control in beyond.filter(intervention=row["intervention"]).drop_nulls("difference").iter_rows(named=True):
                text += f", beyond random neurons {Estimate(control['difference'], control['low'], control['high']).points}"
            parts.append(text)
        told = "Change of accuracy between two languages whose neurons are changed, minus that between two others"
        yield about, f"{told}: {'; '.join(parts) or 'no draw has pairs of both'}."


def mitigations(tables: Tables, names: dict[str, str]) -> Sentences:
    """Of `mitigations`: the change in other languages than the one taught, each with where its interval lies."""
    for about, table in tables["mitigations"]:
        parts = []
        rows = table.filter(measure="mean_transfer").drop_nulls("difference").sort("difference", descending=True)
        for row in rows.iter_rows(named=True):
            change = Estimate(row["difference"], row["low"], row["high"])
            verdict = change.beside(0, "helps", "harms", "makes no clear difference")
            parts.append(f"{row['mitigation']} ({row['setting']}) {verdict}, {change.points}")
        yield about, f"Asked in other languages than the one taught, beside doing nothing: {'; '.join(parts)}."


FROM_TABLES: dict[str, Callable[[Tables, dict[str, str]], Sentences]] = {
    "explanation": explanation,
    "conductivity": conductivity,
    "interventions": interventions,
    "mitigations": mitigations,
}
