"""The phrasebook: how each relation is asked and answered in a language (``data/phrasebook/{language}.yaml``)."""

import string
from dataclasses import dataclass
from pathlib import Path

import yaml

QUESTIONS = ("teach", "ask", "pretrain")
SLOTS = {
    "teach": ["place"],
    "ask": ["place"],
    "pretrain": ["place"],
    "answer": ["answer", "place"],
    "translate": ["language", "text"],
    "choose": [],
}


@dataclass(frozen=True)
class Phrasebook:
    """Phrases of one language.

    `relations[relation]` has the questions `teach`, `ask` and `pretrain` and the one-line form `answer`; `instructions` has
    `translate` and `choose`; `words` are the few nouns that CLDR lacks.
    """

    relations: dict[str, dict[str, str]]
    instructions: dict[str, str]
    words: dict[str, str]

    def question(self, relation: str, phrasing: str, place: str) -> str:
        """The question in one of the phrasings `QUESTIONS`."""
        return self.relations[relation][phrasing].format(place=place)

    def answer_line(self, relation: str, place: str) -> str:
        """The one-line statement up to the answer, which ends it."""
        return self.relations[relation]["answer"].format(place=place, answer="")


def slots(phrase: str) -> list[str]:
    """The placeholders of a phrase, sorted, each as often as it occurs."""
    return sorted(field for _, field, _, _ in string.Formatter().parse(phrase) if field is not None)


def read_phrasebook(path: str | Path) -> Phrasebook:
    """Read and check a phrasebook; ValueError lists every phrase whose placeholders are not the expected ones."""
    book = Phrasebook(**yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    phrases = [(f"relations.{r}.{k}", k, p) for r, forms in book.relations.items() for k, p in forms.items()]
    phrases += [(f"instructions.{k}", k, p) for k, p in book.instructions.items()]
    wrong = [
        f"{path}: {where} has placeholders {slots(phrase)}, expected {SLOTS[key]}: {phrase}"
        for where, key, phrase in phrases
        if slots(phrase) != SLOTS[key]
    ]
    if wrong:
        raise ValueError("\n".join(wrong))
    return book
