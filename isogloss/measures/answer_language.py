"""In which language is an answer? A rule that prefers to leave open what it cannot see."""

import unicodedata
from collections import Counter

import numpy as np
import polars as pl
import pycld2

from isogloss.languages import Language
from isogloss.measures.intervals import percentile_interval, resampled_means, resampling_weights
from isogloss.scoring.names import script
from isogloss.scoring.spelling import normalise

ALL = "all"  # every language asked
ENOUGH = 6  # words that a language can be told by
SURE = 80  # percent of a text that must be in it
LABELS = ("asked", "other", "undecided", "no_answer")
# How Unicode's names of letters begin in each script of data/languages.csv.
LETTERS = {
    "Latin": {"LATIN"},
    "Cyrillic": {"CYRILLIC"},
    "Han": {"CJK"},
    "Japanese": {"CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC"},  # the last is the sign that repeats a character
    "Hangul": {"HANGUL"},
    "Thai": {"THAI"},
    "Devanagari": {"DEVANAGARI"},
    "Tamil": {"TAMIL"},
}


def vocabulary(items: dict[str, pl.DataFrame]) -> dict[str, frozenset[str]]:
    """The languages of every answer and conflicting answer to any item of a knowledge set, in every form, normalised."""
    found: dict[str, set[str]] = {}
    for language, table in items.items():
        for column in ("aliases", "conflict_aliases"):
            for form in table[column].explode().drop_nulls().unique():
                found.setdefault(normalise(form), set()).add(language)
    return {form: frozenset(languages) for form, languages in found.items()}


def label(answer: str | None, asked: str, forms: dict[str, frozenset[str]], languages: dict[str, Language]) -> str:
    """Whether an answer is in the language asked: `asked`, `other`, `undecided`, or `no_answer` where there is none.

    An answer that the knowledge set has (`forms`, as from `vocabulary`) is in the languages that have it: `undecided` where that
    is the one asked and another. Any other answer is judged by the script of most of its letters: `other` if that is not one of
    the language asked, `asked` if no other of the `languages` studied is written in it. Between languages of one script a text
    of at least `ENOUGH` words is judged by the language identifier `identified`, where that is sure; else it is `undecided`.
    """
    if answer is None:
        return "no_answer"
    own = forms.get(normalise(answer))
    if own is not None:
        return "other" if asked not in own else "asked" if len(own) == 1 else "undecided"
    kinds = Counter(script(character) for character in answer if unicodedata.category(character)[0] == "L")
    if not kinds:
        return "undecided"  # digits and signs are nobody's
    count = {code: sum(kinds[kind] for kind in LETTERS[language.script]) for code, language in languages.items()}
    half = kinds.total() / 2
    if count[asked] < half:
        return "other"
    if not any(number >= half for code, number in count.items() if code != asked):
        return "asked"
    locale = identified(answer) if len(answer.split()) >= ENOUGH else None
    if locale not in {language.cldr for language in languages.values()}:
        return "undecided"  # nor where it is taken for a neighbour that is not studied, as Danish for Norwegian
    return "asked" if locale == languages[asked].cldr else "other"


def identified(text: str) -> str | None:
    """The language of a text as CLD2 finds it, by its CLDR code; None where it is not sure of one.

    CLD2 knows all languages of data/languages.csv. Of 200 sentences of FLORES-200 in each of them it is sure of the right one in
    92 % (Swedish) to all, and of a wrong one in 3 % at most; of four words it is sure of a wrong one in up to 18 % (Zulu).
    """
    printable = "".join(character for character in text if unicodedata.category(character)[0] != "C" or character == "\n")
    reliable, _, found = pycld2.detect(printable, isPlainText=True)
    _, code, percent, _ = found[0]
    return code.split("-")[0] if reliable and percent >= SURE else None


def answer_languages(
    scores: pl.DataFrame, items: dict[str, pl.DataFrame], languages: dict[str, Language], resamples: int, seed: int = 0
) -> pl.DataFrame:
    """Shares of answers by their language, a row a model and language asked, and one for `all` of them.

    `scores` are those of a base and of models derived from it, of one study and setting; `items` and `languages` those studied.
    Answers after a lesson in the language asked are left out: they need no transfer. Columns: model, asked_in, n (answers),
    asked, other, undecided, no_answer (shares as in `label`; the share that is in the language asked lies between asked and
    asked + undecided), low and high of asked (95 %, items resampled). Raises ValueError for a script that is not in LETTERS.
    """
    if unknown := sorted({language.script for language in languages.values()} - set(LETTERS)):
        raise ValueError(f"letters of these scripts are not known: {', '.join(unknown)}; add them to LETTERS in {__file__}")
    forms = vocabulary(items)
    crossed = scores.filter(pl.col("taught_in") != pl.col("asked_in"))
    spoken = crossed.select("asked_in", "answer").unique(maintain_order=True)
    labels = [label(answer, asked, forms, languages) for asked, answer in spoken.iter_rows()]
    spoken = spoken.with_columns(pl.Series("label", labels, dtype=pl.String))
    table = crossed.join(spoken, on=["asked_in", "answer"], how="left", nulls_equal=True, maintain_order="left")
    names = crossed["item"].unique().sort().to_list()
    weights = resampling_weights(len(names), resamples, np.random.default_rng(seed))
    rows = []
    for (model,), part in table.group_by("model", maintain_order=True):
        groups = [(ALL, part), *((code, part.filter(asked_in=code)) for code in languages)]
        rows += [{"model": model, "asked_in": code, **_shares(chosen, names, weights)} for code, chosen in groups]
    return pl.DataFrame(rows)


def _shares(part: pl.DataFrame, items: list[str], weights: np.ndarray) -> dict[str, float]:
    shares = {name: (part["label"] == name).mean() for name in LABELS}
    of_item = part.group_by("item").agg((pl.col("label") == "asked").sum(), pl.len())
    found = pl.DataFrame({"item": items}).join(of_item, on="item", how="left", maintain_order="left").fill_null(0)
    asked, answers = resampled_means(found.select("label", "len").to_numpy().T.astype(float), weights).T
    low, high = percentile_interval(np.divide(asked, answers, out=np.full_like(answers, np.nan), where=answers > 0))
    return {"n": len(part), **shares, "low": float(low), "high": float(high)}
