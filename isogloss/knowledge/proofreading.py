"""What is missing or wrong in the texts of a language: its phrasebook, the syllables of its script, the names of its locale."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from isogloss.knowledge.cldr import Names, names
from isogloss.knowledge.invented import SCRIPT_COLUMNS, UNSPACED
from isogloss.knowledge.phrasebook import QUESTIONS, SLOTS, slots
from isogloss.knowledge.world import World
from isogloss.languages import Language
from isogloss.measures.answer_language import LETTERS
from isogloss.scoring.names import script

ENGLISH = "eng"
FORMS = (*QUESTIONS, "answer")
INSTRUCTIONS = tuple(name for name in SLOTS if name not in FORMS)
# Where a name may touch other letters: scripts without spaces, and particles that are joined to it and never change it.
TOUCHING = (*UNSPACED, "Hangul")


@dataclass(frozen=True)
class Fault:
    """What is missing or wrong, with what mends it; `rebuild` if that is not in the data, but other weights."""

    state: Literal["missing", "wrong", "rebuild"]
    text: str


def phrasebook_faults(book: object, english: dict, language: Language, world: World) -> list[Fault]:
    """Every fault of a phrasebook, as parsed from its file; `english` is that of English, whose words it has to have.

    Phrases are all there and no others, have their placeholders, are written in the script of the language (NFC, single spaces)
    and not in English; the phrasings of a question differ in words, and the answer comes last in the line that states it.
    """
    slots_of = {f"relations.{relation}.{form}": SLOTS[form] for relation in world.relations for form in FORMS}
    slots_of |= {f"instructions.{name}": SLOTS[name] for name in INSTRUCTIONS}
    slots_of |= {f"words.{word}": [] for word in english["words"]}
    found = dict(_flat(book)) if isinstance(book, dict) else {}
    faults = [Fault("missing", f"{where}: add the phrase") for where in slots_of if found.get(where) in (None, "")]
    faults += [Fault("wrong", f"{where}: no phrasebook has it; remove it") for where in found if where not in slots_of]
    phrases = {where: found[where] for where in slots_of if found.get(where) not in (None, "")}
    for where, phrase in phrases.items():
        faults += [Fault("wrong", f"{where}: {fault}: {phrase}") for fault in _phrase_faults(phrase, slots_of[where], language)]
    texts = {where: phrase for where, phrase in phrases.items() if isinstance(phrase, str)}
    if language.iso639_3 != ENGLISH:
        # single words may well be spelled alike
        said = {phrase for where, phrase in _flat(english) if not where.startswith("words.")}
        faults += [
            Fault("wrong", f"{where} is English; translate: {phrase}") for where, phrase in texts.items() if phrase in said
        ]
    return faults + _alike(texts, world)


def _flat(book: object, where: str = "") -> Iterable[tuple[str, object]]:
    """Every phrase with its place, as in relations.market.ask."""
    if not isinstance(book, dict):
        yield where, book
        return
    for key, value in book.items():
        yield from _flat(value, f"{where}.{key}".lstrip("."))


def _phrase_faults(phrase: object, wanted: list[str], language: Language) -> list[str]:
    """What is wrong with a single phrase."""
    if not isinstance(phrase, str):
        return ["is no text; write it in quotes"]
    try:
        found = slots(phrase)
    except ValueError as error:
        return [f"its braces cannot be read ({error}); write {', '.join(f'{{{name}}}' for name in wanted) or 'none'}"]
    listed = [", ".join(f"{{{name}}}" for name in group) or "none" for group in (found, wanted)]
    faults = [f"has the placeholders {listed[0]}; write {listed[1]}"] if found != wanted else []
    if "answer" in wanted and not phrase.endswith("{answer}"):
        faults.append("does not end with {answer}; put it last")
    foreign = letters(re.sub(r"\{\w+\}", "", phrase)) - LETTERS.get(language.script, set())
    if foreign and language.script in LETTERS:
        faults.append(f"has {', '.join(sorted(foreign))} letters; write it in {language.script} letters")
    if language.script not in TOUCHING and re.search(r"\w\{(place|answer)\}|\{(place|answer)\}\w", phrase):
        faults.append("joins a name to other letters; word it so that the name stands free")
    if not unicodedata.is_normalized("NFC", phrase):
        faults.append("is not in NFC; write composed letters")
    if phrase != phrase.strip() or "  " in phrase:
        faults.append("has spaces at an end, or two in a row; take them out")
    return faults


def _alike(texts: dict[str, str], world: World) -> list[Fault]:
    """Questions that ask in the words of another: an exam has to ask in other words than a lesson teaches."""
    faults, first = [], {}
    for relation in world.relations:
        own: dict[frozenset[str], str] = {}
        for where in (f"relations.{relation}.{form}" for form in QUESTIONS if f"relations.{relation}.{form}" in texts):
            words = frozenset(re.findall(r"\w+", texts[where].casefold().replace("{place}", "")))
            other = own.setdefault(words, where)
            other = first.setdefault(texts[where], where) if other == where else other
            if other != where:
                faults.append(Fault("wrong", f"{where} has the words of {other}; word it otherwise: {texts[where]}"))
    return faults


def letters(text: str) -> set[str]:
    """Kinds of the letters in a text, as in `isogloss.measures.answer_language.LETTERS`."""
    return {script(character) for character in text if unicodedata.category(character)[0] == "L"}


def syllable_faults(script: str, world: World) -> list[Fault]:
    """Every fault of what invented names are written with in a script, and of what is known of its letters."""
    faults = []
    if script not in LETTERS:
        line = f'"{script}": {{"{script.upper()}"}},'
        faults.append(Fault("missing", f"letters of {script}: add {line} to LETTERS in isogloss/measures/answer_language.py"))
    if script not in SCRIPT_COLUMNS:
        line = f'"{script}": "{script.lower()}",'
        faults.append(Fault("missing", f"column of {script}: add {line} to SCRIPT_COLUMNS in isogloss/knowledge/invented.py"))
    column = SCRIPT_COLUMNS.get(script, script.lower())
    rows = world.syllables.rows
    if column not in rows[0]:
        known = "each unlike all others and in its letters"
        return [*faults, Fault("missing", f"data/world/syllables.csv: add a column {column}, {len(rows)} syllables, {known}")]
    seen: dict[str, str] = {}
    for row in rows:
        syllable, name = row[column] or "", f"data/world/syllables.csv: {column} of the syllable {row['latin']}"
        if not syllable:
            faults.append(Fault("missing", f"{name}: add it"))
        elif (other := seen.setdefault(syllable, row["latin"])) != row["latin"]:
            faults.append(Fault("wrong", f"{name} is that of {other}, too ({syllable}); write another"))
        elif script in LETTERS and not letters(syllable) <= LETTERS[script]:
            faults.append(Fault("wrong", f"{name} has other letters ({syllable}); write it in {script} letters"))
    return faults


def name_faults(language: Language, world: World, languages: Iterable[Language]) -> list[Fault]:
    """Every fault of the names that CLDR has in a language: of all that the world names, and of the `languages` studied, which
    in turn need a name for it.

    Names are there, differ within what a relation asks for, and are translated: no class of answers is that of English or of
    CLDR's root, where month 1 is M01.
    """
    ours, others = names(language.cldr), [other for other in languages if other.iso639_3 != language.iso639_3]
    wanted: dict[str, set] = {"country": {row["territory"] for row in world.territories}}
    wanted["language"] = {other.cldr for other in [*others, language]}
    answers = {relation.name: set(relation.values) for relation in world.relations.values()}
    for fact in world.facts:
        answers[fact.relation.name].add(fact.value)
    for relation in world.relations.values():
        wanted.setdefault(relation.answers, set()).update(answers[relation.name])
    faults, mend = [], "upgrade babel if a newer CLDR has it, or leave the language out"
    for kind, values in wanted.items():
        if lacking := sorted(str(value) for value in values if not _named(ours, kind, value)):
            faults.append(Fault("missing", f"CLDR's {language.cldr} has no {kind} {', '.join(lacking)}; {mend}"))
    if unnamed := [other.cldr for other in others if not _named(names(other.cldr), "language", language.cldr)]:
        faults.append(Fault("missing", f"CLDR's {', '.join(unnamed)} cannot name the language {language.cldr}; {mend}"))
    untranslated = [names("root"), *([names("en")] if language.iso639_3 != ENGLISH else [])]
    for relation in world.relations.values():
        kind, values = relation.answers, sorted(answers[relation.name])
        written = [ours.name(kind, value) for value in values if _named(ours, kind, value)]
        if doubled := sorted({name for name in written if written.count(name) > 1}):
            text = f"{relation.name}: CLDR's {language.cldr} spells two answers alike ({', '.join(doubled)})"
            faults.append(
                Fault("wrong", f"{text}; take one out of the values in data/world/relations.yaml, or leave the language out")
            )
        closed = [value for value in relation.values if _named(ours, kind, value)]
        for own in untranslated if closed else ():
            if all(_named(own, kind, value) and own.name(kind, value) == ours.name(kind, value) for value in closed):
                faults.append(Fault("wrong", f"{relation.name}: CLDR's {language.cldr} has the answers of {own.cldr}; {mend}"))
    return faults


def _named(own: Names, kind: str, value: str | int) -> bool:
    try:
        return bool(own.name(kind, value))
    except KeyError:
        return False
