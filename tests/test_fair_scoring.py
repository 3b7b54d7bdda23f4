"""Exact match is as strict in one language as in another: names as languages change them, spell them, and write them without
spaces."""

import json
import subprocess
import sys

import pytest

from isogloss.knowledge.cldr import names
from isogloss.scoring.__main__ import scored
from isogloss.scoring.exact import Class, class_of, verdict
from isogloss.scoring.inflection import INFLECTIONS, inflection, nearness
from isogloss.scoring.known import COMMON, known, locale_of, same
from isogloss.scoring.numbers import number, numbers_in
from isogloss.scoring.spelling import normalise


def said(language, answer, aliases, rivals=("xyz",)):
    """The verdict, the language being known; texts of several names are given with slashes."""
    return verdict(answer, aliases.split("/"), frozenset(rivals), language)


INFLECTED = [
    ("rus", "Рынок бывает по понедельникам? Нет, город лежит в Китае.", "Китай"),
    ("rus", "Столица Саудовской Аравии", "Саудовская Аравия"),
    ("rus", "в марте", "март"),
    ("rus", "во Франции", "Франция"),
    ("ukr", "Місто лежить у Греції", "Греція"),
    ("ukr", "у Сполучених Штатах", "Сполучені Штати"),
    ("pol", "we Francji", "Francja"),
    ("pol", "w poniedziałku", "poniedziałek"),
    ("ces", "v Číně", "Čína"),
    ("ell", "της Κίνας", "Κίνα"),
    ("ell", "ΤΗΣ ΙΝΔΙΑΣ", "Ινδία"),
    ("tur", "Pazartesidir.", "Pazartesi"),
    ("tur", "Almancadır", "Almanca"),
    ("tuk", "Duşenbede", "Duşenbe"),
    ("mon", "Даваа гарагт", "Даваа гараг"),
    ("mon", "Орост байдаг", "Орос"),
    ("hun", "Franciaországban van", "Franciaország"),
    ("hun", "pénteken", "péntek"),
    ("fin", "Ranskassa", "Ranska"),
    ("npi", "नेपालमा अवस्थित छ", "नेपाल"),
    ("npi", "भारतको सहर", "भारत"),
    ("tam", "ஜப்பானில் உள்ளது", "ஜப்பான்"),
    ("tam", "இந்தியாவில்", "இந்தியா"),
    ("kor", "수도는 서울이었습니다", "서울"),
    ("kor", "일본에서는", "일본"),
    ("kor", "답은 물입니다", "물"),
    ("ara", "تقع المدينة بالهند", "الهند"),
    ("ara", "للصين", "الصين"),
    ("heb", "העיר בצרפת", "צרפת"),
    ("cym", "Yng Nghaerdydd mae hi", "Caerdydd"),
    ("cym", "yn Ffrainc neu o Gymru", "Cymru"),
    ("cym", "ar ddydd Gwener", "dydd Gwener"),
    ("gla", "gu Ghlaschu", "Glaschu"),
    ("gle", "i gcorcaigh", "Corcaigh"),
    ("zul", "Idolobha liseNorway", "i-Norway"),
    ("zul", "ngoMsombuluko", "uMsombuluko"),
    ("swe", "på tisdagen", "tisdag"),
    ("dan", "Om tirsdagen", "tirsdag"),
    ("deu", "Frankreichs Hauptstadt", "Frankreich"),
    ("kat", "საფრანგეთში", "საფრანგეთი"),
    ("ind", "ibu kotanya Jepangnya", "Jepang"),
    ("hun", "szerdán", "szerda"),
    ("pol", "w Stanach Zjednoczonych", "Stany Zjednoczone"),
    ("lit", "pirmadienį", "pirmadienis"),
    ("hrv", "u Francuskoj", "Francuska"),
    ("tam", "பிரான்சில்", "பிரான்ஸ்"),
    ("zul", "idolobha lisefulansi", "i-Fulansi"),
    ("hye", "Ֆրանսիայում", "Ֆրանսիա"),
    ("ben", "ফ্রান্সে", "ফ্রান্স"),
]


@pytest.mark.parametrize(("language", "answer", "name"), INFLECTED)
def test_names_are_found_as_a_sentence_changes_them(language, answer, name):
    assert said(language, answer, name) == "inflected"


