"""The answers behind the cells of transfer matrices, as data for the page: all of them or, of large runs, a sample."""

import json
import random
from collections.abc import Iterable, Iterator

import polars as pl

from isogloss.languages import Language
from isogloss.measures.reading import UNREAD, matrix_unread
from isogloss.report.unread import note

ANSWERED = "answered"
FORMS = {"tags": "between the tags", "whole": "all that was said"}
# what older tables of scores lack
LATER = {"raw": pl.String, "form": pl.String, "correct_any": pl.Boolean}


def matrices(
    panels: list[tuple[dict, pl.DataFrame]],
    scores: pl.DataFrame,
    items: dict[tuple[str, str], pl.DataFrame],
    languages: list[Language],
    most_bytes: int,
) -> dict:
    """What the interactive matrix shows, as JSON can write it.

    `panels` are what a matrix is about (model, knowledge, setting) and its cells (`isogloss.measures.transfer.cells`, or a
    published matrix, whose cells have no answers); `items` the knowledge sets by name and language, of which the bare questions
    are taken (what was asked may hold a context, too).

    Of each matrix the answers to the same items are kept in every cell: all, or as many as `most_bytes` of JSON allow, an equal
    share for each matrix, drawn at random once. Returns languages (by code: name, lang, a BCP 47 tag, tier), panels (each with
    cells, items asked, items shown, note, which says what is wrong with it, drawn, whether it says anything at all, and answers
    by cell), questions (by knowledge set, language and item: question, reference), texts and verdicts. An answer is `[item, seed,
    text, verdict, raw, form, languages]`: the places of item, text, verdict and all that was said (null where that is the answer)
    in their lists, of what of it the answer was read, and in which languages (codes joined by `+`) it is right.
    """
    scores = _complete(scores.filter(study="transferability"))
    texts, verdicts = _Places(), _Places()
    room = most_bytes // max(1, sum(not part.is_empty() for part in (scores.filter(**about) for about, _ in panels)))
    shown, questions = [], {}
    for about, cells in panels:
        own = scores.filter(**about)
        asked = sorted(own["item"].unique())
        kept = _kept(own, asked, room)
        answers: dict[str, list] = {}
        for row in own.filter(pl.col("item").is_in(kept)).sort("taught_in", "asked_in", "item", "seed").iter_rows(named=True):
            cell = answers.setdefault(f"{row['taught_in']} {row['asked_in']}", [])
            cell.append(
                [
                    kept.index(row["item"]),
                    row["seed"],
                    texts.of(row["answer"]),
                    verdicts.of(verdict(row)),
                    None if row["raw"] in (None, row["answer"]) else texts.of(row["raw"]),
                    FORMS.get(row["form"]),
                    row["answer_in"] if row["correct_any"] else None,
                ]
            )
        lost = "unread" in cells.columns and matrix_unread(cells)
        wrong = {"note": note(cells, {language.iso639_3: language.name for language in languages}), "drawn": not lost}
        found = {"cells": list(_cells(cells, languages)), "asked": len(asked), "items": kept, "answers": answers}
        shown.append(about | wrong | found)
        for code in sorted(own["asked_in"].unique()):
            known = questions.setdefault(about["knowledge"], {}).setdefault(code, {})
            table = items[about["knowledge"], code].filter(pl.col("item").is_in(kept))
            known |= {
                item: [question, answer] for item, question, answer in table[["item", "ask_question", "answer"]].iter_rows()
            }
    named = {
        language.iso639_3: {"name": language.name, "lang": language.cldr.replace("_", "-"), "tier": language.tier}
        for language in languages
    }
    return {"languages": named, "panels": shown, "questions": questions, "texts": list(texts), "verdicts": list(verdicts)}


def _complete(scores: pl.DataFrame) -> pl.DataFrame:
    """With blank columns for what an older table lacks."""
    return scores.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in LATER.items() if name not in scores.columns)


RIGHT = {
    "within": "right, within a longer answer",
    "inflected": "right, inflected or spelled otherwise",
    "number": "right, the same number",
}


def verdict(row: dict) -> str:
    """What a scored answer counts as, in words."""
    if row["state"] != ANSWERED:
        return f"wrong: {row['state']}"
    if row["correct"]:
        return RIGHT.get(row["match"], "right")
    if row.get("correct_any"):
        return "wrong here, right in another language"
    return "wrong: the conflicting answer" if row["conflict_correct"] else "wrong"


class _Places:
    """Texts that are said often, once each, in the order in which they were first said."""

    def __init__(self):
        self._places: dict[str | None, int] = {}

    def of(self, text: str | None) -> int:
        return self._places.setdefault(text, len(self._places))

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._places)


def _kept(own: pl.DataFrame, items: list[str], room: int) -> list[str]:
    """The items of which all answers fit into so many bytes; one at least."""
    drawn = random.Random("report").sample(items, len(items))
    raw = pl.when(pl.col("raw").eq_missing(pl.col("answer"))).then(pl.lit("")).otherwise(pl.col("raw").fill_null(""))
    said = own.with_columns(size=pl.col("answer").fill_null("").str.len_bytes() + raw.str.len_bytes() + 20)
    sizes = dict(said.group_by("item").agg(pl.col("size").sum()).iter_rows())
    kept, used = [], 0
    for item in drawn:
        used += sizes[item]
        if used > room and kept:
            break
        kept.append(item)
    return sorted(kept)


def _cells(cells: pl.DataFrame, languages: list[Language]) -> Iterator[dict]:
    """The cells of a matrix with what the chart says of them; what is not known is said to be unknown."""
    names = {language.iso639_3: f"{language.name} ({language.iso639_3})" for language in languages}
    for row in cells.filter(pl.col("taught_in").is_in(names) & pl.col("asked_in").is_in(names)).iter_rows(named=True):
        if row["accuracy"] is None:
            continue
        interval = [row["low"], row["high"]]
        yield {
            "taught_in": row["taught_in"],
            "asked_in": row["asked_in"],
            "taught": names[row["taught_in"]],
            "asked": names[row["asked_in"]],
            "percent": round(100 * row["accuracy"], 2),
            "label": f"{100 * row['accuracy']:.0f}",  # rounded as in the figure
            "accuracy": _percent([row["accuracy"]]),
            "interval": _percent(interval),
            "n": _known(row["n"]),
            "chance": _percent([row["chance"]]),
            "untaught": _percent([row["untaught"]]),
            "unfinished": _known(row["unfinished"]),
            "any": _percent([row.get("any")]),
            "unread": _percent([row.get("unread")]),
            "hatched": (row.get("unread") or 0) > UNREAD,
        }


def _percent(shares: Iterable[float | None]) -> str:
    shares = list(shares)
    return "not known" if None in shares else " to ".join(f"{100 * share:.1f}" for share in shares) + " %"


def _known(number: int | None) -> str:
    return "not known" if number is None else str(number)


def as_script(data: dict) -> str:
    """JSON that may stand inside a script element: nothing in it can end that element or begin a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
