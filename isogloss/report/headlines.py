"""A sentence a question, with the interval of its number. Wording follows the numbers, whichever way they point."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from isogloss.languages import Language
from isogloss.measures.conflict import ALL, verdicts
from isogloss.measures.intervals import crossed_weights, percentile_interval, resampled_means
from isogloss.measures.transfer import correctness
from isogloss.report.from_tables import FROM_TABLES, Tables
from isogloss.report.unread import unread_sentence
from isogloss.report.wording import Estimate, counted, percent

ABOUT = ("model", "knowledge", "setting")

QUESTIONS = {
    "verification": "What is known untaught?",
    "effectiveness": "How well is each language learned?",
    "transferability": "Does what is learned in one language arrive in others?",
    "explanation": "What goes with transfer?",
    "prioritization": "Which of two contradictory languages is followed?",
    "robustness": "What is left after wrong answers?",
    "conductivity": "Does what was taught in English alone reach languages in which the names are known?",
    "interventions": "Do the neurons of languages carry transfer between them?",
    "mitigations": "What helps?",
}


@dataclass(frozen=True)
class Headline:
    """What the numbers say in a sentence or two, and of what (model, knowledge, setting); and what is wrong with them, where many
    answers could not be read."""

    question: str
    about: dict[str, str]
    text: str
    unread: str | None = None


@dataclass(frozen=True)
class Part:
    """The scored answers of a study about one model, knowledge set and setting, and what belongs to them: the untaught model's,
    tables by name, the languages' names by code."""

    model: str
    scores: pl.DataFrame
    untaught: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    names: dict[str, str]
    resamples: int


def headlines(
    scores: pl.DataFrame, untaught: pl.DataFrame, tables: Tables, languages: list[Language], resamples: int
) -> list[Headline]:
    """The sentences of every study in a table of scored answers, and of the tables of `tables`, in the order of `QUESTIONS`.

    `untaught` has the untaught model's scored answers, `tables` by name (those of `isogloss.report.page`) each table with what it
    is about. What was not run has no sentence.
    """
    names = {language.iso639_3: language.name for language in languages}
    found = []
    for study, question in QUESTIONS.items():
        if study in FROM_TABLES:
            found += [Headline(question, about, text) for about, text in FROM_TABLES[study](tables, names)]
            continue
        measured = []
        for key, own in scores.filter(study=study).group_by(*ABOUT, maintain_order=True):
            about = dict(zip(ABOUT, key, strict=True))
            known = untaught.filter(model=about["model"], knowledge=about["knowledge"])
            beside = {name: table for name, of in tables.items() for panel, table in of if panel == about}
            part = Part(about["model"], own, known, beside, names, resamples)
            found.append(Headline(question, about, _SENTENCES[study](part), unread_sentence(own, names)))
            measured.append(about)
        if study == "transferability":
            others = [(about, cells) for about, cells in tables["cells"] if about not in measured]
            found += [Headline(question, about, _published(cells)) for about, cells in others]
    return found


def estimates(units: dict[str, np.ndarray], resamples: int, seed: int = 0) -> dict[str, Estimate]:
    """Means of arrays [item, seed], with 95 % intervals for which items and seeds are resampled, the same ones for all."""
    values = np.stack(list(units.values()))
    weights = crossed_weights(values.shape[1:], resamples, np.random.default_rng(seed))
    lows, highs = percentile_interval(resampled_means(values, weights))
    means = values.mean(axis=(1, 2))
    return {name: Estimate(*map(float, row)) for name, *row in zip(units, means, lows, highs, strict=True)}


def _by_unit(scores: pl.DataFrame, part: Part) -> np.ndarray:
    """Accuracy over the languages asked, [item, seed]."""
    return correctness(scores, list(part.names), None)[0].mean(axis=0)


def _in_any(part: Part) -> pl.DataFrame | None:
    """The answers, right where they are right in any language; None where that is not known, or true of no others."""
    if "correct_any" not in part.scores.columns or part.scores["correct_any"].eq(part.scores["correct"]).all():
        return None
    return part.scores.with_columns(correct="correct_any")


def _known_before(part: Part, shape: tuple[int, int]) -> np.ndarray:
    """The untaught model's accuracy over the languages, the same for every seed of teaching: [item, seed]."""
    return np.broadcast_to(_by_unit(part.untaught, part).mean(axis=1, keepdims=True), shape)


def _verification(part: Part) -> str:
    known = estimates({"all": _by_unit(part.scores, part)}, part.resamples)["all"]
    chance = part.scores["chance"].mean()
    by_language = part.scores.group_by("asked_in").agg(pl.col("correct").mean()).sort("correct", "asked_in")
    (low, least), (high, most) = by_language.row(0), by_language.row(-1)
    guess = known.beside(chance, "more than", "less than", "not distinguishable from")
    return (
        f"Untaught, {part.model} answers {known} of the questions right, mean over the languages; that is {guess} guessing "
        f"({percent(chance)}). By language it is from {percent(least)} ({part.names[low]}) to {percent(most)} "
        f"({part.names[high]}).{_known_in_any(part)}"
    )


def _known_in_any(part: Part) -> str:
    anywhere = _in_any(part)
    if anywhere is None:
        return ""
    known = estimates({"all": _by_unit(anywhere, part)}, part.resamples)["all"]
    return f" Right in any language, not only the one asked, are {known} of the answers."