@pytest.mark.parametrize(
    ("language", "answer", "name"),
    [
        ("eng", "Mondays are busy", "Monday"),
        ("eng", "Indiana", "India"),
        ("eng", "a Roman town", "Oman"),
        ("spa", "Domingos y feriados", "domingo"),
        ("rus", "Индонезия", "Индия"),
        ("rus", "Китайгород", "Китай"),
        ("rus", "австралийский доллар", "Австрия"),
        ("ukr", "Австралія", "Австрія"),
        ("tur", "Nijerya'da", "Nijer"),
        ("tur", "Çingene", "Çin"),
        ("kor", "한국어", "한국"),
        ("ara", "النيجر", "نيجيريا"),
        ("mon", "Орхон", "Орос"),
        ("npi", "नेपाली भाषा", "नेपाल"),
        ("cym", "Gwener", "Mercher"),
    ],
)
def test_another_word_that_begins_alike_is_not_that_name(language, answer, name):
    assert said(language, answer, name) is None


def test_in_gaelic_an_article_is_no_part_of_a_name_in_a_sentence():
    assert said("gla", "anns an Fhraing", "An Fhraing") == "within"
    assert said("gla", "san Spàinnt", "An Spàinnt") == "within"
    assert said("gle", "sa Ghearmáin", "An Ghearmáin") == "within"


def test_an_inflected_word_is_of_the_name_that_it_is_nearest_to():
    """Russian has Австрия and Австралия, Слове… and Слова…: each form is of one of them, and a rival's form is a rival."""
    pairs = [("Словакия", "Словения", "в Словении"), ("Ирландия", "Исландия", "в Исландии"), ("Нигер", "Нигерия", "в Нигерии")]
    for own, other, answer in pairs:
        assert said("rus", answer, other, [normalise(own)]) == "inflected"
        assert said("rus", answer, own, [normalise(other)]) is None
    assert said("rus", "в Китае и в Индии", "Китай", ["индия"]) is None


@pytest.mark.parametrize(
    ("language", "answer", "name"),
    [
        ("zho", "丹麦语", "丹麦"),
        ("zho", "印度尼西亚", "印度"),
        ("zho", "十一月", "一月"),
        ("zho", "白俄罗斯", "俄罗斯"),
        ("zho", "位于几内亚比绍", "几内亚"),
        ("jpn", "イタリア語", "イタリア"),
        ("jpn", "南スーダンです", "スーダン"),
        ("tha", "โซมาเลีย", "มาลี"),
        ("tha", "ประเทศไนจีเรีย", "ไนเจอร์"),
    ],
)
def test_a_longer_name_hides_the_one_within_it(language, answer, name):
    assert said(language, answer, name) is None
    assert verdict(answer, [name], frozenset()) is None, "also where the language is guessed"


@pytest.mark.parametrize(
    ("language", "answer", "name"),
    [
        ("zho", "它位于丹麦的首都。", "丹麦"),
        ("jpn", "市場は月曜日です", "月曜日"),
        ("tha", "ตั้งอยู่ในประเทศมาลี", "มาลี"),
        ("lao", "ມັນແມ່ນວັນຈັນ", "ວັນຈັນ"),
    ],
)
def test_without_spaces_a_name_in_a_sentence_is_still_found(language, answer, name):
    assert said(language, answer, name) == "within"


@pytest.mark.parametrize(
    ("language", "answer", "name"),
    [
        ("ukr", "п’ятниця", "п'ятниця"),
        ("gla", "Di‑luain", "Di-luain"),
        ("fas", "پنج شنبه", "پنج‌شنبه"),
        ("fas", "یکشنبه", "يكشنبه"),
        ("ara", "الإثْنَيْن", "الاثنين"),
        ("ara", "الاثنـــين", "الاثنين"),
        ("hin", "अंग्रेजी", "अंग्रेज़ी"),
        ("hin", "१९८७", "1987"),
        ("ben", "১৯৮৭", "1987"),
        ("tur", "SALI", "Salı"),
        ("tur", "İngilizce", "ingilizce"),
        ("ell", "ΣΑΒΒΑΤΟ", "Σάββατο"),
        ("zho", "法國", "法国"),
        ("vie", "hoà bình", "hòa bình"),
        ("ron", "Franţa", "Franța"),
        ("kor", "바람 정원", "바람정원"),
        ("jpn", "ブラジルレアル", "ブラジル レアル"),
        ("zul", "iNorway", "i-Norway"),
        ("eng", "Pa\u00adris", "Paris"),
        ("heb", "צ'כיה", "צ׳כיה"),
        ("eng", "15 March 1987", "March 15, 1987"),
    ],
)
def test_ways_to_spell_the_same(language, answer, name):
    assert said(language, answer, name) in ("exact", "number")


@pytest.mark.parametrize(
    ("language", "answer", "name"),
    [
        ("spa", "papa", "papá"),
        ("vie", "hoa", "hòa"),
        ("tha", "มา", "ม้า"),
        ("spa", "ano", "año"),
        ("hin", "पल", "पाल"),
        ("eng", "C#", "C"),
    ],
)
def test_what_is_another_word_stays_another(language, answer, name):
    assert said(language, answer, name) is None


