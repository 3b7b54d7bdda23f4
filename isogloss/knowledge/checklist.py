"""What a language needs to be studied, and what of it is there.

    python -m isogloss.knowledge.checklist deu

checks a language by its ISO 639-3 code, without one every language of ``data/languages.csv``. What is missing or wrong stands
beside the line that mends it, and the exit status is 1.
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

import yaml
from babel import Locale, localedata
from babel.core import get_global

from isogloss.factors.distances import unknown
from isogloss.knowledge.proofreading import ENGLISH, Fault, name_faults, phrasebook_faults, syllable_faults
from isogloss.knowledge.world import World
from isogloss.languages import TIERS, Language
from isogloss.paths import LANGUAGES, PHRASEBOOK, SHARES, SHIPPED_MANIFEST, WORLD

COLUMNS = [field.name for field in fields(Language)]
SCRIPT_NAMES = {"Hans": "Han", "Hant": "Han", "Kore": "Hangul"}  # where they are not those that CLDR has for ISO 15924 codes


def check(code: str) -> dict[str, list[Fault]]:
    """The faults of each thing that a language needs, in order; none where it is as it should be.

    Without a row in the table of languages, what CLDR says of the code stands in for it. What depends on the row and cannot be
    known without is not there.
    """
    if not re.fullmatch("[a-z]{3}", code):
        return {"language": [Fault("wrong", f"{code!r} is no ISO 639-3 code; write three lower-case letters, as in deu")]}
    rows = _rows(LANGUAGES)
    own = [row for row in rows if row["iso639_3"] == code]
    language = _language(own[0]) if own else guessed(code)
    located = language is not None and localedata.exists(language.cldr)
    others = [other for other in map(_language, rows) if localedata.exists(other.cldr)]
    world = World(Path(WORLD[0]).parent)
    found = {"language": _row_faults(code, own, language)}
    found["phrasebook"] = _phrasebook(code, language, world)
    if language and language.script:
        found["script"] = syllable_faults(language.script, world)
    if located:
        found["names"] = name_faults(language, world, others)
    found["share"] = _share(code)
    text = f"lang2vec has no {code}; take the code of its macrolanguage or of a member of it, or leave the language out"
    found["distances"] = [Fault("missing", text)] if unknown([code]) else []
    shown = json.loads(Path(SHIPPED_MANIFEST).read_text(encoding="utf-8"))["languages"]
    text = f"the shipped one was never shown {code}: write weights: rebuild in its entry under models: in config.yaml"
    found["sandbox"] = [] if code in shown else [Fault("rebuild", text)]
    return found


def guessed(code: str) -> Language | None:
    """What CLDR says of an ISO 639-3 code, its tier left open; None if it has no locale for it."""
    cldr = get_global("language_aliases").get(code, code)
    if not localedata.exists(cldr):
        return None
    _, script, *_ = [*get_global("likely_subtags").get(cldr, "").split("_"), "", ""]
    written = _script(script) or "SCRIPT"
    return Language(code, Locale("en").languages.get(cldr, "NAME"), cldr, f"{code}_{script or 'Xxxx'}", written, "TIER")


def _script(code: str) -> str | None:
    """What a script is called in the table of languages, from its ISO 15924 code; None if there is no such script."""
    return SCRIPT_NAMES.get(code) or Locale("en").scripts.get(code)


def _rows(path: str) -> list[dict[str, str]]:
    """The rows of a table; a cell that is not there is empty, and what has no column stands under None."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, restval=""))


def _language(row: dict[str, str]) -> Language:
    return Language(**{name: row[name] for name in COLUMNS})


