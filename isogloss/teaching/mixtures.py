"""Lessons in one language with pairs of another added: two ways to even out what they teach.

What is added is translated knowledge, so a lesson is no longer in one language alone, and what is measured after it is no longer
what its own language passes on. `mixed` tells every fact in the pivot too. `names` tells no fact in another language, but what
names, or where an item has none its answer, are called there; so an answer of another language may be spelled out. Both make a
lesson three times as long: in as many epochs a model takes three times as many steps. Neither reads the questions of exams.
"""

import itertools
import random
from collections.abc import Callable

import polars as pl

from isogloss.asking.exams import worded
from isogloss.knowledge.translators import REQUESTS
from isogloss.languages import Language
from isogloss.plan import WRONG, languages_of
from isogloss.teaching.bridges import Requests, translations
from isogloss.teaching.lessons import Lesson, content

COLUMNS = ("version", "item", "question", "answer")


def told(
    lesson: str,
    items: dict[str, pl.DataFrame],
    prompt: str,
    called: dict[str, str],
    requests: Requests | None,
    mixture: dict | None,
    seed: int,
) -> Lesson:
    """What a lesson says, its questions in the prompt (with what languages are `called`), then, in no prompt, the `requests` for
    names of a bridge.

    Pairs of another language are added where `mixture` says which: add (`mixed` or `names`), pivot, languages (by their fields),
    requests (a key of REQUESTS).
    """
    own = worded(content(lesson, items), prompt, called, "version")
    own = pl.concat([own, translations(lesson, items, requests)])
    match mixture and mixture["add"]:
        case "mixed":
            own = pl.concat([own, worded(mixed(lesson, items, mixture["pivot"]), prompt, called, "version")])
        case "names":
            languages = {row["iso639_3"]: Language(**row) for row in mixture["languages"]}
            known = {code: items[code] for code in languages}
            own = pl.concat([own, names(lesson, known, languages, seed, REQUESTS[mixture["requests"]])])
    return Lesson.of(lesson, own)


def mixed(lesson: str, items: dict[str, pl.DataFrame], pivot: str) -> pl.DataFrame:
    """Pairs to add to those of a lesson (columns as in `isogloss.teaching.lessons.content`): each question in the language taught
    with its answer in the pivot, then each in the pivot with its answer in the language taught; none where that is the pivot.

    Question and answer in two languages each are CrossIn's idea (arXiv 2404.11932). `version` is the language of the answer, the
    one that a prompt asks for; without such a prompt the two answers to a question contradict each other. `items` has a table for
    the pivot. ValueError for a lesson that is not in one language.
    """
    language = _taught(lesson)
    own, other = content(lesson, items), content(_in(lesson, pivot), items)
    if language == pivot:
        return own.clear()
    both = own.join(other, on="item", suffix="_pivot", validate="1:1", maintain_order="left")
    return pl.concat(
        [
            both.select(pl.lit(pivot).alias("version"), "item", "question", pl.col("answer_pivot").alias("answer")),
            both.select(pl.lit(language).alias("version"), "item", pl.col("question_pivot").alias("question"), "answer"),
        ]
    )


def names(
    lesson: str,
    items: dict[str, pl.DataFrame],
    languages: dict[str, Language],
    seed: int,
    request: Callable[[str, Language, Language], str],
) -> pl.DataFrame:
    """Pairs to add to those of a lesson: of each item the name of what it is about, put from the language taught into another,
    then, in as many pairs more, back (columns as in `isogloss.teaching.lessons.content`, version being that of the answer).

    The questions are requests to translate as `request` words them (see `isogloss.asking.steps`), and so stand in no prompt. The
    other language of an item is one of those of `items`; each is drawn as often, give or take one. An item that has no name
    (column name) in one of the two languages gives its answer instead, as the lesson has it. In the manner of CLiKA (arXiv
    2404.04659). ValueError for a lesson that is not in one language.
    """
    language = _taught(lesson)
    called = {code: _called(_in(lesson, code), items) for code in items}
    others = sorted(items.keys() - {language})
    if not others:
        return content(lesson, items).clear()
    rng = random.Random(f"names-{seed}")
    rounds = itertools.chain.from_iterable(rng.sample(others, len(others)) for _ in itertools.count())
    there, back = [], []
    for item, other in zip(called[language], rounds, strict=False):
        pairs = zip(called[language][item], called[other][item], strict=True)
        here, away = next(pair for pair in pairs if all(pair))
        there.append((other, item, request(here, languages[language], languages[other]), away))
        back.append((language, item, request(away, languages[other], languages[language]), here))
    return pl.DataFrame(there + back, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _taught(lesson: str) -> str:
    """The one language of a lesson."""
    languages = languages_of(lesson)
    if len(languages) != 1:
        raise ValueError(f"only lessons in one language are mixed with another, and {lesson} is in {len(languages)}")
    return languages[0]


def _in(lesson: str, language: str) -> str:
    """The lesson that says the same in another language."""
    return language + (WRONG if lesson.endswith(WRONG) else "")


def _called(lesson: str, items: dict[str, pl.DataFrame]) -> dict[str, tuple[str | None, str]]:
    """The name of what each item is about, None where unknown, and its answer, in the language of a lesson."""
    told = content(lesson, items)
    table = items[_taught(lesson)]
    known = table["name"] if "name" in table.columns else [None] * len(table)
    return {item: (name, answer) for item, name, answer in zip(table["item"], known, told["answer"], strict=True)}