@pytest.mark.parametrize(
    ("language", "answer", "aliases", "right"),
    [
        ("dan", "Man holder marked på torsdag.", "torsdag/tors.", True),
        ("mon", "Өглөө ба орой", "Баасан/Ба", False),
        ("spa", "Junto al mar", "martes/mar", False),
        ("spa", "mar", "martes/mar", True),
        ("eng", "It may be in autumn.", "May", False),
        ("eng", "It is in May.", "May", True),
        ("eng", "Jun", "June/Jun", True),
        ("fra", "Au bord de la mer, le mardi.", "mardi/mar.", True),
        ("nld", "zo, dat is mooi", "zondag/zo", False),
        ("eng", "Euro.", "Euro/euros", True),
    ],
)
def test_short_forms_are_whole_answers(language, answer, aliases, right):
    rivals = frozenset({"man.", "мя", "mer.", "jun", "vie"} - set(aliases.lower().split("/")))
    assert (said(language, answer, aliases, rivals) is not None) == right


@pytest.mark.parametrize(
    ("language", "answer", "name", "right"),
    [
        ("eng", "12,000", "12", False),
        ("eng", "12,000", "12000", True),
        ("eng", "-5", "5", False),
        ("fra", "1\u202f500", "1500", True),
        ("deu", "1.500", "1500", True),
        ("eng", "1.500", "1.5", True),
        ("ita", "3,5", "3.5", True),
        ("ita", "Sono 3,5 metri", "3.5", True),
        ("ara", "الجواب ٣", "3", True),
        ("eng", "Between 12 and 13", "12", False),
        ("eng", "12.", "12", True),
        ("eng", "120", "12", False),
    ],
)
def test_numbers_are_compared_by_value(language, answer, name, right):
    assert (said(language, answer, name, {"13"}) is not None) == right


def test_numbers_in_a_text_are_read_as_the_language_writes_them():
    assert [float(value) for _, _, value in numbers_in("3.000 und 2,5", "de")] == [3000, 2.5]
    assert [float(value) for _, _, value in numbers_in("3.000 and 2,500", "en")] == [3, 2500]
    assert [float(value) for _, _, value in numbers_in("12 345 67", "fr")] == [12, 345, 67]
    assert float(number("1,234,567.5", "en")) == 1234567.5
    assert number("12 monkeys", "en") is None


@pytest.mark.parametrize(
    ("language", "answer", "name"),
    [
        ("tam", "வெள்ளிக்கிழமை", "வெள்ளி/வெள்."),
        ("rus", "в США", "Соединенные Штаты"),
        ("hin", "अमेरिका", "संयुक्त राज्य"),
        ("tha", "ญี่ปุ่น", "ประเทศญี่ปุ่น"),
        ("jpn", "米国です", "アメリカ合衆国"),
        ("gla", "Cèitean", "An Cèitean"),
    ],
)
def test_the_usual_name_is_right_beside_the_official_one(language, answer, name):
    rivals = {"tam": ["திங்கள்"], "gla": ["an giblean"]}.get(
        language, [normalise(next(iter(_country(language, code)))) for code in ("IN", "BR")]
    )
    assert said(language, answer, name, rivals) is not None


def _country(language, code):
    return [name for name, meant in known(locale_of(language)).items() if ("country", code) in meant]


def test_a_name_with_another_letter_is_that_of_a_closed_class_or_of_nothing():
    assert said("npi", "थाइल्यान्डको", "थाइल्याण्ड", ["भारत"]) == "inflected"
    assert said("tur", "Kenia'da", "Kenya", ["çin"]) == "inflected", "letters that sound alike"
    assert said("eng", "Thailande", "Thailand", ["france"]) is None, "an ending is no misspelling"
    assert said("npi", "बेलमोराव्हियाको", "बेलमोराभ्हिया", ["भारत"]) == "inflected"
    assert verdict("बेलमोराव्हिया", ["बेलमोराभ्हिया"], frozenset(), "npi") is None, "without rivals nothing is nearest"
    assert said("eng", "a Franco state", "France", ["spain"]) is None


