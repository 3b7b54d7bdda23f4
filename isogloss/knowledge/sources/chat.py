"""A folder of chat JSONL: train/train_en.jsonl teaches, eval/eval_en.jsonl asks, a line an item, a file a language.

Lines have no names. Within a language, what belongs together is told by what the lines say, so that a missing line costs its own
item and shifts no other, and files in different orders are joined or refused. Between languages the number of an item tells,
counting also those that only one of the files has, as long as nothing in the lines speaks against it.
"""

from dataclasses import dataclass
from pathlib import Path

from isogloss.knowledge.sources.alignment import STRAY, Pairs, align, join
from isogloss.knowledge.sources.chat_files import Files, Line, files_of, lines_of
from isogloss.knowledge.sources.reading import Reading, Row, compare_languages
from isogloss.knowledge.sources.records import refuse
from isogloss.knowledge.sources.tables import JSON_FIELDS
from isogloss.knowledge.sources.translations import ADVICE, Text, compare_texts, numbers_in
from isogloss.scoring.spelling import normalise

CONFLICTING = "conflicting_"
SAME = 0.5  # similarity of what is the same question, not a paraphrase, in the set of other answers


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


def read_chat(folder: Path, reading: Reading) -> list[Row]:
    """The rows of one set in the languages asked for, without texts where an item cannot be used in all of them.

    Where most items have the same answer in train and eval, `conflict_answer` comes from the set beside it, `conflicting_NAME`
    (and for that set from `NAME`). Where most have not, train is wrong on purpose: it gives `conflict_answer`, eval `answer`.
    Raises ValueError with everything that is wrong if lines are malformed or languages do not match item by item.
    """
    problems, notes = reading.problems, reading.notes
    name = folder.name.removeprefix(CONFLICTING)
    beside = folder.with_name(name if name != folder.name else CONFLICTING + name)
    files = files_of(folder, reading)
    others = files_of(beside, reading) if beside.is_dir() else {}
    languages = compare_languages(folder, list(files), reading)
    needed = [path for code in languages for path in (*files[code], *others.get(code, ()))]
    lines = {path: lines_of(path, problems, notes) for path in needed}
    refuse(problems)
    given: dict[str, list[tuple[Pair, dict] | None]] = {}
    paired = {code: _paired(files[code], lines, problems, notes) for code in languages}
    refuse(problems)
    contradicting = [code for code, items in paired.items() if _contradict(items)]
    if 0 < len(contradicting) < len(paired):
        problems.append(f"{folder}: train/ and eval/ have the same answers in some languages, not in {', '.join(contradicting)}")
    for code, items in paired.items():
        if code in contradicting:
            given[code] = [pair and (pair, pair.fields(pair.eval, pair.train)) for pair in items]
        elif code not in others:
            problems.append(f"{folder}: no other answers for conflict_answer, neither in train/ nor in {beside}/, in {code}")
        else:
            conflicts = _paired(others[code], lines, problems, notes)
            given[code] = _with_conflicts(_agreeing(items, notes), _agreeing(conflicts, notes), folder, beside, notes)
    if len({len(items) for items in given.values()}) > 1:
        counts = ", ".join(f"{len(items)} in {code}" for code, items in given.items())
        problems.append(f"{folder}: {counts}, so it is open which items are the same; restore what is missing, {ADVICE}")
    refuse(problems)
    texts = {code: [found and _text(*found) for found in items] for code, items in given.items()}
    strangers = compare_texts(folder, texts, problems, notes)
    refuse(problems)
    rows = []
    for number, of in enumerate(zip(*given.values(), strict=True), 1):
        item = f"q{number:04}"
        lacking = [code for code, found in zip(given, of, strict=True) if found is None or found[0].eval.where in strangers]
        if lacking:
            rows += [Row(str(folder), item, code, None) for code in given]
        else:
            rows += [
                reading.row(pair.eval.where, item, code, fields, JSON_FIELDS)
                for code, (pair, fields) in zip(given, of, strict=True)
            ]
        if 0 < len(lacking) < len(given) and item not in reading.without:
            notes.append(f"{folder}: item {item} dropped in all languages, as it cannot be used in {', '.join(lacking)}")
    return rows


def _paired(files: Files, lines: dict[Path, list[Line]], problems: list[str], notes: list[str]) -> Items:
    """The items of two files of one language."""
    train, ask = (lines[path] for path in files)
    halves = ([line.question for line in half] for half in (train, ask))
    pairs, moved, loose = join(*halves, lambda i, j: _may(train[i], ask[j]))
    if not _contradict([Pair(train[i], ask[j]) for i, j in pairs if i is not None and j is not None]):
        # then the answers tell, too, what belongs together
        halves = ([f"{line.question} {line.answer}" for line in half] for half in (train, ask))
        pairs, moved, loose = join(*halves, lambda i, j: _may(train[i], ask[j]) and Pair(train[i], ask[j]).agrees)
    alone = [train[i] for i, j in pairs if j is None]
    others = [ask[j] for i, j in pairs if i is None] + [ask[j] for j in loose]
    if min(len(alone), len(others)) > STRAY * max(len(train), len(ask)):
        problems.append(
            f"{alone[0].where}: no line of {files[1]} shows that it is the same item ({alone[0].question}), nor for "
            f"{len(alone) - 1} more lines; put the lines of both files in one order, {ADVICE}"
        )
    if moved:
        notes.append(f"{files[1]}: {moved} lines stand in another order than in {files[0]}; joined by what they say")
    for lines_alone, other in ((alone, files[1]), (others, files[0])):
        notes += [f"{line.where}: dropped, no question like it at its place in {other}: {line.question}" for line in lines_alone]
    return [None if i is None or j is None else Pair(train[i], ask[j]) for i, j in pairs]


def _text(pair: Pair, fields: dict[str, str]) -> Text:
    return Text(pair.eval.where, pair.questions, f"{fields['answer']} {fields['conflict_answer']}")


def _may(train: Line, ask: Line) -> bool:
    """Whether two lines can be the same item: without other numbers in the question."""
    own, others = numbers_in(train.question), numbers_in(ask.question)
    return not (own and others) or own == others


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
    for i, j in _same([normalise(items[k].questions) for k in places], [normalise(pair.questions) for pair in conflicts]):
        if i is None or j is None:
            line, other = (conflicts[j].eval, folder) if i is None else (items[places[i]].eval, beside)
            notes.append(f"{line.where}: dropped, no question like it at its place in {other}: {line.question}")
        else:
            pair = items[places[i]]
            found[places[i]] = pair, pair.fields(pair.eval, conflicts[j].eval)
    return found


def _same(left: list[str], right: list[str]) -> Pairs:
    """Pairs of equal texts wherever they stand, then of others that are nearly equal, in their order."""
    once = {text: right.index(text) for text in left if left.count(text) == right.count(text) == 1}
    rest = [i for i, text in enumerate(left) if text not in once], [j for j, text in enumerate(right) if text not in once]
    nearly = align([left[i] for i in rest[0]], [right[j] for j in rest[1]], SAME)
    return [(i, once[text]) for i, text in enumerate(left) if text in once] + [
        (None if i is None else rest[0][i], None if j is None else rest[1][j]) for i, j in nearly
    ]
