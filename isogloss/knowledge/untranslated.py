"""What comes in place of a translation: the page of a service that has failed, or the text itself."""

import re
import unicodedata

from isogloss.languages import Language

# Google's pages (their titles are alike in all languages), pages in HTML, and what asks for a person.
PAGE = re.compile(
    r"\([^()]{1,80}\)\s*!!\s*1|<!doctype|</?(?:html|head|body|title|script|center|h1)\b|that[’']s (?:an error|all we know)"
    r"|unusual traffic|automated (?:queries|requests)|enable javascript|\bcaptcha\b|before you continue to google",
    re.IGNORECASE,
)
# What the statuses of HTTP are called, alone in English or beside their numbers.
STATUS = r"(?:4[0-5]|5[0-2])\d"
ERROR = r"error|erreur|fehler|errore|erro|fout|fel|fejl|błąd|hata|ошибка|помилка|エラー|错误|錯誤|오류|त्रुटि|خطأ"
NAMES = (
    r"(?:internal )?server error|bad gateway|(?:the )?service (?:is )?(?:temporarily )?unavailable|gateway time-?out"
    r"|too many requests|bad request|forbidden|access denied|temporary error|not found|request time-?out"
)
NUMBERED = re.compile(rf"(?:{ERROR})\W{{0,3}}{STATUS}(?!\d)|(?<!\d){STATUS}\W{{1,3}}(?:{ERROR}|{NAMES})\b", re.IGNORECASE)
NAMED = re.compile(rf"\W*(?:http )?(?:error\W+)?(?:{NAMES})\W*(?:please try again later\W*)?", re.IGNORECASE)

ASKED = re.compile(r"[?？؟;!！。।॥…]\W*\Z")  # how sentences end, but for the full stop, which abbreviations have, too
WORDS = 4  # from so many on it is a sentence
ALIKE = {"Han", "Japanese"}  # scripts that share characters


def is_error_page(said: str, text: str, target: Language | None = None) -> bool:
    """Whether a service said that it has failed, in place of a translation of `text`.

    What the text itself says is no sign of it, nor is the English name of an error alone in a translation into English.
    """
    if numbered := NUMBERED.search(said):
        return any(number not in text for number in re.findall(r"\d+", numbered[0]))
    signs = [PAGE.search, *([NAMED.fullmatch] if target is not None and target.iso639_3 != "eng" else [])]
    return any(sign(said) and not sign(text) for sign in signs)


def is_same(text: str, said: str | None) -> bool:
    """Whether two texts have the same words, and any; case, punctuation and the forms of characters make no difference."""
    words = _words(text)
    return bool(words) and said is not None and words == _words(said)


def is_untranslated(text: str, said: str | None, source: Language, target: Language) -> bool:
    """Whether what was `said` is the `text` itself, though the two have to differ: a sentence in any case, and other words where
    the languages have different scripts. Names are often the same in the same script; numbers and capitals are anywhere."""
    if not is_same(text, said):
        return False
    words = _words(text)
    apart = source.script != target.script and not {source.script, target.script} <= ALIKE
    return bool(len(words) >= WORDS or ASKED.search(text) or (apart and any(c.isalpha() and not c.isupper() for c in text)))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())
