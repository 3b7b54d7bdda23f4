"""The table of scored answers, from which every measure is taken.

An answer is right in the language asked, or in some other in which its item is written: then what was taught arrived, but was
said in another language. Both are decided by the rule of `isogloss.scoring.exact`, and words that languages share are decided
strictly:

- What the language asked calls another answer of the class is that other answer, whatever it is called elsewhere. Its names are
  rivals in every language, and never aliases.
- A whole answer that is right in one language and is another answer in a second one, neither of which was asked (`dim`, short
  for Sunday in French and for Tuesday in Scottish Gaelic), counts only where the language in which it is right was taught.
"""

from dataclasses import dataclass, field

import polars as pl

from isogloss.asking.prompts import said_so_far
from isogloss.plan import languages_of
from isogloss.scoring.exact import Class, Expected, class_of
from isogloss.scoring.spelling import normalise
from isogloss.teaching.bridges import ENGLISH_NAME, NAME, NAMES, name_references
from isogloss.teaching.lessons import answered_in


def score(answers: pl.DataFrame, items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Score answers against the items of the language they were asked in, and of every other language.

    `items` has those of each language in which the knowledge set is written, in the order of the config. Adds reference,
    conflict_reference, chance, correct and conflict_correct (in the language asked), match and conflict_match (how they are:
    `exact`, `within` a longer answer, `inflected` or `number`, see `isogloss.scoring.exact`), alike (whether the right answer
    is spelled alike in the language taught; null where that is not one language that has items), correct_any and
    conflict_correct_any (in any language, by the rule above), answer_in (the language in which an answer is right: the one
    asked if it is right there; else, of those in which it is, the one taught if it is among them, or all of them, joined by
    `+`; null where it is right in none), true_in (the language in which a lesson of two gave the answer, not the conflicting
    one; null for other lessons) and unfinished_correct (of an answer without an end, whether the text so far is right in the
    language asked; null for others, and where the column raw is not there).

    Names, of which conductivity asks the translation, are right in the language asked or not at all. Raises ValueError if the
    items lack what was asked.
    """
    references = _references(items)
    if NAMES in answers["part"]:
        references = pl.concat([references, name_references(items)])
    table = answers.join(references, on=["asked_in", "item"], how="left", maintain_order="left")
    if lacking := table.filter(pl.col("relation").is_null()).select("asked_in", "item").unique(maintain_order=True).rows():
        raise ValueError(f"the items have no {' / '.join(lacking[0])} ({len(lacking)} lacking in all), which was asked")
    spelled = {(row["asked_in"], row["item"]): normalise(row["reference"]) for row in references.iter_rows(named=True)}
    rows = list(table.iter_rows(named=True))
    items_of = {lesson: sorted(part["item"].unique()) for (lesson,), part in table.group_by("lesson")}
    versions = {lesson: answered_in(lesson, found) for lesson, found in items_of.items() if len(languages_of(lesson)) > 1}
    names = _Names.of(references, list(items))
    right, conflict = (
        [names.verdict(side, row["asked_in"], row["item"], row["answer"]) for row in rows]
        for side in ("aliases", "conflict_aliases")
    )
    own_match, conflict_match = ([found[0] for found in side] for side in (right, conflict))
    answer_in = [_answer_in(row, *found) for row, found in zip(rows, right, strict=True)]
    conflict_in = [_answer_in(row, *found) for row, found in zip(rows, conflict, strict=True)]
    columns = {
        "correct": [how is not None for how in own_match],
        "conflict_correct": [how is not None for how in conflict_match],
        "match": own_match,
        "conflict_match": conflict_match,
        "alike": [
            spelled[row["taught_in"], row["item"]] == normalise(row["reference"]) if row["taught_in"] in items else None
            for row in rows
        ],
        "correct_any": [language is not None for language in answer_in],
        "conflict_correct_any": [language is not None for language in conflict_in],
        "answer_in": answer_in,
        "true_in": [versions.get(row["lesson"], {}).get(row["item"]) for row in rows],
        "unfinished_correct": [_right_so_far(row, names) for row in rows],
    }
    texts = ("match", "conflict_match", "answer_in", "true_in")
    return table.with_columns(
        pl.Series(name, values, dtype=pl.String if name in texts else pl.Boolean) for name, values in columns.items()
    ).drop("aliases", "conflict_aliases", "relation")


def _references(items: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """What is expected of each language and item."""
    return pl.concat(
        [
            table.select(
                pl.lit(language).alias("asked_in"),
                "item",
                pl.col("answer").alias("reference"),
                pl.col("conflict_answer").alias("conflict_reference"),
                "relation",
                "aliases",
                "conflict_aliases",
                "chance",
            )
            for language, table in items.items()
        ]
    )


def _answer_in(row: dict, match: str | None, elsewhere: tuple[str, ...], doubtful: bool) -> str | None:
    """In which language an answer is right, from its `_Names.verdict`."""
    if match:
        return row["asked_in"]
    taught = [code for code in elsewhere if code in (row["taught_in"] or "").split("+")]
    return "+".join(taught or (() if doubtful else elsewhere)) or None


def _right_so_far(row: dict, names: "_Names") -> bool | None:
    if row["state"] != "unfinished" or "raw" not in row:
        return None
    return names.verdict("aliases", row["asked_in"], row["item"], said_so_far(row["raw"]))[0] is not None


Verdict = tuple[str | None, tuple[str, ...], bool]


@dataclass
class _Names:
    """What answers are called, by language and class. A text is looked through once a class, and judged once an item."""

    languages: list[str]
    relation: dict[tuple[str, str], str]  # by language and item
    own: dict[tuple[str, str, str], tuple[str, ...]]  # aliases, by side (aliases, conflict_aliases), language and item
    classes: dict[tuple[str, str], Class]  # every answer and conflicting answer, by language and relation
    names: dict[tuple[str, str], frozenset[str]]  # all of their names, normalised
    expected: dict[tuple[str, str, str], Expected] = field(default_factory=dict)
    known: dict[tuple[str, str, str, str], Verdict] = field(default_factory=dict)

    @classmethod
    def of(cls, references: pl.DataFrame, languages: list[str]) -> "_Names":
        """Of all that is expected, see `_references`, in these languages."""
        relation: dict[tuple[str, str], str] = {}
        own: dict[tuple[str, str, str], tuple[str, ...]] = {}
        groups: dict[tuple[str, str], dict[tuple[str, ...], None]] = {}
        for row in references.iter_rows(named=True):
            language, item = row["asked_in"], row["item"]
            relation[language, item] = row["relation"]
            for side in ("aliases", "conflict_aliases"):
                own[side, language, item] = tuple(row[side])
                groups.setdefault((language, row["relation"]), {})[tuple(row[side])] = None
        classes = {key: class_of(tuple(own_groups), key[0]) for key, own_groups in groups.items()}
        names = {key: frozenset(map(normalise, (name for group in of for name in group))) for key, of in groups.items()}
        return cls(languages, relation, own, classes, names)

    def verdict(self, side: str, asked: str, item: str, answer: str | None) -> Verdict:
        """(how an answer is right in the language asked; if it is not, in which others it is, and whether the whole of it is
        another answer in one of them). Aliases are those of a `side`: aliases or conflict_aliases."""
        if answer is None:
            return None, (), False
        key = side, asked, item, answer
        if key not in self.known:
            self.known[key] = self._verdict(side, asked, item, answer)
        return self.known[key]

    def _expected(self, side: str, language: str, item: str) -> Expected:
        key = side, language, item
        if key not in self.expected:
            of = language, self.relation[language, item]
            self.expected[key] = self.classes[of].expected(self.own[key], self.names[of])
        return self.expected[key]

    def _is_elsewhere(self, side: str, item: str, text: str) -> bool:
        """Whether the whole of an answer is what a language calls the item: then it was said in that language, and is no form
        of the word of another (`oktober`, `October`)."""
        return any(
            text in self._expected(side, language, item).own for language in self.languages if (side, language, item) in self.own
        )

    def _verdict(self, side: str, asked: str, item: str, answer: str) -> Verdict:
        relation, home = self.relation[asked, item], self._expected(side, asked, item)
        here = self.classes[asked, relation]
        text, there = here.finds(answer)
        match = home.verdict(answer)
        if match and (match == "exact" or not self._is_elsewhere(side, item, text)):
            return match, (), False
        others = [find for find in there if find.name in home.rivals]
        right, doubtful = [], False
        for language in [] if relation in (NAME, ENGLISH_NAME) else self.languages:
            if language == asked or self.relation.get((language, item)) != relation:
                continue
            elsewhere = self._expected(side, language, item)
            doubtful = doubtful or text in elsewhere.rivals
            # what the language asked has for another answer is no alias here, but a rival
            own = elsewhere.own - home.rivals
            if own and (text in own or elsewhere.mentions(answer, own)):
                strict = Expected(elsewhere.of, own, elsewhere.rivals | home.rivals)
                right += [language] if strict.decided(text, [*self.classes[language, relation].finds(answer)[1], *others]) else []
        return None, tuple(right), doubtful
