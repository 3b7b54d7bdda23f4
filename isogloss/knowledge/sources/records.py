"""Rows of a source: how they are written, and what each must have."""

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from isogloss.scoring.spelling import normalise

SOURCE_SCHEMA = {name: pl.String for name in ("item", "teach_question", "ask_question", "answer", "conflict_answer")}
ALIASES = {name: pl.List(pl.String) for name in ("answer_aliases", "conflict_answer_aliases")}  # columns where there are any
SHOWN = 50
BETWEEN = "|"  # between several texts in one
# what programs write for nothing, in small letters
NOTHING = set(
    ["nan", "none", "null", "n/a", "#n/a", "<na>", "nat", "undefined", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!"]
)
LIST = re.compile(r"""\[.*[,'"].*\]|[{(]\s*['"].*['"]\s*,?\s*[)}]|\[\s*\]|\{.*['"].*\}""", re.DOTALL)
BLANKS = set("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by category, but without a shape


def refuse(problems: list[str], advice: str | None = None) -> None:
    """Raise ValueError with all problems, if there are any, and what to do about them."""
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise ValueError("\n".join([*problems[:SHOWN], *more, *([advice] if advice else [])]))


def read_text(path: Path) -> str:
    """A file's text, without byte order mark; ValueError says where it is not UTF-8."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from None


def unique_keys(pairs: list[tuple[str, object]]) -> dict:
    """A JSON object (as `object_pairs_hook`); ValueError where a key would overwrite another."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = sorted({key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1})
        raise ValueError(f"written twice in an object: {', '.join(twice)}")
    return found


def read_objects(path: Path, problems: list[str]) -> Iterator[tuple[str, dict | None]]:
    """The JSON objects of a file with one a line, and where each is; None (and a problem) for a line that is none."""
    text = read_text(path)
    if other := _other_json(text):
        problems.append(f"{path}: {other}; write one JSON object a line")
        return
    for number, line in enumerate(text.split("\n"), 1):  # splitlines would also split at U+2028 within a text
        if not line.strip():
            continue
        where, found = f"{path}, line {number}", None
        try:
            found = json.loads(line, object_pairs_hook=unique_keys)
            if not isinstance(found, dict):
                problems.append(f"{where}: not a JSON object")
        except (ValueError, RecursionError) as error:  # the second: nested without end
            problems.append(f"{where}: not JSON ({error})")
        yield where, found if isinstance(found, dict) else None


def _other_json(text: str) -> str | None:
    """What a text is that is JSON as a whole, but not an object a line."""
    start = text.strip()
    if not (start.startswith("[") or (start.startswith("{") and "\n" in start)):
        return None
    try:
        found = json.loads(start)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        return "one JSON object over several lines"
    return "a JSON array" if any(isinstance(one, dict) for one in found) or "\n" in start else None


def checked(
    where: str, given: dict, fields: dict[str, tuple[str, ...]], problems: list[str], lacks: list[str] | None = None
) -> dict[str, str] | None:
    """Texts by name of `fields`, whose values are the keys each may have in `given`; None (and problems) if malformed. What is
    not there goes to `lacks`, if that is given; then what programs write for nothing is not there either."""
    texts, wrong = {}, []
    is_absent = is_nothing if lacks is not None else (lambda value: value in (None, ""))
    lacks = wrong if lacks is None else lacks
    before = len(lacks)
    for name, keys in fields.items():
        present = [key for key in keys if not is_absent(given.get(key))]
        if not present:
            written = [repr(given[key]) for key in keys if given.get(key) not in (None, "")]
            said = f" ({written[0]}, which programs write for nothing)" if written else ""
            lacks.append(f"{where}: {' or '.join(keys)} is missing or empty{said}")
        elif len(present) > 1:
            wrong.append(f"{where}: {' and '.join(present)} exclude each other")
        elif reason := (_wrong_answer if "answer" in name else _wrong_text)(_first(given[present[0]])):
            wrong.append(f"{where}: {present[0]} {reason}")
        else:
            texts[name] = _first(given[present[0]]).strip()
    answers = [normalise(texts[name]) for name in ("answer", "conflict_answer") if name in texts]
    if len(answers) == 2 and len(set(answers)) == 1:
        wrong.append(f"{where}: the answer and the conflicting answer are the same: {texts['answer']}")
    problems += wrong
    return None if wrong or len(lacks) > before else texts


def aliased(
    where: str, given: dict, texts: dict[str, str], fields: dict[str, tuple[str, ...]], problems: list[str]
) -> dict[str, str | list[str]] | None:
    """The texts with other forms of the answers, as far as there are any: the rest of a list of answers, and `answer_aliases` and
    `conflict_answer_aliases`, lists or texts with `|` between them. None (and problems) if malformed."""
    found: dict[str, str | list[str]] = dict(texts)
    before = len(problems)
    for name in ALIASES:
        answer = name.removesuffix("_aliases")
        own = [given[key] for key in fields[answer] if isinstance(given.get(key), list)]
        other = given.get(name)
        listed = other.split(BETWEEN) if isinstance(other, str) and not is_nothing(other) else other
        if is_nothing(listed):
            listed = []
        elif not isinstance(listed, list):
            problems.append(f"{where}: {name} is neither a list nor a text with {BETWEEN} between several ({other!r})")
            continue
        forms = [form for form in [*(own[0][1:] if own else []), *listed] if not is_nothing(form)]
        problems += [f"{where}: {name} has one that {reason}" for form in forms if (reason := _wrong_answer(form))]
        if forms and len(problems) == before:
            found[name] = list(dict.fromkeys(form.strip() for form in forms))
    own, other = ({normalise(form) for form in (found[name.removesuffix("_aliases")], *found.get(name, []))} for name in ALIASES)
    if len(problems) == before and (both := sorted(own & other)):
        problems.append(f"{where}: a form of the answer is one of the conflicting answer, too: {', '.join(both)}")
    return found if len(problems) == before else None


def is_nothing(value: object) -> bool:
    """Whether a value stands for none, as programs write it."""
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, list):
        return all(map(is_nothing, value))
    return value is None or (
        isinstance(value, str) and (not value or value.strip().casefold() in NOTHING or value.strip() == "NA")
    )


def _first(value: object) -> object:
    """The first of a list of texts, which is the answer; its other forms follow."""
    return value[0] if value and isinstance(value, list) and all(isinstance(one, str) for one in value) else value


def _wrong_answer(value: object) -> str | None:
    if reason := _wrong_text(value):
        return reason
    if any(unicodedata.category(character) == "Cc" and not character.isspace() for character in value):
        return f"has a control character ({value!a}); take it out"
    return None


def _wrong_text(value: object) -> str | None:
    if not isinstance(value, str):
        several = " (or a list of texts)" if isinstance(value, list) else ""
        return f"is no text ({value!r}); write it in quotation marks{several}"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return f"has half a character (a lone surrogate: {value!a})"
    if "\ufffd" in value:
        return f"has a character that was lost ({value!r}, U+FFFD); write it anew, in UTF-8"
    if not any(unicodedata.category(character)[0] in "LNS" and character not in BLANKS for character in value):
        return f"is only punctuation or spaces ({value!r})" if value.isprintable() else f"is only what cannot be seen ({value!a})"
    if not normalise(value):
        return f"is only punctuation or spaces ({value!r})"
    if LIST.fullmatch(value.strip()):
        return (
            f"looks like a list ({value}); write one text, and other forms of an answer in answer_aliases, {BETWEEN} between them"
        )
    return None


def item_name(value: object) -> str | None:
    """An item's name, which may be a number; None if it is neither text nor number."""
    is_name = (
        isinstance(value, int | str) and not isinstance(value, bool) and not is_nothing(value) and not _wrong_text(str(value))
    )
    return str(value).strip() if is_name else None
