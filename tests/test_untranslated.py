"""What comes in place of a translation: pages of services that failed, and texts as they were."""

import polars as pl
import pytest
import requests

from isogloss.config import Google
from isogloss.knowledge import translators
from isogloss.knowledge.quality import quality, review
from isogloss.knowledge.sources import SOURCE_SCHEMA
from isogloss.knowledge.translators import translate_items, translator_of
from isogloss.knowledge.untranslated import is_error_page, is_untranslated
from isogloss.languages import read_languages

LANGUAGES = read_languages("data/languages.csv")
ITEMS = pl.DataFrame(
    [("q1", "What is the market day of Velmora?", "On which day is the market of Velmora?", "Tuesday", "Friday")],
    schema=SOURCE_SCHEMA,
    orient="row",
)
PAGES = [
    "Error 500 (Server Error)!!1500.That’s an error.There was an error. Please try again later.That’s all we know.",
    "Error 502 (Server Error)!!1502.That’s an error.The server encountered a temporary error.That’s all we know.",
    "Fehler 500 (Serverfehler)!!1500.Das ist ein Fehler.Mehr ist uns nicht bekannt.",
    "Erreur 404 (Page introuvable)!!1404.C'est une erreur.",
    "错误 500（服务器错误）",
    "خطأ 503",
    "503 Service Unavailable",
    "HTTP Error 429: Too Many Requests",
    "Service Unavailable",
    "Bad Gateway",
    "Our systems have detected unusual traffic from your computer network.",
    "We're sorry... but your computer or network may be sending automated queries.",
    "<!DOCTYPE html><html><head><title>Sign in</title></head></html>",
]
TRANSLATIONS = [  # text, its language, the translation, its language
    ("What does error 500 (Server Error)!!1 mean?", "eng", "¿Qué significa error 500 (Server Error)!!1?", "spa"),
    ("What does HTTP status 429 stand for?", "eng", "Wofür steht 429 Too Many Requests?", "swe"),
    ("Zu viele Anfragen", "swe", "Too many requests", "eng"),
    ("Wie viele Menschen leben dort? 500.", "swe", "500 people live there!", "eng"),
    ("In which year was the error made?", "eng", "¿En qué año se cometió el error? 1500", "spa"),
    ("Where is <b>Karumo</b>?", "eng", "¿Dónde está <b>Karumo</b>?", "spa"),
]
SAME = {  # a text, the language it is put into from English, whether it has to differ
    ("What is the market day of Velmora?", "spa"): True,
    ("what is the market day of velmora ?", "zul"): True,
    ("Where?", "fra"): True,
    ("the day after the market", "swe"): True,
    ("Velmora", "spa"): False,
    ("Tuesday", "zul"): False,
    ("U.S.", "fra"): False,
    ("Velmora", "zho"): True,
    ("Tuesday", "hin"): True,
    ("Tuesday", "tam"): True,
    ("DNA", "jpn"): False,
    ("1984", "kor"): False,
    ("…", "tha"): False,
}


class Service:
    """Google's page, whose result `says` gives for a text; what it was asked."""

    def __init__(self, monkeypatch):
        self.asked = []
        self.says = lambda text: f"ES {text}"
        monkeypatch.setattr(requests, "get", self.get)
        monkeypatch.setattr(translators.time, "sleep", lambda seconds: None)

    def get(self, url, params, proxies=None):
        self.asked.append(params["q"])
        page = requests.Response()
        page.status_code = 200
        said = self.says(params["q"]).replace("<", "&lt;")
        page._content = f'<html><div class="result-container">{said}</div></html>'.encode()
        page.encoding = "utf-8"
        return page


@pytest.fixture
def service(monkeypatch):
    return Service(monkeypatch)


def translated(folder, items=ITEMS, target="spa"):
    translate = translator_of(Google(provider="google", attempts=3), None, folder)
    return translate_items(items, LANGUAGES["eng"], LANGUAGES[target], translate)


