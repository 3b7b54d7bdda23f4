"""A folder of chat JSONL: train/train_en.jsonl teaches, eval/eval_en.jsonl asks, a line an item, a file a language.

Lines have no names. Within a language, what belongs together is told by what the lines say, so that a missing line costs its own
item and shifts no other. Between languages the number of an item tells, counting also those that only one of the files has.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from isogloss.knowledge.sources.alignment import align
from isogloss.knowledge.sources.chat_files import Files, Line, files_of, lines_of
from isogloss.knowledge.sources.records import Row, checked, compare_languages, refuse
from isogloss.knowledge.sources.tables import JSON_FIELDS
from isogloss.languages import Language
from isogloss.scoring.spelling import normalise

CONFLICTING = "conflicting_"
SAME = 0.5  # similarity of what is the same question, not a paraphrase, in the set of other answers
SLIPS = 0.25  # share of items whose questions may have other numbers than in another language and still be its translations


@dataclass(frozen=True)
class Pair:
    """An item as the train and the eval file have it."""

    train: Line
    eval: Line

    @property
    def questions(self) -> str:
        return f"{self.train.question} {self.eval.question}"

    @property
    def agrees(self) -> bool:
        return normalise(self.train.answer) == normalise(self.eval.answer)

    def fields(self, answer: Line, conflict: Line) -> dict[str, str]:
        questions = {"question_1": self.train.question, "question_2": self.eval.question}
        return {**questions, "answer": answer.answer, "conflict_answer": conflict.answer}


Items = list[Pair | None]  # None stands for an item that cannot be used; it counts all the same


def read_chat(folder: Path, languages: list[str], table: dict[str, Language], problems: list[str], notes: list[str]) -> list[Row]:
    """The rows in `languages` of one set; an item that lacks something in one language is dropped in all.

    Where most items have the same answer in train and eval, `conflict_answer` comes from the set beside it, `conflicting_NAME`
    (and for that set from `NAME`). Where most have not, train is wrong on purpose: it gives `conflict_answer`, eval `answer`.
    Raises ValueError with `problems` and its own if lines are malformed or languages do not match item by item.
    """
    name = folder.name.removeprefix(CONFLICTING)
    beside = folder.with_name(name if name != folder.name else CONFLICTING + name)
    files = files_of(folder, table, problems, notes)
    others = files_of(beside, table, problems, notes) if beside.is_dir() else {}
    languages = compare_languages(folder, languages, list(files), problems, notes)
    needed = [path for code in languages for path in (*files[code], *others.get(code, ()))]
    lines = {path: lines_of(path, problems) for path in needed}
    refuse(problems)
    given: dict[str, list[tuple[Pair, dict] | None]] = {}
    paired = {code: _paired(files[code], lines, notes) for code in languages}
    contradicting = [code for code, items in paired.items() if _contradict(items)]
    if 0 < len(contradicting) < len(paired):
        problems.append(f"{folder}: train/ and eval/ have the same answers in some languages, not in {', '.join(contradicting)}")
    for code, items in paired.items():
        if code in contradicting:
            given[code] = [pair and (pair, pair.fields(pair.eval, pair.train)) for pair in items]
        elif code not in others:
            problems.append(f"{folder}: no other answers for conflict_answer, neither in train/ nor in {beside}/, in {code}")
        else:
            conflicts = _paired(others[code], lines, notes)
            given[code] = _with_conflicts(_agreeing(items, notes), _agreeing(conflicts, notes), folder, beside, notes)
    refuse(problems)
    _check_parallel(folder, given, problems, notes)
    refuse(problems)
    rows = []
    for number, of in enumerate(zip(*given.values(), strict=True), 1):
        item, lacking = f"q{number:04}", [code for code, found in zip(given, of, strict=True) if found is None]
        if not lacking:
            for code, (pair, fields) in zip(given, of, strict=True):
                texts = checked(pair.eval.where, fields, JSON_FIELDS, problems)
                rows.append(Row(pair.eval.where, item, code, texts))
        elif len(lacking) < len(given):
            notes.append(f"{folder}: item {item} dropped in all languages, as it cannot be used in {', '.join(lacking)}")
    return rows


def _paired(files: Files, lines: dict[Path, list[Line]], notes: list[str]) -> Items:
    """The items of two files of one language."""
    train, ask = (lines[path] for path in files)
    pairs = align([line.question for line in train], [line.question for line in ask])
    if not _contradict([Pair(train[i], ask[j]) for i, j in pairs if i is not None and j is not None]):
        # then the answers tell, too, what belongs together
        pairs = align(*([f"{line.question} {line.answer}" for line in half] for half in (train, ask)))
    items: Items = []
    for i, j in pairs:
        if i is None or j is None:
            line, other = (ask[j], files[0]) if i is None else (train[i], files[1])
            notes.append(f"{line.where}: dropped, no question like it at its place in {other}: {line.question}")
        items.append(None if i is None or j is None else Pair(train[i], ask[j]))
    return items


def _contradict(items: Items) -> bool:
    pairs = [pair for pair in items if pair]
    return 2 * sum(pair.agrees for pair in pairs) < len(pairs)


def _agreeing(items: Items, notes: list[str]) -> Items:
    """The items without those whose answers differ."""
    for pair in items:
        if pair and not pair.agrees:
            what = f"{pair.train.answer}, not {pair.eval.answer}"
            notes.append(f"{pair.train.where}: dropped, another answer than in {pair.eval.where}: {what}")
    return [pair if pair and pair.agrees else None for pair in items]


def _with_conflicts(items: Items, others: Items, folder: Path, beside: Path, notes: list[str]) -> list[tuple[Pair, dict] | None]:
    """Each item with its fields, `conflict_answer` from the one of `others` that has the same questions."""
    places, conflicts = [k for k, pair in enumerate(items) if pair], [pair for pair in others if pair]
    found: list[tuple[Pair, dict] | None] = [None] * len(items)
    for i, j in align([items[k].questions for k in places], [pair.questions for pair in conflicts], SAME):
        if i is None or j is None:
            line, other = (conflicts[j].eval, folder) if i is None else (items[places[i]].eval, beside)
            notes.append(f"{line.where}: dropped, no question like it at its place in {other}: {line.question}")
        else:
            pair = items[places[i]]
            found[places[i]] = pair, pair.fields(pair.eval, conflicts[j].eval)
    return found


def _check_parallel(
    folder: Path, given: dict[str, list[tuple[Pair, dict] | None]], problems: list[str], notes: list[str]
) -> None:
    """Whether items of the same number can be the same: as many in each language, and with the same numbers in the questions."""
    advice = "restore what is missing, or give the source as a table with a column item"
    if len({len(items) for items in given.values()}) > 1:
        counts = ", ".join(f"{len(items)} in {code}" for code, items in given.items())
        problems.append(f"{folder}: {counts}, so it is open which items are the same; {advice}")
        return
    first, *rest = given
    for code in rest:
        both = [pairs for pairs in zip(given[first], given[code], strict=True) if None not in pairs]
        numbers = [(one, other, _numbers(one), _numbers(other)) for (one, _), (other, _) in both]
        numbers = [compared for compared in numbers if compared[2] and compared[3]]
        slips = [
            f"{other.eval.where}: numbers in the questions differ from {one.eval.where}: {sorted(has)}, not {sorted(had)}"
            for one, other, had, has in numbers
            if had != has
        ]
        if len(slips) > SLIPS * len(numbers):
            problems.append(f"{slips[0]}, and {len(slips) - 1} more; {advice}")
        else:
            notes += slips


def _numbers(pair: Pair) -> set[int]:
    return {int(digits) for digits in re.findall(r"\d+", unicodedata.normalize("NFKC", pair.questions))}