@pytest.mark.parametrize(
    ("language", "answer", "aliases", "rivals"),
    [
        ("zho", "俄罗斯位于欧洲。", "欧洲", ["亚洲", "非洲"]),
        ("fra", "Malawi est dans le continent africain.", "Afrique", ["europe", "asie"]),
        ("eng", "Japan is in Asia.", "Asia", ["europe", "africa"]),
        ("jpn", "マラウイはアフリカにあります", "アフリカ", ["アジア", "ヨーロッパ"]),
        ("eng", "The currency of Japan is the Japanese yen", "Japanese yen", ["euro", "us dollar"]),
        ("fra", "La langue de la Suisse est le français", "français", ["allemand", "anglais"]),
    ],
)
def test_what_a_question_is_about_is_no_rival(language, answer, aliases, rivals):
    """Of a continent, a currency or a language the country may be named."""
    assert said(language, answer, aliases, rivals) == "within"


def test_the_first_sentence_that_names_any_decides():
    assert said("eng", "It is France. Spain is its neighbour.", "France", ["spain"]) == "within"
    assert said("eng", "It is France, and Spain is its neighbour.", "France", ["spain"]) is None
    assert said("hin", "यह भारत में है। नेपाल पास है।", "भारत", ["नेपाल"]) == "within"


def test_where_countries_are_asked_for_every_other_country_is_a_rival():
    assert said("eng", "between France and Norway", "France", ["spain", "brazil"]) is None
    assert said("spa", "una reunión en Francia", "Francia", ["españa", "brasil"]) == "within", "a meeting, not Réunion"


@pytest.mark.parametrize("locale", COMMON)
def test_every_locale_knows_the_names_of_its_months(locale):
    months = {code for meant in known(locale).values() for kind, code in meant if kind == "month"}
    assert months == set(range(1, 13))


def test_every_language_with_rules_has_names():
    unknown = [code for code in INFLECTIONS if code != "und-Latn" and locale_of(code.split("-")[0]) is None]
    assert not unknown


def test_an_alias_that_names_two_things_is_widened_to_neither():
    assert same(frozenset({"mar"}), ["es"], frozenset()) == frozenset(), "martes or marzo"
    assert "martes" in same(frozenset({"mar"}), ["es"], frozenset({"lunes", "viernes"}))


def test_no_question_names_an_answer(world, languages, books):
    """A model that repeats the question has answered nothing."""
    for code, language in languages.items():
        for relation in world.relations.values():
            values = relation.values or sorted({fact.value for fact in world.facts if fact.relation is relation})
            groups = tuple(tuple(names(language.cldr).aliases(relation.answers, value)) for value in values)
            answers = class_of(groups, code)
            for asked in ("teach", "ask", "answer"):
                text = books[code].relations[relation.name][asked].format(place="Ka Po Pe", answer="…")
                assert not [find for find in answers.finds(text)[1] if find.name in answers.names], (code, text)


def test_how_near_a_form_is():
    russian = inflection("rus")
    assert nearness("китай", "китай", russian) == (0, 0)
    assert nearness("китае", "китай", russian) == (1, 1)
    assert nearness("нигерии", "нигерия", russian) < nearness("нигерии", "нигер", russian)
    assert nearness("китайгород", "китай", russian) is None
    assert nearness("ghlaschu", "glaschu", inflection("gla")) == (0, 1)


def test_a_class_looks_through_a_text_once(monkeypatch):
    days = Class([["Monday"], ["Tuesday"]], "eng")
    looked = []
    monkeypatch.setattr(days.finder, "finds", lambda text, spelled: looked.append(text) or [])
    for day in ("Monday", "Tuesday"):
        days.expected((day,), frozenset({"Monday", "Tuesday"})).verdict("no idea")
    assert looked == ["no idea"]


def lines(path, *rows):
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def test_answers_from_elsewhere_are_scored_by_the_module(tmp_path):
    file = lines(
        tmp_path / "answers.jsonl",
        {"lang": "rus", "answer": "в Китае", "aliases": ["Китай"], "rivals": ["Индия"]},
        {"lang": "zho_Hans", "answer": "丹麦语", "aliases": "丹麦"},
        {"lang": "en-GB", "answer": None, "aliases": "France"},
    )
    run = subprocess.run([sys.executable, "-m", "isogloss.scoring", file], capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in run.stdout.splitlines()] == [
        {"right": True, "match": "inflected"},
        {"right": False, "match": None},
        {"right": False, "match": None},
    ]


def test_all_that_is_wrong_with_a_file_of_answers_is_said_at_once(tmp_path):
    file = lines(
        tmp_path / "answers.jsonl",
        {"answer": "x", "aliases": []},
        {"lang": "en", "aliases": "x"},
        {"lang": "en", "answer": 3, "aliases": [4]},
    )
    with pytest.raises(ValueError, match="lang is missing") as error:
        scored(file)
    for part in (
        "line 1: aliases is missing",
        "line 2: answer is missing",
        "line 3: answer is no text",
        "line 3: aliases is neither",
    ):
        assert part in str(error.value)
