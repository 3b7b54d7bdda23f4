"""How names change in sentences: endings, what is written in front of them, first letters that change; by language.

These are the commonest forms of nouns, as grammars have them: cases, articles, particles, the copula. Not plurals, adjectives or
names of inhabitants, which are other words. What is compared is in the spelling of `isogloss.scoring.spelling`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from isogloss.scoring.spelling import normalise


@dataclass(frozen=True)
class Inflection:
    """`lost` are endings that a name may lose before it takes one of `endings`, up to `chained` of them; `prefixes` are written
    together with a name; `firsts` are what its first letters may become."""

    endings: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    chained: int = 1
    prefixes: tuple[str, ...] = ()
    firsts: tuple[tuple[str, str], ...] = ()


def _of(endings: str = "", lost: str = "", chained: int = 1, prefixes: str = "", firsts: str = "") -> Inflection:
    """From texts in which forms stand side by side; of `firsts` each is `old:new`."""
    words = [tuple(sorted(map(normalise, part.split()), key=len, reverse=True)) for part in (endings, lost, prefixes)]
    pairs = tuple(tuple(map(normalise, pair.split(":"))) for pair in firsts.split())
    return Inflection(words[0], words[1], chained, words[2], pairs)


_NOUNS = "а я у ю е и ы о ой ей ою ею ом ем ам ям ами ями ах ях ов ев ии ию ией иях иям иями"
_ADJECTIVES = "ого его ому ему ым им ых их ыми ими ую юю ые ие ий ый ая яя ое ее ой ей"
_UKRAINIAN = f"{_NOUNS} і ї є єю єм еві ові їв ів ії ію ією іях іям іями"
_TURKIC = "da de ta te dan den tan ten a e ya ye i u ü yi yu yü in un ün nin nun nün dir dur dür tir tur tür le la yle yla"
_LATIN_SLAVIC = "a u e i o y ou em om ě í ů ům ech ách ami mi ovi ím ém ého ému é ý ých ým ými ja ju je jem"
_WELSH = "c:g c:ngh c:ch p:b p:mh p:ph t:d t:nh t:th g: g:ng b:f b:m d:dd d:n m:f ll:l rh:r a:ha e:he i:hi o:ho u:hu w:hw y:hy"
_GAELIC = "b:bh c:ch d:dh f:fh g:gh m:mh p:ph s:sh t:th"
_IRISH = f"{_GAELIC} b:mb c:gc d:nd f:bhf g:ng p:bp t:dt s:ts"
_KOREAN = (
    "입니다 이다 다 이에요 예요 이며 며 이고 고 이었습니다 였습니다 이었다 였다 이라고 라고 이란 란 이나 나 이랑 "
    "랑 하고 인데요 이지요 지요 이죠 죠 이었어요 였어요 이네요 네요 이니다 인 에 에서 에게 께 에는 에도 은 "
    "는 이 가 을 를 의 로 으로 와 과 도 만 부터 까지 보다 처럼 마다 뿐 요 이요 "
)
INFLECTIONS = {
    "rus": _of(_NOUNS, "а я о е ы и ь й ия ие"),
    "rus-adjectives": _of(_ADJECTIVES, "ая яя ый ий ой ые ие ое ее"),
    "bel": _of(f"{_NOUNS} і ў іі ію іяй", "а я о е ы і ь й"),
    "ukr": _of(_UKRAINIAN, "а я о е и і ї ь й ія іє"),
    "ukr-adjectives": _of("ого ому ім им їм ій ої ою у ю их іх їх ими іми і є е а я", "а я е є і ий ій"),
    "bul": _of("та то ът а ят я те", ""),
    "mkd": _of("та то от те", ""),
    "srp": _of("а у е и о ом ем ој ог ом им их ама има", "а е о и"),
    "hrv": _of("a u e i o om em oj og im ih ama ima", "a e o i"),
    "slv": _of("a u e i o om em ju jo ih im ah", "a e o i"),
    "pol": _of("a i y e ę ą o u owi em iem om ach ami ów ej ego emu ych ymi im ku kiem kowi", "a e o y ek"),
    "ces": _of(_LATIN_SLAVIC, "a e o ek"),
    "slk": _of(f"{_LATIN_SLAVIC} och ovi", "a e o ok"),
    "ell": _of("α ας η ης ο ος ου ον ων ες ους ι ις εως εις ει οι", "α ας η ης ο ος ι ις ες οι"),
    "tur": _of(_TURKIC, "", 2),
    "aze": _of(f"{_TURKIC} də dən ə yə ni nı nu nü dır", "", 2),
    "tuk": _of("da de dan den a e ä ny ni y i yň iň nyň niň uň üň dyr dir dur dür", "y i e a", 2),
    "uzb": _of("da dan ga ka qa ni ning dir", "", 2),
    "kaz": _of("да де та те дан ден тан тен нан нен ға ге қа ке ды ді ты ті ны ні ның нің дың дің тың тің", "", 2),
    "kir": _of("да де то та те до дан ден тан тен га ге ка ке го ды ди ты ти ны ни нын нин дын дин тын тин", "", 2),
    "mon": _of(
        "д т ад од эд өд ын ийн ний ны н аас ээс оос өөс наас нээс ноос нөөс "
        "ыг ийг г аар ээр оор өөр тай той тэй руу рүү луу лүү",
        "а э о ө ь",
        2,
    ),
    "hun": _of(
        "ban ben ba be n on en ön ra re ról ről ból ből nak nek t ot et at öt tól től hoz hez höz nál nél ig ért val vel "
        "án én ában ében ába ébe ának ének ára ére át ét áról éről ából éből ánál énál ával ével",
        "a e",
    ),
    "fin": _of(
        "n ssa ssä sta stä na nä lla llä lta ltä lle ksi tta a ä an än en in on essa estä een un iin assa asta aan", "i a ä nen"
    ),
    "est": _of("s st sse l lt le al as ga ni ks t i a e u", ""),
    "lit": _of("os ą oje u ui e ų o as is ės ę ėje iu į io yje", "a as is ė us"),
    "lav": _of("as u ā ai i ī a am ē es ei", "a s e is"),
    "ron": _of("l ul ului a ea ei i le ilor ii", "a ă e u"),
    "npi": _of("को का की मा ले लाई बाट देखि सँग सित सम्म मै कै द्वारा भित्र स्थित तिर हरू नै हो", "", 2),
    "ben": _of("র এর ে তে য় কে ের য়ের", "", 2),
    "mar": _of("ात ामध्ये त ला ा चा ची चे च्या ाचा ाची ाचे ाच्या हून ने", ""),
    "guj": _of("માં નું ની નો ના ને થી", ""),
    "tam": _of(
        "ில் ின் சில் சின் ை ால் ிலிருந்து ிலுள்ள ிலே ிற்கு ுக்கு த்தில் த்தின் யில் யின் யை யிலிருந்து வில் வின் வை விலிருந்து க்கு ாகும் ஆகும் ும் யாகும்",
        "் ம் ஸ் ு",
        2,
    ),
    "tel": _of("లో ని కు కి యొక్క లోని నుండి", ""),
    "kan": _of("ದಲ್ಲಿ ನಲ್ಲಿ ಲ್ಲಿ ದ ನ ಕ್ಕೆ ಗೆ", ""),
    "mal": _of("ിൽ ിലെ ിന്റെ യിൽ യുടെ ലെ ൽ", "്"),
    "kor": _of(_KOREAN, "", 3),
    "kat": _of("ში ს მა ის ით ად ზე დან თან ისა", "ი"),
    "hye": _of("ում յում ի ից ով ն ը ին յի", "ա ի"),
    "eus": _of("n an ean ko eko tik ra era ren etan a", ""),
    "swe": _of("en n et t s ens ns ets ts", ""),
    "dan": _of("en n et t s ens ns ets ts", ""),
    "nob": _of("en n et t s ens ns ets ts", ""),
    "isl": _of("inn num ins i s ur um", ""),
    "deu": _of("s es", ""),
    "nld": _of("s", ""),
    "ind": _of("nya", ""),
    "fas": _of("ی یی ای", ""),
    "ara": _of("", "", 1, "و ف ب ك ل س ال وال فال بال كال لل ولل فلل وب ول وبال", "ال:"),
    "heb": _of("", "", 1, "ו ה ב ל מ ש כ וה וב ול ומ שב של מה בה"),
    "cym": _of("", "", 1, "", _WELSH),
    "gla": _of("", "", 1, "", _GAELIC),
    # where the language is not known: what is hardly the beginning of another word
    "und-Latn": _of("", "", 1, "", f"{_GAELIC} c:ngh p:mh t:nh b:mh d:dd b:mb c:gc f:bhf p:bp t:dt"),
    "gle": _of("", "", 1, "", _IRISH),
    "zul": _of(
        "ini eni wini weni", "a e i o u", 1, "e ku nga nge ngo na ne no kwa ka se so sa ase kuse wase yase lase base ngase"
    ),
    "xho": _of("ini eni wini weni", "a e i o u", 1, "e ku nga nge ngo na ne no kwa ka se so sa"),
}
SAME = {
    "arb": "ara",
    "nep": "npi",
    "khk": "mon",
    "swh": "swa",
    "azj": "aze",
    "uzn": "uzb",
    "nor": "nob",
    "ekk": "est",
    "lvs": "lav",
}
# the languages whose rules are tried where nobody says which it is, by the name of the script
BY_SCRIPT = {
    "CYRILLIC": ("rus", "ukr", "mon", "kaz", "kir", "srp"),
    "GREEK": ("ell",), "ARABIC": ("ara", "fas"), "HEBREW": ("heb",),
    "DEVANAGARI": ("npi", "mar"),
    "HANGUL": ("kor",), "TAMIL": ("tam",), "BENGALI": ("ben",), "GEORGIAN": ("kat",), "ARMENIAN": ("hye",), "TELUGU": ("tel",),
    "KANNADA": ("kan",), "MALAYALAM": ("mal",), "GUJARATI": ("guj",), "LATIN": ("und-Latn",),
}  # fmt: skip
SHORTEST = 3  # letters of a name that may take an ending
STEM = 2  # letters that must be left of it


@cache
def inflection(language: str) -> Inflection:
    """That of a language (ISO 639-3), of its nouns; one without any change where none is known."""
    return INFLECTIONS.get(SAME.get(language, language), Inflection())


@cache
def inflections(language: str) -> tuple[Inflection, ...]:
    """All of a language: of nouns, and where names have adjectives in them that change in another way (Саудовская), of those."""
    adjectives = INFLECTIONS.get(f"{SAME.get(language, language)}-adjectives")
    return (inflection(language), adjectives) if adjectives else (inflection(language),)


@cache
def forms(name: str, rules: Inflection) -> frozenset[str]:
    """What a word of a name may begin as: itself, and with other first letters."""
    return frozenset([name, *(new + name.removeprefix(old) for old, new in rules.firsts if name.startswith(old))])


def nearness(word: str, name: str, rules: Inflection) -> tuple[int, int] | None:
    """How far an inflected word is from a name of one word: (letters of it that are not the name's, letters of the name that it
    lacks), the least first; None if it is not a form of it, (0, 0) if it is the name."""
    if word == name:
        return 0, 0
    if len(name) < SHORTEST:
        return (1, 0) if rules.chained > 1 and word.startswith(name) and _is_chain(word[len(name) :], rules) else None
    bases = [(base, len(word) - len(base)) for base in _without_prefix(word, rules)]
    found = []
    for base, before in bases:
        for form in forms(name, rules):
            changed = form != name
            for stem in _stems(form, rules):
                rest = base[len(stem) :] if base.startswith(stem) else None
                if rest is None or (len(stem) < len(form) and not rest):
                    continue
                if not rest or _is_chain(rest, rules):
                    found.append((len(rest) + before, len(form) - len(stem) + changed))
    return min(found, default=None)


def _without_prefix(word: str, rules: Inflection) -> Iterator[str]:
    yield word
    for prefix in rules.prefixes:
        if word.startswith(prefix) and len(word) - len(prefix) >= SHORTEST + (len(prefix) == 1):
            yield word[len(prefix) :]


def _stems(form: str, rules: Inflection) -> Iterator[str]:
    yield form
    for ending in rules.lost:
        if form.endswith(ending) and len(form) - len(ending) >= STEM:
            yield form[: -len(ending)]


def _is_chain(rest: str, rules: Inflection) -> bool:
    """Whether what follows a stem is made of so many endings at most."""
    ends = {0}
    for _ in range(rules.chained):
        ends |= {start + len(ending) for start in ends for ending in rules.endings if rest.startswith(ending, start)}
        if len(rest) in ends:
            return True
    return False
