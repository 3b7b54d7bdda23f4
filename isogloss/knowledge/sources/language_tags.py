"""What a source calls a language: codes and names of several standards, understood alike in every layout."""

import re
from functools import cache

from babel import Locale
from babel.core import get_global

from isogloss.languages import Language


def language_code(name: str, table: dict[str, Language]) -> str | None:
    """ISO 639-3 of a language of the table, from a code of ISO 639-1, 639-2 or 639-3, CLDR, BCP 47 (`zh-CN`) or FLORES
    (`zho_Hans`), or from its English name; None for others, and for a script that is not the one of the table (`zh-TW`)."""
    wanted = name.strip().casefold()
    named = next((code for code, language in table.items() if wanted == language.name.casefold()), None)
    if named:
        return named
    tag = _tag_of(wanted)
    if not tag:
        return None
    head, script = tag
    for code, language in table.items():
        default, _, written = language.flores200.partition("_")
        same = {_head(code), _head(language.cldr), _head(default)}
        if head in same and script in (None, written.casefold(), _script_of(head)):
            return code
    return None


def _tag_of(name: str) -> tuple[str, str | None] | None:
    """A language and its script (None if it is the usual one) that a tag or an English name stands for; None if none."""
    parts = [part for part in re.split("[-_]", _english().get(name, name)) if part]
    if not parts or not re.fullmatch("[a-z]{2,3}", parts[0]):
        return None
    head, rest = _head(parts[0]), parts[1:]
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), None)
    region = next((part for part in rest if len(part) == 2 or part.isdecimal()), None)
    if script is None and region is not None:
        script = _script_of(f"{head}_{region.upper()}")
    return head, script


def _head(code: str) -> str:
    """A language code in its shortest form (chi, zho, cmn and zh are zh)."""
    head = re.split("[-_]", code)[0].casefold()
    return get_global("language_aliases").get(head, head).split("_")[0]


def _script_of(tag: str) -> str | None:
    """The script in which a language is written, usually or in a region, as far as CLDR says."""
    _, script, *_ = [*get_global("likely_subtags").get(tag, "").split("_"), "", ""]
    return script.casefold() or None


@cache
def _english() -> dict[str, str]:
    """Tags by English names, as in `Simplified Chinese` and `Chinese (Simplified)`, in small letters."""
    found = {}
    for tag, name in Locale("en").languages.items():
        found[name.casefold()] = tag.casefold()
        if " " in name:
            first, last = name.casefold().rsplit(" ", 1)
            found[f"{last} ({first})"] = tag.casefold()
    return {"mandarin": "zh", "mandarin chinese": "zh", **found}
