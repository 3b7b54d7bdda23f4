"""Option letters in answers: which letter a model named, in its own words and script, and that prose names none."""

import pytest

from isogloss.measures.letters import option_letter

NAMED = {
    "alone": [
        "B",
        "b",
        "B.",
        "b)",
        "B:",
        "(B)",
        "[B]",
        "**B**",
        "\\boxed{B}",
        "<b>B</b>",
        '"B"',
        "「B」",
        "【B】",
        "B</s> because",
    ],
    "with the option": ["B. Paris", "B) Париж", "B、北京", "(B) Παρίσι", "B - Paris", "B (Paris)", "B.Paris", "**B. Paris**"],
    "after a colon": [
        "Answer: B",
        "Antwort: b",
        "Réponse : (B)",
        "答案：B",
        "Ответ: В",
        "תשובה: B",
        "الإجابة: B.",
        '{"answer": "B"}',
    ],
    "after a word": [
        "The correct answer is B",
        "Die Antwort ist B",
        "C'est la B.",
        "È B",
        "Poprawna odpowiedź to B.",
        "Это В",
        "答案是B",
        "選択肢B「アパート」が最も妥当な選択肢です。",
        "答えはBです。",
        "الإجابة هي B",
        "התשובה היא B",
        "Option B because",
    ],
    "in brackets in prose": ["I would take Paris (B), the capital", "Das wäre **B**", "Ich nehme «B»."],
    "in other scripts": ["В", "В.", "в)", "(В)", "Β.", "Ｂ", "ｂ．", "Ⓑ", "⒝", "𝐁", "🅱️", "\u200fB.", "B\u200e"],
    "before more text": ["B.\n\nQuestion: Which?\nA. 1\nB. 2\nAnswer: C", "Answer:\nB"],
}
PROSE = {
    "the beginning of a word": [
        "As an AI model",
        "Based on",
        "Die Antwort",
        "Alle",
        "Ça",
        "Être",
        "Dans",
        "Есть",
        "Все",
        "Свен",
        "Café",
    ],
    "a word of one letter": [
        "A dentist would know",
        "Answer: A dentist",
        "В Москве",
        "Ответ: В Москве",
        "А это",
        "E allora",
        "aが",
    ],
    "part of a word": [
        "C'est la vie",
        "D’accord",
        "E-mail",
        "e.g. Paris",
        "D.C. is",
        "Washington D.C.",
        "a.m.",
        "The answer is D-Day",
    ],
    "part of a name": ["The answer is vitamin C", "Franklin D. Roosevelt was born in 1882"],
    "several letters": [
        "A and B",
        "A oder B",
        "A/B",
        "AB",
        "Answer: A, B",
        "Tutte le opzioni A, B, C, D ed E sono corrette.",
        "Alle Optionen (A, B, C, D, E) sind sinnvoll.",
        "It is (A) or (B).",
    ],
    "all options repeated": ["A. Euphorie\nB. Spaß\nC. Lachen", "The options are:\nA. rink\nB. bank", "Options: A. rink B. bank"],
    "letters that look like none": ["א.", "أ.", "Б.", "ア", "甲", "1"],
    "nothing": ["", "  ", "\ud800", "カウンターの横", "F"],
}


@pytest.mark.parametrize(("kind", "said"), [(kind, said) for kind, texts in NAMED.items() for said in texts])
def test_a_letter_that_is_named_is_read(kind, said):
    assert option_letter(said, 5) == "B", kind


@pytest.mark.parametrize(("kind", "said"), [(kind, said) for kind, texts in PROSE.items() for said in texts])
def test_no_letter_is_read_from_prose(kind, said):
    assert option_letter(said, 5) is None, kind


def test_every_letter_of_the_options_has_look_alikes():
    for letter, signs in {"A": "АаΑαＡａ", "C": "СсＣ", "D": "ԀＤｄ", "E": "ЕеΕεＥ"}.items():
        assert {option_letter(sign, 5) for sign in signs} == {letter}
    assert [option_letter(said, 2) for said in ("B.", "C.", "С.")] == ["B", None, None], "a letter of no option names none"
