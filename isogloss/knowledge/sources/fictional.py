"""Places in invented continents, as CLiKA published them (Gao et al. 2024): a folder with test/ and train/.

`test/target/testFR.jsonl` asks where each city is, and tags the answer with continent, city and type (0: taught in the language,
too; 1: held out). `test/Translate/translateFR.jsonl` has the names: English in `input`, the other language's in `answer`.
`train/FR.json` (an object a line) teaches, in many phrasings, English ones among them. All have prompt, input and answer.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from isogloss.knowledge.builtin import SCHEMA
from isogloss.knowledge.sources.layouts import hint
from isogloss.knowledge.sources.records import checked, read_objects, refuse
from isogloss.languages import Language
from isogloss.paths import fictional_files
from isogloss.plan import ENGLISH
from isogloss.teaching.bridges import HELD_OUT, TAUGHT

PLACES_SCHEMA = {**SCHEMA, "part": pl.String}  # which half an item is in, as `isogloss.teaching.bridges.halves` has it
TAG = re.compile(r"\[\[(\w+):(.*?)\]\]")
TAGS = ("continent", "city", "type")
PARTS = {"0": TAUGHT, "1": HELD_OUT}
SLOT = "{}"  # where a phrasing has the name of the city


@dataclass(frozen=True)
class City:
    """A line of a test file: the question about a city, its continent and its half, and where it is written."""

    where: str
    name: str
    continent: str
    part: str
    question: str


def read_fictional(
    folder: str | Path, languages: list[str], table: dict[str, Language], limit: int | None = None
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The items in `languages` (ISO 639-3), columns as in `PLACES_SCHEMA`, and a note on every line that is not used.

    An item is a city of the English test file. In another language it is the city that has the name's translation; where that is
    missing or another city's name as well, the item is left out in all languages. `ask_question` is that of the test file,
    `teach_question` the commonest other phrasing of the train file (of English: of the first other language's), as it is put
    for the half that is taught. The conflicting answer is the next continent in the order of the English file, and `chance` one
    over the number of continents. `limit` takes so many, in turn from each continent and half. Raises ValueError with everything
    that is wrong: files and tags that are missing, and types or continents that differ between languages.
    """
    others = [code for code in languages if code != ENGLISH]
    if not others:
        raise ValueError(f"{folder}: names are known by their translations from English; add a language")
    files = {code: fictional_files(folder, table[code].cldr) for code in (ENGLISH, *others)}
    problems = [f"{path}: there is no such file" for of in files.values() for path in of if not Path(path).is_file()]
    refuse(problems, hint(folder, "clika-fictional"))
    notes: list[str] = []
    cities = {code: _cities(of[0], problems) for code, of in files.items()}
    names = {code: _names(files[code][1], problems) for code in others}
    train = {code: _facts(files[code][2], problems) for code in others}
    refuse(problems)
    counts = Counter(city.name for city in cities[ENGLISH])
    first = [(f"q{number:04}", city) for number, city in enumerate(cities[ENGLISH], 1)]
    notes += [f"{city.where}: left out, {city.name} is asked about more than once" for _, city in first if counts[city.name] > 1]
    linked = {ENGLISH: {item: city for item, city in first if counts[city.name] == 1}}
    for code in others:
        linked[code] = _linked(linked[ENGLISH], cities[code], names[code], files[code][1], notes)
        _compare(linked[ENGLISH], linked[code], problems)
    phrasings = {code: _phrasing(code, cities, train[code], files[code][2], problems) for code in others}
    phrasings[ENGLISH] = _phrasing(ENGLISH, cities, train[others[0]], files[others[0]][2], problems, other=others[0])
    refuse(problems)
    items = _spread([item for item in linked[ENGLISH] if all(item in of for of in linked.values())], linked[ENGLISH])
    if limit is not None and limit > len(items):
        raise ValueError("\n".join([f"{folder}: has {len(items)} items, not {limit}; write items: {len(items)}", *notes]))
    items = sorted(items[:limit])
    continents = list(dict.fromkeys(linked[ENGLISH][item].continent for item in items))
    if len(continents) < 2:
        raise ValueError("\n".join([f"{folder}: an item needs an answer that is not its own; add a second continent", *notes]))
    following = dict(zip(continents, continents[1:] + continents[:1], strict=True))
    tables = {}
    for code in languages:
        own = {linked[ENGLISH][item].continent: linked[code][item].continent for item in items}
        rows = []
        for item in items:
            city, conflict = linked[code][item], own[following[linked[ENGLISH][item].continent]]
            taught = phrasings[code].replace(SLOT, city.name)
            answers = (city.continent, [city.continent], conflict, [conflict])
            rows.append((item, "continent", city.name, taught, city.question, *answers, 1 / len(continents), city.part))
        tables[code] = pl.DataFrame(rows, schema=PLACES_SCHEMA, orient="row")
    return tables, notes


