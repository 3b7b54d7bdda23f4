"""Names in texts: where one stands, as it is or as it changes in a sentence, in any script."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from rapidfuzz.distance import DamerauLevenshtein

from isogloss.scoring.inflection import BY_SCRIPT, Inflection, forms, inflections, nearness

UNSPACED = {"CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"}
JOINTS = "-'·"  # between parts of a word
# before a noun in Zulu and its like: what a name has, and what it may have in a sentence, with a hyphen or a capital after it
CLASSES = frozenset("i u a isi um ama in im aba ili ulu".split())  # noqa: SIM905, words of one list
PLACED = CLASSES | frozenset(
    "e o s ku nga nge ngo na ne no kwa ka se so sa si wa ya la za ba ase ise ese lise kuse wase yase lase base ngase ngesi nasi "  # noqa: SIM905
    "kusi lise".split()
)
SPELLED = ((10, 2), (7, 1), (5, 0))  # from so many letters on, so many may differ; of the fewest one that sounds alike
SOUNDS = ("iyj", "uvw", "ckq", "sz", "ιηυ", "οω", "иі", "еэ")


@dataclass(frozen=True)
class Find:
    """A name in a text, from `start` to `end`; `distance` is (0, 0, 0) of one that is there letter by letter, else how
    many of its letters are others, and `nearness`."""

    start: int
    end: int
    name: str
    distance: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True)
class Word:
    start: int
    end: int
    text: str


def words(text: str) -> list[Word]:
    """Runs of letters, marks and digits; of Hangul and of other letters apart."""
    found, start = [], None
    for i, character in enumerate(f"{text} "):
        inside = unicodedata.category(character)[0] in "LMN"
        if start is not None and (not inside or _changes(text[i - 1], character)):
            found.append(Word(start, i, text[start:i]))
            start = None
        if inside and start is None:
            start = i
    return found


def _changes(left: str, right: str) -> bool:
    """Whether Hangul begins or ends between two letters, as where a particle follows a foreign word."""
    return left.isalpha() and right.isalpha() and (script(left) == "HANGUL") != (script(right) == "HANGUL")


def script(character: str) -> str:
    """The script of a character, by the first word of its Unicode name."""
    return unicodedata.name(character, "").split(" ")[0].split("-")[0]


def is_unspaced(text: str) -> bool:
    """Whether a text has characters of a script that is written without blanks between words."""
    return any(ord(character) > 0xE00 and script(character) in UNSPACED for character in text)


@dataclass
class Finder:
    """Finds names in texts, as these languages (ISO 639-3) inflect them, and where they are a `guess`, as others in the same
    scripts do. Names and texts are normalised."""

    names: Iterable[str]
    languages: tuple[str, ...] = ()
    guess: bool = False
    _beginnings: dict[str, list[str]] = field(default_factory=dict)  # of all names, by the first two characters
    _parts: dict[str, list[str]] = field(default_factory=dict)  # of a name with blanks between words: these
    _by_stem: dict[str, set[str]] = field(default_factory=dict)  # such names, by how their first word may begin
    _tails: dict[str, str] = field(default_factory=dict)  # names with a prefix of CLASSES, by the rest of one word
    _joined: dict[str, str] = field(default_factory=dict)  # such names, by their letters alone
    _long: dict[int, list[str]] = field(default_factory=dict)  # names that may be spelled otherwise, by the number of words
    _rules: list[Inflection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = frozenset(self.names) - {""}
        scripts = {script(name[0]) for name in self.names}
        others = [code for name in sorted(scripts) for code in BY_SCRIPT.get(name, ())] if self.guess else []
        self._rules = list(dict.fromkeys(rules for code in (*self.languages, *others) for rules in inflections(code))) or [
            Inflection()
        ]
        for name in sorted(name for name in self.names if len(name) > 1 or not is_unspaced(name)):
            self._beginnings.setdefault(name[:2], []).append(name)
            if is_unspaced(name):
                continue
            parts = [word.text for word in words(name)]
            if not parts:
                continue
            self._parts[name] = parts
            self._joined.setdefault("".join(parts), name)
            if self._is_placed(name, parts) and len(parts) == 2:
                self._tails[parts[1]] = name
            for rules in self._rules:
                for form in PLACED if self._is_placed(name, parts) else forms(parts[0], rules):
                    self._by_stem.setdefault(form[:2], set()).add(name)
            if len(name) >= SPELLED[-1][0]:
                self._long.setdefault(len(parts), []).append(name)

    def finds(self, text: str, spelled: frozenset[str] = frozenset()) -> list[Find]:
        """Every name in a text, also inflected ones and, of those in `spelled`, ones with another letter."""
        found = [
            Find(start, start + len(name), name)
            for start in range(len(text))
            for name in (*self._beginnings.get(text[start : start + 2], ()), *self._single(text[start]))
            if text.startswith(name, start) and _is_word(text, start, start + len(name))
        ]
        if not self._parts:
            return found
        there = words(text)
        known = {(find.start, find.end) for find in found}
        for i, word in enumerate(there):
            found += self._joined_from(text, there, i, known)
            for name in self._candidates(word.text):
                if find := self._inflected(text, there[i : i + len(self._parts[name])], name):
                    found.append(find)
            found += self._placed(word)
            found += self._spelled(text, there, i, spelled)
        return found

    def _single(self, character: str) -> list[str]:
        """Names of one letter, which are words where words have blanks between them."""
        return [name for name in self._beginnings.get(character, ()) if len(name) == 1]

    def _candidates(self, word: str) -> set[str]:
        found = self._by_stem.get(word[:2], set()) | self._by_stem.get(word[:1], set())
        for rules in self._rules:
            for prefix in rules.prefixes:
                if word.startswith(prefix):
                    found |= self._by_stem.get(word[len(prefix) : len(prefix) + 2], set())
        return found

    def _inflected(self, text: str, there: list[Word], name: str) -> Find | None:
        parts = self._parts[name]
        if len(there) != len(parts):
            return None
        if any(not _joins(text[a.end : b.start]) for a, b in pairwise(there)):
            return None
        added = lost = 0
        for word, part in zip(there, parts, strict=True):
            if word is there[0] and word.text in PLACED and text[word.end : word.end + 1] == "-" and self._is_placed(name, parts):
                added += word.text != part
                continue
            near = min((near for rules in self._rules if (near := nearness(word.text, part, rules))), default=None)
            if near is None:
                return None
            added, lost = added + near[0], lost + near[1]
        return Find(there[0].start, there[-1].end, name, (0, added, lost)) if added or lost else None

    def _placed(self, word: Word) -> list[Find]:
        """Names of CLASSES that are written in small letters, with another prefix."""
        if not self._tails:
            return []
        rests = {word.text.removeprefix(prefix) for prefix in PLACED if word.text.startswith(prefix)}
        return [Find(word.start, word.end, self._tails[rest], (0, 1, 0)) for rest in sorted(rests) if rest in self._tails]

    @staticmethod
    def _is_placed(name: str, parts: list[str]) -> bool:
        return len(parts) > 1 and parts[0] in CLASSES and name.startswith(f"{parts[0]}-")

    def _joined_from(self, text: str, there: list[Word], i: int, known: set[tuple[int, int]]) -> list[Find]:
        """Names whose words are written together, or apart, from a word on."""
        found, joined = [], ""
        for before, word in zip([None, *there[i:]], there[i : i + 3], strict=False):
            if before and not _joins(text[before.end : word.start]):
                break
            joined += word.text
            name = self._joined.get(joined)
            if name and len(joined) >= 4 and (there[i].start, word.end) not in known:
                found.append(Find(there[i].start, word.end, name))
        return found

    def _spelled(self, text: str, there: list[Word], i: int, among: frozenset[str]) -> list[Find]:
        """Names from a word on that have another letter, of those in `among`."""
        found = []
        for size, names in self._long.items():
            said = there[i : i + size]
            if len(said) < size or any(not _joins(text[a.end : b.start]) for a, b in pairwise(said)):
                continue
            whole = text[said[0].start : said[-1].end]
            for name in names:
                if name in among and name[0] == whole[0]:
                    near = [(far, len(whole) - len(base)) for base in self._bases(whole) if (far := _letters(base, name))]
                    found += [Find(said[0].start, said[-1].end, name, (far, added, 0)) for far, added in sorted(near)[:1]]
        return found

    def _bases(self, word: str) -> list[str]:
        endings = [ending for rules in self._rules for ending in rules.endings if word.endswith(ending)]
        return [word, *(word[: -len(ending)] for ending in endings)]


def _letters(said: str, name: str) -> int | None:
    """How many letters of a name are others in what was said, if few are, and not the last one; None if it is another word."""
    if len(said) < SPELLED[-1][0] or said[-1] != name[-1] or said == name:
        return None
    most = next(most for letters, most in SPELLED if len(name) >= letters)
    distance = DamerauLevenshtein.distance(said, name, score_cutoff=max(most, 1))
    if distance <= most:
        return distance
    different = [{a, b} for a, b in zip(said, name, strict=False) if a != b] if len(said) == len(name) else []
    return 1 if len(different) == 1 and any(different[0] <= set(sounds) for sounds in SOUNDS) else None


def _joins(between: str) -> bool:
    """Whether what stands between two words leaves them one name."""
    return between == " " or between in JOINTS


def _is_word(text: str, start: int, end: int) -> bool:
    """Whether what stands there is a word of its own."""
    after = text[end : end + 1]
    if after in ("#", "+") and end - start == 1 and text[start].isalpha():
        return False  # C is not C#
    return _is_break(text[start - 1 : start] if start else "", text[start]) and _is_break(text[end - 1], after)


def _is_break(left: str, right: str) -> bool:
    """Whether a word may end between two characters (one may be missing)."""
    if not left or not right:
        return True
    kinds = [unicodedata.category(character)[0] for character in (left, right)]
    if kinds[1] == "M" or kinds == ["N", "N"]:
        return False
    if not all(kind in "LMN" for kind in kinds):
        return True
    scripts = [script(character) for character in (left, right)]
    if _changes(left, right):
        return True
    return scripts != ["KATAKANA", "KATAKANA"] and any(name in UNSPACED for name in scripts)
