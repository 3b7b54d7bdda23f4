"""Scores a table of answers from elsewhere: `python -m isogloss.scoring FILE.jsonl`.

Each line of the file is a JSON object with `lang` (ISO 639-1, ISO 639-3, BCP 47 or FLORES-200), `answer` (a text, or null),
`aliases` (what is right: a text, or several) and, where there are any, `rivals` (what else could have been answered). For each,
a JSON object is printed with `right` and `match`: `exact`, `within`, `inflected`, `number`, or null. What it means is said in
`isogloss.scoring.exact`.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from isogloss.knowledge.sources.records import read_objects, refuse
from isogloss.scoring.exact import verdict


def scored(file: str | Path) -> list[dict]:
    """The verdict on each line of a file, in its order: `right` and `match`. ValueError with every line that is no answer."""
    problems: list[str] = []
    rows = [(where, given) for where, given in read_objects(Path(file), problems) if given is not None]
    for where, given in rows:
        problems += [f"{where}: {reason}" for reason in _wrong(given)]
    refuse(problems)
    return [_verdict(given) for _, given in rows]


def _wrong(given: dict) -> list[str]:
    """What is wrong with a line."""
    texts = {name: given.get(name, []) for name in ("aliases", "rivals")}
    wrong = ["lang is missing; write the code of a language, such as hin"] * (not isinstance(given.get("lang"), str))
    wrong += ["answer is missing; write a text, or null"] * ("answer" not in given)
    wrong += ["answer is no text"] * (not isinstance(given.get("answer"), str | None))
    wrong += [f"{name} is neither a text nor a list of texts" for name, value in texts.items() if not _are_texts(value)]
    wrong += ["aliases is missing; write what is right"] * (not texts["aliases"])
    return wrong


def _are_texts(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def _verdict(given: dict) -> dict:
    aliases, rivals = ([own] if isinstance(own, str) else own for own in (given["aliases"], given.get("rivals", [])))
    match = verdict(given["answer"], aliases, frozenset(rivals), re.split("[-_]", given["lang"])[0].lower())
    return {"right": match is not None, "match": match}


def main() -> int:
    """Prints the verdicts; 2 where the file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m isogloss.scoring", description=__doc__.split("\n\n")[0])
    parser.add_argument("file", help="JSON Lines with lang, answer, aliases and perhaps rivals")
    try:
        found = scored(parser.parse_args().file)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    for row in found:
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