def _cities(path: str, problems: list[str]) -> list[City]:
    found = []
    for where, given in read_objects(Path(path), problems):
        texts = checked(where, given, {name: (name,) for name in ("prompt", "answer")}, problems) if given is not None else None
        if texts is None:
            continue
        tags = {name: value.strip() for name, value in TAG.findall(texts["answer"])}
        lacking = [f"[[{name}:...]]" for name in TAGS if not tags.get(name)]
        problems += [f"{where}: the answer has no {' and no '.join(lacking)}"] * bool(lacking)
        if not lacking and tags["type"] not in PARTS:
            problems.append(f"{where}: type is {tags['type']}; write 0 (taught in the language) or 1 (held out)")
        elif not lacking:
            found.append(City(where, tags["city"], tags["continent"], PARTS[tags["type"]], texts["prompt"]))
    return found


def _names(path: str, problems: list[str]) -> dict[str, set[str]]:
    """The translations of each English name."""
    found: dict[str, set[str]] = {}
    for where, given in read_objects(Path(path), problems):
        texts = checked(where, given, {name: (name,) for name in ("input", "answer")}, problems) if given is not None else None
        if texts is not None:
            found.setdefault(texts["input"], set()).add(texts["answer"])
    return found


def _facts(path: str, problems: list[str]) -> list[str]:
    """The questions about facts: those without an input, which is what is to be translated."""
    found = []
    for where, given in read_objects(Path(path), problems):
        texts = checked(where, given, {name: (name,) for name in ("prompt", "answer")}, problems) if given is not None else None
        if texts is not None and not given.get("input"):
            found.append(texts["prompt"])
    return found


def _linked(
    english: dict[str, City], cities: list[City], names: dict[str, set[str]], path: str, notes: list[str]
) -> dict[str, City]:
    """The cities of a language by item, as far as names tell which they are."""
    asked: dict[str, list[City]] = {}
    for city in cities:
        asked.setdefault(city.name, []).append(city)
    meant = Counter(own for city in english.values() for own in names.get(city.name, ()))
    found = {}
    for item, city in english.items():
        own = sorted(names.get(city.name, ()))
        of = asked.get(own[0], []) if len(own) == 1 else []
        if len(own) != 1:
            notes.append(f"{path}: item {item} left out, {city.name} has {len(own)} translations in it")
        elif meant[own[0]] > 1 or len(of) > 1:
            notes.append(f"{path}: item {item} left out, {own[0]} is the name of {city.name} and of another city")
        elif not of:
            notes.append(f"{path}: item {item} left out, nothing is asked about {own[0]}, which is {city.name} here")
        else:
            found[item] = of[0]
    notes += [f"{city.where}: left out, {city.name} translates no city that is asked about in English" for city in cities
              if not meant[city.name]]  # fmt: skip
    return found


def _compare(english: dict[str, City], own: dict[str, City], problems: list[str]) -> None:
    """Whether cities are in the same half, and of the same continents, as in English."""
    before: dict[tuple[str, str], City] = {}
    for item, city in own.items():
        other = english[item]
        if city.part != other.part:
            problems.append(f"{city.where}: {city.name} is {city.part}, but {other.part} in {other.where}; make the types equal")
        same = before.setdefault(("continent", other.continent), city)
        if same.continent != city.continent:
            problems.append(f"{city.where}: {other.continent} is {city.continent}, but {same.continent} in {same.where}")
        twin = before.setdefault(("translation", city.continent), other)
        if twin.continent != other.continent:
            problems.append(f"{city.where}: {city.continent} is {other.continent}, but {twin.continent} in {twin.where}")


def _phrasing(
    code: str, cities: dict[str, list[City]], facts: list[str], path: str, problems: list[str], other: str | None = None
) -> str:
    """The commonest phrasing of a train file that a language's test file has not, with `SLOT`; the first of several.

    Names that are the same in English and the other language say nothing of the language that a question is in.
    """
    own, foreign = ({city.name for city in cities[of]} for of in (code, other or ENGLISH))
    names = sorted(own - foreign, key=len, reverse=True)
    asked = {city.question.replace(city.name, SLOT) for city in cities[code]}
    used: Counter[str] = Counter()
    for question in facts:
        name = next((name for name in names if name in question), None)
        if name is not None:
            used[question.replace(name, SLOT)] += 1
    phrasings = [phrasing for phrasing, _ in used.most_common() if phrasing not in asked]
    if not phrasings:
        problems.append(f"{path}: teaches no city in {code} in other words than the test file asks; add a phrasing")
    return phrasings[0] if phrasings else SLOT


def _spread(items: list[str], cities: dict[str, City]) -> list[str]:
    """The items in turn from each continent and half."""
    rank: Counter[tuple[str, str]] = Counter()
    order = {}
    for item in items:
        group = (cities[item].continent, cities[item].part)
        order[item] = rank[group]
        rank[group] += 1
    return sorted(items, key=order.__getitem__)
