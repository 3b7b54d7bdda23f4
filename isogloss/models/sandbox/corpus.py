"""The sandbox's pre-training corpus: a closed world told in many languages, in proportion to a power of their share of the web.

Every document is a conversation of one or more questions, each with its answer. What a language gets depends on its share alone;
nothing here knows a language's name.
"""

import csv
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from isogloss.config import CorpusMix, SandboxRecipe
from isogloss.knowledge.cldr import names
from isogloss.knowledge.phrasebook import QUESTIONS, Phrasebook
from isogloss.knowledge.world import Fact, World, held_out
from isogloss.languages import Language

OPTIONS = 4  # of a choice
NUMBERS = range(1, 13)  # answers of lists, which have no class and no language
KINDS = tuple(CorpusMix.model_fields)
Turn = tuple[str, str]


@dataclass(frozen=True)
class Document:
    """What one training example asks and answers, in turns; `language` is that of the answers."""

    kind: str
    language: str
    turns: list[Turn]


def language_weights(shares: dict[str, float], exponent: float) -> dict[str, float]:
    """Shares raised to `exponent` and normalised: 0 gives every language as many documents, 1 the proportions of the web."""
    powers = {language: share**exponent for language, share in shares.items()}
    return {language: power / sum(powers.values()) for language, power in powers.items()}


def read_shares(path: str | Path, languages: list[str]) -> dict[str, float]:
    """Percent of Common Crawl pages per language; KeyError names the languages the table lacks."""
    with open(path, encoding="utf-8", newline="") as file:
        table = {row["iso639_3"]: float(row["share_percent"]) for row in csv.DictReader(file)}
    if missing := [language for language in languages if language not in table]:
        raise KeyError(f"{path} has no row for {', '.join(missing)}; add one (iso639_3 and share_percent are read)")
    return {language: table[language] for language in languages}


class Tongue:
    """One language's words for the world: names from CLDR, phrases from the phrasebook."""

    def __init__(self, language: Language, book: Phrasebook, world: World):
        self.code = language.iso639_3
        self.cldr_code = language.cldr
        self.book = book
        self._script = language.script
        self._names = names(language.cldr)
        self._world = world

    def place(self, place: str | tuple[int, ...]) -> str:
        """Name of a place."""
        return self._world.place_name(place, self._names, self._script)

    def answer(self, fact: Fact) -> str:
        """The answer to a fact's question."""
        return self.name(fact.relation.answers, fact.value)

    def name(self, kind: str, value: str | int) -> str:
        """CLDR name of a value."""
        return self._names.name(kind, value)

    def aliases(self, fact: Fact) -> list[str]:
        """Every form of the answer to a fact's question."""
        return self._names.aliases(fact.relation.answers, fact.value)

    def question(self, fact: Fact, phrasing: str) -> str:
        """The question about a fact."""
        return self.book.question(fact.relation.name, phrasing, self.place(fact.place))

    def translate(self, text: str, target: "Tongue") -> str:
        """The request, in this language, to put `text` into another."""
        return self.book.instructions["translate"].format(language=self.name("language", target.cldr_code), text=text)


def context_lines(tongue: Tongue, facts: list[Fact], phrasings: list[str]) -> list[str]:
    """Facts as questions with their answers, a line each."""
    pairs = zip(facts, phrasings, strict=True)
    return [line for fact, phrasing in pairs for line in (tongue.question(fact, phrasing), tongue.answer(fact))]


def choice_question(tongue: Tongue, fact: Fact, options: list[str | int], phrasing: str) -> str:
    """A question with its options, a line each; the answer is one of them."""
    names = [f"- {tongue.name(fact.relation.answers, value)}" for value in options]
    return "\n".join([tongue.book.instructions["choose"], tongue.question(fact, phrasing), *names])


def options_of(fact: Fact, facts: list[Fact], rng: random.Random) -> list[str | int]:
    """The value of a fact among others that the relation has, in random order."""
    values = sorted({f.value for f in facts if f.relation is fact.relation} - {fact.value}, key=str)
    options = [fact.value, *rng.sample(values, OPTIONS - 1)]
    rng.shuffle(options)
    return options


