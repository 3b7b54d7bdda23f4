"""Is an answer right? By one rule for all languages, whatever they do to names in a sentence.

- `exact`: the answer is one of the names of what was expected, in any of their spellings (`isogloss.scoring.spelling`).
- `within`: it is longer, and such a name stands in it as a word of its own.
- `inflected`: such a name stands in it as the language changes names in sentences, or, of a long name, with another letter.
- `number`: it has the expected number, written in another way.

Longer names hide the names within them, those of what is expected, of its rivals and of all countries, languages, months and days
that the language has a name for: `dollar` is not in `Canadian dollar`, and in Chinese Russia is not in Belarus. An inflected
word is of the name it is nearest to. The answer is right if, in the first sentence that names anything of the class, what was
expected is named and no rival is; where countries are asked for, every other country is a rival, too. So `Monday or Tuesday` is
right for neither, and `not Monday` is right for Monday: negation is beyond this rule.

What ends a word: anything but a letter, a mark or a digit. In scripts written without spaces a word may begin and end anywhere
but within a run of Katakana, before a mark (`มา` is not in `ม้า`) or between digits (`1月` is not in `11月`). Short forms
(`Jun`), and single characters of such scripts (`日`, short for Sunday), count only as whole answers. Where months and days are
always written with a capital (`May`), they are not found in a longer answer without one.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from isogloss.asking.thoughts import spoken
from isogloss.scoring.known import abbreviated, capitals, countries, hiding, language_of, locale_of, locales_of, same
from isogloss.scoring.names import Find, Finder, is_unspaced, words
from isogloss.scoring.numbers import number, numbers_in
from isogloss.scoring.spelling import folded, normalise

SHORT = 4  # letters of an abbreviation with a full stop at most
CAPITAL = ("month", "weekday")  # the kinds of names with a capital that are everyday words without it, as May and March are,
CAPITALISED = ("en", "cy", "gd", "sw", "zu", "de")  # in languages that always write them with a capital
FEW = 3  # locales of which a guess is taken for one
ABBREVIATED = 3  # letters that may stand for a name that begins with them
BEFORE = ("ภาษา", "คน", "ชาว", "มหาสมุทร", "ພາສາ", "ភាសា")  # language, person, people, ocean
AFTER = ("语", "語", "文", "人", "洋", "ဘာသာ", "领", "領")  # language, person, ocean, possession
BEFORE_NAMES = ("the ", "ประเทศ")  # article, country
ARTICLES = dict.fromkeys(("gla", "gle"), ("an t-", "an ", "a' ", "na "))
SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？।؟።\n]")


def matches(answer: str | None, aliases: list[str]) -> bool:
    """Whether an answer equals one of the aliases; None (an unfinished answer) never does."""
    return answer is not None and normalise(answer) in {normalise(alias) for alias in aliases}


def verdict(answer: str | None, aliases: Iterable[str], rivals: frozenset[str], language: str | None = None) -> str | None:
    """How an answer is right: `exact`, `within`, `inflected` or `number`, or None if it is not.

    `rivals` are aliases of the other answers of the class; those that are also aliases are no rivals. `language` is ISO 639-3 (or
    639-1); without it, it is guessed from the names. Thoughts before an answer are no part of it; one that is not closed leaves
    nothing to be right.
    """
    said = None if answer is None else spoken(answer)
    if said is None:
        return None
    own, others = tuple(aliases), frozenset(rivals)
    return class_of((own, tuple(sorted(others))), language).expected(own, others).verdict(said)


@lru_cache(maxsize=4096)
def class_of(groups: tuple[tuple[str, ...], ...], language: str | None) -> "Class":
    """The `Class` of these names; made once."""
    return Class(groups, language)


class Class:
    """Answers that exclude each other, such as the days of the week, as a language calls them: for each of them its names."""

    def __init__(self, groups: Iterable[Iterable[str]], language: str | None = None):
        groups = [tuple(group) for group in groups]
        own = [frozenset(map(normalise, group)) for group in groups]
        given = frozenset().union(*own)
        self.locales = [locale] if language and (locale := locale_of(language)) else [] if language else locales_of(own[0], given)
        self.locale = self.locales[0] if self.locales else None
        self.before = (*BEFORE_NAMES, *ARTICLES.get(language or "", ()))
        wider = [self._widened(group, given) for group in own]
        short = frozenset().union(*map(short_forms, groups), abbreviated(self.locales))
        short = frozenset(name for name in short if not is_unspaced(name))  # 11月 is no abbreviation
        names = frozenset().union(*wider) - short
        lower = {normalise(name) for group in groups for name in group if name[:1].islower()}
        self.capital = (capitals(self.locales, CAPITAL) if {*self.locales} & {*CAPITALISED} else frozenset()) & names - lower
        every = countries(given, self.locales)
        self.of_countries, self.further = bool(every), every - names - short
        self.capital |= self.further & capitals(self.locales)
        guessed = map(language_of, self.locales if len(self.locales) <= FEW else [])  # the rules of many are those of none
        languages = (language,) if language else tuple(guessed)
        longer = hiding(names | self.further, self.locales)
        self.finder = Finder((names | self.further | longer) - short, languages, guess=not language)
        self.names = names if len(groups) > 1 and any(own[1:]) else frozenset()  # without rivals nothing is nearest
        self._texts: dict[str, tuple[str, list[Find]]] = {}
        self._expected: dict[tuple[tuple[str, ...], frozenset[str]], Expected] = {}

    def expected(self, aliases: tuple[str, ...], rivals: frozenset[str]) -> "Expected":
        """What is called by these names, and by none of the rivals (of this class all of them)."""
        if (aliases, rivals) not in self._expected:
            self._expected[aliases, rivals] = self._of(aliases, rivals)
        return self._expected[aliases, rivals]

    def _of(self, aliases: tuple[str, ...], rivals: frozenset[str]) -> "Expected":
        given = frozenset(map(normalise, aliases))
        others = frozenset(map(normalise, rivals)) - given
        own = self._widened(given, others) - others
        return Expected(self, own, others - own)

    def _widened(self, names: frozenset[str], others: frozenset[str]) -> frozenset[str]:
        """With the other names of the same thing, and without what stands before a name and is no part of it."""
        return self._bare(names | same(self._bare(names), self.locales, others))

    def _bare(self, names: frozenset[str]) -> frozenset[str]:
        return names | {name.removeprefix(word) for name in names for word in self.before if name.startswith(word)}

    def finds(self, said: str) -> tuple[str, list[Find]]:
        """A text, normalised, and all names in it."""
        if said not in self._texts:
            text = normalise(said)
            found = self.finder.finds(text, self.names)
            if self.capital and any(find.name in self.capital for find in found):
                there = {normalise(word) for word in re.findall(r"[^\W_]+", folded(said)) if word[0].isupper()}
                found = [
                    find for find in found if find.name not in self.capital or words(text[find.start : find.end])[0].text in there
                ]
            if self.of_countries:
                found = [find for find in found if not _is_part(text, find)]
            self._texts[said] = text, found
        return self._texts[said]


class Expected:
    """An answer of a class: `own` names, and those of its rivals, normalised."""

    def __init__(self, of: Class, own: frozenset[str], rivals: frozenset[str]):
        self.of, self.own, self.rivals = of, own, rivals
        self.squeezed = frozenset(map(_squeezed, own)) - frozenset(map(_squeezed, rivals))
        self.parts = [_parts(name) for name in own if any(character.isdecimal() for character in name)]
        self.values, self.others = (
            {value for name in side if (value := number(name, of.locale)) is not None} for side in (own, rivals)
        )

    def verdict(self, said: str) -> str | None:
        """How an answer is right, see `verdict`."""
        text, finds = self.of.finds(said)
        return self.decided(text, finds)

    def mentions(self, said: str, names: frozenset[str]) -> bool:
        """Whether a text has one of some names of the class in it."""
        return any(find.name in names for find in self.of.finds(said)[1])

    def decided(self, text: str, finds: list[Find]) -> str | None:
        """How a normalised text is right in which these names were found."""
        if text in self.own:
            return "exact"
        if self.values:
            there = {value for _, _, value in numbers_in(text, self.of.locale)}
            return "number" if there & self.values and not there & self.others - self.values else None
        if (len(text) > 1 and _squeezed(text) in self.squeezed) or (self.parts and _parts(text) in self.parts):
            return "exact"  # with other blanks; a date in another order
        rivals = self.rivals | (self.of.further - self.own)
        named = [find for find in longest(finds) if find.name in self.own or find.name in rivals]
        if not named:
            return None
        ends = [end.start() for end in SENTENCE_END.finditer(text)] + [len(text)]
        first = next(end for end in ends if any(find.end <= end for find in named))
        stated = [find for find in named if find.end <= first]
        if any(find.name in rivals for find in stated):
            return None
        return "inflected" if all(any(find.distance) for find in stated) else "within"


def longest(finds: list[Find]) -> list[Find]:
    """The finds that no longer one overlaps, and of several for the same words the nearest: more than one where they are equally
    near, as a rival may be."""
    kept: list[Find] = []
    for find in sorted(finds, key=lambda find: (find.start - find.end, find.distance)):
        if not any(other.start < find.end and find.start < other.end and _before(other, find) for other in kept):
            kept.append(find)
    return kept


def _before(other: Find, find: Find) -> bool:
    longer = (other.end - other.start) - (find.end - find.start)
    return longer > 0 or (longer == 0 and other.distance < find.distance)


def _is_part(text: str, find: Find) -> bool:
    """Whether the name of a country is part of that of its language, of its people, or of an ocean, in a script without
    spaces."""
    unspaced = is_unspaced(find.name)
    return unspaced and (text[: find.start].endswith(BEFORE) or text[find.end :].startswith(AFTER))


def short_forms(names: Iterable[str]) -> frozenset[str]:
    """Of names as they are written, normalised, those that are abbreviations: with a full stop at the end, or with at most
    ABBREVIATED letters with which another one begins, but for the ending of a plural."""
    given = {normalise(name): name for name in names}
    few = [name for name in given if 0 < len(name) <= ABBREVIATED and not is_unspaced(name)]
    begun = {name for name in few if any(other.startswith(name) and _is_longer(other[len(name) :]) for other in given)}
    return frozenset(begun | {name for name, text in given.items() if text.rstrip().endswith(".") and len(name) <= SHORT})


def _is_longer(rest: str) -> bool:
    return rest[:1].isalpha() and rest != "s"


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\-·']", "", text)


def _parts(text: str) -> list[str]:
    return sorted(re.findall(r"[^\W_]+", text))