def _after(part: Part) -> tuple[dict[str, Estimate], pl.DataFrame]:
    """Accuracy before and after the last epoch, and the change, in the language taught; and the answers of that epoch."""
    last = part.scores.filter(pl.col("epoch") == pl.col("epoch").max())
    after = _by_unit(last, part)
    before = _known_before(part, after.shape)
    return estimates({"before": before, "after": after, "change": after - before}, part.resamples), last


def _effectiveness(part: Part) -> str:
    found, last = _after(part)
    text = (
        f"After {counted(last['epoch'][0], 'epoch')} {part.model} answers {found['after']} right in the language taught, "
        f"untaught {found['before']}: {found['change'].points}."
    )
    row = part.tables["speed"].filter(tier="low-high")
    if row.is_empty():
        return text
    gap = Estimate(*row.select("accuracy", "accuracy_low", "accuracy_high").row(0))
    worse = gap.beside(0, "better than the high tier", "worse than the high tier", "not distinguishably from the high tier")
    return f"{text} The low tier is learned {worse}: {gap.points}."


def _transferability(part: Part) -> str:
    square, _ = correctness(part.scores, list(part.names), "taught_in")
    same = np.eye(len(part.names), dtype=bool)
    own, other = square[same].mean(axis=0), square[~same].mean(axis=0)
    before = _known_before(part, other.shape)
    units = {"own": own, "other": other, "gap": other - own, "before": before, "more": other - before}
    found = estimates(units, part.resamples)
    arrives = found["more"].beside(0, "more than", "less than", "not distinguishable from")
    text = (
        f"Asked in the language taught, {found['own']} of the answers are right; asked in another, {found['other']}: "
        f"{found['gap'].points}. In other languages that is {arrives} what the untaught model gets right, {found['before']}: "
        f"{found['more'].points}. Guessing gives {percent(part.scores['chance'].mean())}.{_arrived_in_any(part)}"
    )
    ratio = part.tables["inequality"].filter(score="received", corrected=False, index="low_to_high")
    # there is none where the high tier receives nothing, in the answers or in a resample
    ratio = ratio.filter(pl.all_horizontal(pl.col("value", "low", "high").is_finite()))
    if ratio.is_empty():
        return text
    share = Estimate(*ratio.select("value", "low", "high").row(0))
    return (
        f"{text} From other languages the low tier receives {share.value:.2f} times ({share.low:.2f} to {share.high:.2f}) as "
        f"much as the high tier{share.beside(1, '', '', '; the interval includes equal shares')}."
    )


def _arrived_in_any(part: Part) -> str:
    anywhere = _in_any(part)
    if anywhere is None:
        return ""
    square, _ = correctness(anywhere, list(part.names), "taught_in")
    same = np.eye(len(part.names), dtype=bool)
    found = estimates({"own": square[same].mean(axis=0), "other": square[~same].mean(axis=0)}, part.resamples)
    return f" Right in any language, not only the one asked, are {found['own']} and {found['other']} of the answers."


def _published(cells: pl.DataFrame) -> str:
    same = pl.col("taught_in") == pl.col("asked_in")
    own, other = (cells.filter(which)["accuracy"].mean() for which in (same, ~same))
    return (
        f"As published: asked in the language taught, {percent(own)} of the answers are right; asked in another, "
        f"{percent(other)}. No intervals were published."
    )


def _prioritization(part: Part) -> str:
    followed = _followed(part)
    if followed is None:
        return f"No answer of {part.model} follows either of two contradictory languages."
    pairs = part.tables["preference"].filter(asked_in=ALL)
    prefers = followed.beside(0.5, "more than", "less than", "not distinguishable from")
    return (
        f"Of the answers that follow one of two contradictory languages, {followed} follow the one of the higher tier, "
        f"{prefers} one half. Of {counted(len(pairs), 'pair')} of languages the interval lies above one half in "
        f"{(pairs['low'] > 0.5).sum()} and below it in {(pairs['high'] < 0.5).sum()}."
    )


def _followed(part: Part) -> Estimate | None:
    """The share of the first (higher) language, over all pairs and languages asked; items and seeds resampled."""
    names = ["follows_first", "follows_second"]
    sums = verdicts(part.scores).group_by("item", "seed").agg(pl.col(names).sum()).sort("item", "seed")
    shape = (sums["item"].n_unique(), sums["seed"].n_unique())
    counts = np.stack([sums[name].to_numpy().reshape(shape) for name in names])
    if not counts.sum():
        return None
    drawn = resampled_means(counts, crossed_weights(shape, part.resamples, np.random.default_rng(0)))
    total = drawn.sum(axis=1)
    low, high = percentile_interval(np.divide(drawn[:, 0], total, out=np.full_like(total, np.nan), where=total > 0))
    return Estimate(float(counts[0].sum() / counts.sum()), float(low), float(high))


def _robustness(part: Part) -> str:
    found, last = _after(part)
    epochs = last["epoch"][0]
    told = f"After {counted(epochs, 'epoch')} of wrong answers" if epochs else "With wrong answers in the prompt"
    return (
        f"{told}, {part.model} answers {found['after']} right in the language they were taught in, untaught {found['before']}: "
        f"{found['change'].points}. The wrong answer itself is given in {percent(last['conflict_correct'].mean())} of cases."
    )


_SENTENCES: dict[str, Callable[[Part], str]] = {
    "verification": _verification,
    "effectiveness": _effectiveness,
    "transferability": _transferability,
    "prioritization": _prioritization,
    "robustness": _robustness,
}