def _row_faults(code: str, rows: list[dict[str, str]], language: Language | None) -> list[Fault]:
    """The faults of the row of a language."""
    if not rows:
        line = ",".join(astuple(language)) if language else f"{code},NAME,CLDR,{code}_Xxxx,SCRIPT,TIER"
        why = f"{LANGUAGES} has no row: add {line}"
        return [Fault("missing", f"{why} (the tier is {', '.join(TIERS[:-1])} or {TIERS[-1]}; look up the code in FLORES-200)")]
    faults = []
    if len(rows) > 1:
        faults.append(f"{len(rows)} rows are of {code}; keep one")
    if None in rows[0]:
        faults.append(f"there are more fields than columns; write {','.join(COLUMNS)}")
    faults += [f"{name} is empty; write it" for name in COLUMNS if not rows[0][name].strip()]
    if language.cldr and not localedata.exists(language.cldr):
        near = guessed(code)
        faults.append(f"babel has no locale {language.cldr!r}; write {near.cldr if near else 'one of those that CLDR has'}")
    if language.tier and language.tier not in TIERS:
        faults.append(f"the tier is {language.tier!r}; write one of {', '.join(TIERS)}")
    if language.flores200:
        form = re.fullmatch("[a-z]{3}_([A-Z][a-z]{3})", language.flores200)
        script = _script(form[1]) if form else None
        if script is None:
            faults.append(f"flores200 is {language.flores200!r}; write a code of the form {code}_Latn")
        elif script != language.script:
            faults.append(f"flores200 is in {script} letters ({language.flores200}), the script is {language.script}; change one")
    return [Fault("wrong", f"{LANGUAGES}: {fault}") for fault in faults]


def _phrasebook(code: str, language: Language | None, world: World) -> list[Fault]:
    """The faults of the phrasebook of a language; of one that nothing is known of, only that it is not there."""
    path, english = PHRASEBOOK.format(language=code), PHRASEBOOK.format(language=ENGLISH)
    if not Path(path).is_file():
        return [Fault("missing", f"there is no {path}: cp {english} {path}, then translate every phrase in it")]
    if language is None:
        return [Fault("missing", f"{path} is not checked before {LANGUAGES} has its row")]
    try:
        book, model = (yaml.safe_load(Path(file).read_text(encoding="utf-8")) for file in (path, english))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [Fault("wrong", f"{path} is no YAML in UTF-8: {' '.join(str(error).split())}")]
    faults = phrasebook_faults(book, model, language, world)
    return [Fault(fault.state, f"{path}: {fault.text}") for fault in faults]


def _share(code: str) -> list[Fault]:
    """The faults of a language's share of the web."""
    rows = [row for row in _rows(SHARES) if row["iso639_3"] == code]
    if not rows:
        text = f"{SHARES} has no row: add one with iso639_3 {code} and share_percent, its percentage of pages"
        return [Fault("missing", f"{text} (snakemake --cores 1 common_crawl_shares fetches those of today)")]
    given = rows[0]["share_percent"]
    try:
        positive = float(given) > 0
    except ValueError:
        positive = False
    wrong = [] if positive else [f"share_percent of {code} is {given!r}; write a number above 0"]
    wrong += [f"{len(rows)} rows are of {code}; keep one"] if len(rows) > 1 else []
    return [Fault("wrong", f"{SHARES}: {text}") for text in wrong]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the checklists of languages; 1 if data of any are missing or wrong, else 0.

    A language that the shipped sandbox was never shown can be studied all the same, with other weights: that alone is no failure.
    """
    parser = argparse.ArgumentParser(prog="python -m isogloss.knowledge.checklist", description="What a language needs.")
    parser.add_argument("code", nargs="*", help=f"ISO 639-3 codes; without any, all of {LANGUAGES}")
    codes = parser.parse_args(arguments).code or list(dict.fromkeys(row["iso639_3"] for row in _rows(LANGUAGES)))
    failed = []
    for code in codes:
        found = check(code)
        print(code)
        for thing, faults in found.items():
            for state, text in [astuple(fault) for fault in faults] or [("ok", "")]:
                print(f"  {state:<8} {thing:<11} {text}".rstrip())
        if any(fault.state != "rebuild" for faults in found.values() for fault in faults):
            failed.append(code)
    print(
        f"{len(codes) - len(failed)} of {len(codes)} have all that they need" + (f"; not: {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