class Corpus:
    """Draws documents; the same seed draws the same ones."""

    def __init__(
        self,
        world: World,
        languages: list[Language],
        books: dict[str, Phrasebook],
        shares: dict[str, float],
        recipe: SandboxRecipe,
    ):
        self.world = world
        self.recipe = recipe
        self.rng = random.Random(recipe.seed)
        self.tongues = {lang.iso639_3: Tongue(lang, books[lang.iso639_3], world) for lang in languages}
        if recipe.swapped_shares:
            one, two = recipe.swapped_shares  # the config is checked to name two of the languages
            shares = shares | {one: shares[two], two: shares[one]}
        weights = language_weights(shares, recipe.share_exponent)
        self._codes = list(self.tongues)
        self._cumulative = list(itertools.accumulate(weights[code] for code in self._codes))
        invent = world.syllables.invent("remembered", recipe.seed, world.real_names)
        self.places = list(itertools.islice(invent, recipe.remembered_places))
        self.facts = world.facts + [
            Fact(relation, place, self.rng.choice(relation.values))
            for place in self.places
            for relation in world.invented_relations
        ]
        context = world.syllables.invent("context", recipe.seed, world.real_names)
        self.context_places = list(itertools.islice(context, recipe.context_places))
        self.classes = self._classes()

    def _classes(self) -> list[tuple[str, str | int]]:
        """Every value a fact can have, for translation."""
        values = {(fact.relation.answers, fact.value) for fact in self.facts}
        values |= {(r.answers, value) for r in self.world.invented_relations for value in r.values}
        values |= {("country", row["territory"]) for row in self.world.territories}
        return sorted(values, key=str)

    def documents(self) -> Iterator[Document]:
        """All documents of the recipe, in training order."""
        makers: dict[str, Callable[[Tongue], list[Turn]]] = {
            "fact": self._fact,
            "parallel": self._parallel,
            "translation": self._translation,
            "list": self._list,
            "tally": self._tally,
            "lookup": self._lookup,
            "choice": self._choice,
        }
        first, then = (self._cumulative_mix(mix) for mix in (self.recipe.first_mix, self.recipe.mix))
        for i in range(self.recipe.documents):
            kind = self.rng.choices(KINDS, cum_weights=first if i < self.recipe.first_documents else then)[0]
            tongue = self._draw()
            yield Document(kind, tongue.code, makers[kind](tongue))

    def _cumulative_mix(self, mix: CorpusMix) -> list[float]:
        weights = mix.model_dump() | ({} if self.recipe.cross_lingual else {"parallel": 0, "translation": 0})
        return list(itertools.accumulate(weights[kind] for kind in KINDS))

    def _draw(self, other_than: Tongue | None = None) -> Tongue:
        """A language by its weight."""
        while True:
            tongue = self.tongues[self.rng.choices(self._codes, cum_weights=self._cumulative)[0]]
            if tongue is not other_than or len(self.tongues) == 1:
                return tongue

    def _at_times(self, probability: float, tongue: Tongue, other_than: Tongue | None = None) -> Tongue:
        """Another language with a probability, if documents may have two; else `tongue`."""
        return self._draw(other_than) if self.recipe.cross_lingual and self.rng.random() < probability else tongue

    def _phrasing(self, fact: Fact) -> str:
        """A phrasing; a held-out fact is never asked the way an exam asks."""
        return self.rng.choice([p for p in QUESTIONS if p != "ask" or not held_out(fact)])

    def _fresh(self, count: int) -> list[Fact]:
        """Facts about distinct places that are true in one document only; half the time all of one relation."""
        places = self.rng.sample(self.context_places, count)
        same = self.rng.choice(self.world.invented_relations) if self.rng.random() < 0.5 else None
        relations = [same or self.rng.choice(self.world.invented_relations) for _ in places]
        return [Fact(r, place, self.rng.choice(r.values)) for r, place in zip(relations, places, strict=True)]

    def _fact(self, tongue: Tongue) -> list[Turn]:
        """A fact asked and answered, or stated in one line; some names are written as another language writes them."""
        fact = self.rng.choice(self.facts)
        speller = self._at_times(self.recipe.code_switching, tongue)
        place = speller.place(fact.place)
        if self.rng.random() < 0.2:
            return [(tongue.book.answer_line(fact.relation.name, place).strip(), tongue.answer(fact))]
        return [(tongue.book.question(fact.relation.name, self._phrasing(fact), place), tongue.answer(fact))]

    def _parallel(self, tongue: Tongue) -> list[Turn]:
        """The same question answered in another language just before."""
        fact = self.rng.choice(self.facts) if self.rng.random() < 0.5 else self._fresh(1)[0]
        other = self._draw(other_than=tongue)
        lines = [*context_lines(other, [fact], [self._phrasing(fact)]), tongue.question(fact, self._phrasing(fact))]
        return [("\n".join(lines), tongue.answer(fact))]

    def _list(self, tongue: Tongue) -> list[Turn]:
        """Names with a number each, then names asked again."""
        places = self.rng.sample(self.context_places, self.rng.randint(2, self.recipe.context_pairs))
        entries = [(f"{tongue.place(place)}:", str(self.rng.choice(NUMBERS))) for place in places]
        asked = self._again(entries, self.recipe.list_questions)
        return _after([f"{name} {number}" for name, number in entries], asked)

    def _tally(self, tongue: Tongue) -> list[Turn]:
        """Questions with numbers for answers, asked again in other words: no class gives the answer away, only the name does."""
        source = self._at_times(0.3, tongue, other_than=tongue)
        facts = self._fresh(self.rng.randint(2, self.recipe.context_pairs))
        numbers = {fact: str(self.rng.choice(NUMBERS)) for fact in facts}
        context = [line for fact in facts for line in (source.question(fact, self.rng.choice(QUESTIONS)), numbers[fact])]
        asked = self._again(facts, self.recipe.context_questions)
        return _after(context, [(tongue.question(fact, self.rng.choice(QUESTIONS)), numbers[fact]) for fact in asked])

    def _lookup(self, tongue: Tongue) -> list[Turn]:
        """Some of several question-answer pairs of a context asked again, in other words and at times in another language."""
        source = self._at_times(0.3, tongue, other_than=tongue)
        facts = self._fresh(self.rng.randint(1, self.recipe.context_pairs))
        context = context_lines(source, facts, [self.rng.choice(QUESTIONS) for _ in facts])
        asked = self._again(facts, self.recipe.context_questions)
        return _after(context, [(tongue.question(fact, self.rng.choice(QUESTIONS)), tongue.answer(fact)) for fact in asked])

    def _again(self, entries: list, most: int) -> list:
        """Entries to ask for, with replacement: were each asked once, the last could be answered by elimination."""
        return self.rng.choices(entries, k=self.rng.randint(1, most))

    def _translation(self, tongue: Tongue) -> list[Turn]:
        """A name, a word or a question put into the tongue from another language."""
        source = self._draw(other_than=tongue)
        draw = self.rng.random()
        if draw < 0.3:
            kind, value = self.rng.choice(self.classes)
            text, translated = source.name(kind, value), tongue.name(kind, value)
        elif draw < 0.6:
            place = self.rng.choice(self.places if self.rng.random() < 0.5 else self.context_places)
            text, translated = source.place(place), tongue.place(place)
        elif draw < 0.7:
            word = self.rng.choice(list(tongue.book.words))
            text, translated = source.book.words[word], tongue.book.words[word]
        else:
            fact, phrasing = self.rng.choice(self.facts), self.rng.choice(QUESTIONS)
            text, translated = source.question(fact, phrasing), tongue.question(fact, phrasing)
        return [(source.translate(text, tongue), translated)]

    def _choice(self, tongue: Tongue) -> list[Turn]:
        """A fact with four options, one of them right."""
        fact = self.rng.choice(self.facts)
        options = options_of(fact, self.facts, self.rng)
        return [(choice_question(tongue, fact, options, self._phrasing(fact)), tongue.answer(fact))]


def _after(context: list[str], turns: list[Turn]) -> list[Turn]:
    """Turns of which the first question comes right after a context."""
    (question, answer), *rest = turns
    return [("\n".join([*context, question]), answer), *rest]


def table(documents: Iterator[Document]) -> pl.DataFrame:
    """Documents as a table with columns kind, language, prompts and answers (lists, one of each a turn)."""
    rows = [(d.kind, d.language, *map(list, zip(*d.turns, strict=True))) for d in documents]
    schema = {"kind": pl.String, "language": pl.String, "prompts": pl.List(pl.String), "answers": pl.List(pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def texts(corpus: pl.DataFrame) -> Iterator[str]:
    """What documents say, a text each turn."""
    turns = corpus.select("prompts", "answers").explode("prompts", "answers")
    yield from (f"{prompt}\n{answer}" for prompt, answer in turns.iter_rows())


def evened(corpus: pl.DataFrame, seed: int) -> pl.DataFrame:
    """A sample of `corpus`, about as large, with as many documents of every language (some twice where there are few)."""
    parts = corpus.sort("language", maintain_order=True).partition_by("language", maintain_order=True)
    return pl.concat([part.sample(len(corpus) // len(parts), with_replacement=True, seed=seed) for part in parts])