@pytest.mark.parametrize("page", PAGES)
def test_an_error_page_is_asked_again_and_not_kept(service, tmp_path, page):
    service.says = lambda text: page if text == "Tuesday" and service.asked.count(text) < 3 else f"ES {text}"
    assert translated(tmp_path)["answer"].to_list() == ["ES Tuesday"]
    assert service.asked.count("Tuesday") == 3
    service.says = lambda text: page
    with pytest.raises(RuntimeError, match=r"failed 3 times to put 'What is .* into French: an error page came in place"):
        translated(tmp_path, target="fra")
    service.says = lambda text: f"FR {text}"
    assert translated(tmp_path, target="fra")["answer"].to_list() == ["FR Tuesday"]


def test_an_error_page_that_was_kept_is_asked_again(service, tmp_path, monkeypatch):
    service.says = lambda text: PAGES[0]
    monkeypatch.setattr(translators, "is_error_page", lambda *_: False)
    with pytest.raises(ValueError, match="are the same"):
        translated(tmp_path)
    monkeypatch.setattr(translators, "is_error_page", is_error_page)
    service.says = lambda text: f"ES {text}"
    for _ in range(2):
        service.asked.clear()
        assert translated(tmp_path)["answer"].to_list() == ["ES Tuesday"]
    assert not service.asked


@pytest.mark.parametrize(("text", "source", "said", "target"), TRANSLATIONS)
def test_a_translation_is_no_error_page(text, source, said, target):
    assert not is_error_page(said, text, LANGUAGES[target])


@pytest.mark.parametrize(("text", "target"), SAME)
def test_what_has_to_differ(text, target):
    assert is_untranslated(text, text.upper() + " ", LANGUAGES["eng"], LANGUAGES[target]) == SAME[text, target]
    assert not is_untranslated(text, f"{text} x", LANGUAGES["eng"], LANGUAGES[target])
    assert not is_untranslated(text, None, LANGUAGES["eng"], LANGUAGES[target])


def test_scripts_that_share_characters():
    assert not is_untranslated("東京", "東京", LANGUAGES["zho"], LANGUAGES["jpn"])
    assert is_untranslated("維摩拉的集市日是星期几？", "維摩拉的集市日是星期几？", LANGUAGES["zho"], LANGUAGES["jpn"])


def test_what_comes_back_as_it_was_is_asked_again_listed_and_not_kept(service, tmp_path, capfd):
    service.says = lambda text: text
    assert translated(tmp_path).equals(ITEMS)
    said = capfd.readouterr().out
    assert (
        "from English into Spanish: 2 of 4 texts came back untranslated; 2 more, which may be names, came back as they were:"
        in said
    )
    assert "\n  What is the market day of Velmora?\n  On which day is the market of Velmora?\n" in said
    assert [service.asked.count(text) for text in ITEMS.row(0)[1:]] == [2, 2, 1, 1]
    service.says = lambda text: f"ES {text}"
    assert translated(tmp_path)["answer"].to_list() == ["ES Tuesday"]
    assert not capfd.readouterr().out


def test_a_text_that_is_too_long_is_named(service, tmp_path):
    with pytest.raises(ValueError, match=r"no texts of 5000 characters or more; shorten 'word word"):
        translated(tmp_path, ITEMS.with_columns(teach_question=pl.lit("word " * 1200)))


@pytest.mark.parametrize("target", ["spa", "zul", "zho", "hin"])
def test_the_check_counts_and_lists_what_is_untranslated(target):
    def embed(texts):
        return pl.DataFrame({"x": [1.0] * len(texts)}).to_numpy()

    half = ITEMS.with_columns(ask_question=pl.lit("¿?"))
    summary, details = quality(
        ITEMS, {target: half}, {target: ITEMS}, embed, resamples=10, languages=LANGUAGES, pivot=LANGUAGES["eng"]
    )
    same = ["teach_question", *([] if target in ("spa", "zul") else ["answer", "conflict_answer"])]
    assert summary["untranslated"].to_list() == [len(same)]
    assert set(review(details, 0.5)["field"]) == set(same), "though they are as similar as can be"
