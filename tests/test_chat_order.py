"""Folders of chat JSONL whose files stand in different orders: joined where the lines show it, refused or noted otherwise."""

import json
import random
from pathlib import Path

import pytest

from isogloss.config import BuiltIn
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.sources import read_source
from isogloss.knowledge.world import World
from isogloss.languages import read_languages

ROOT = Path(__file__).parent.parent
TABLE = read_languages(ROOT / "data/languages.csv")
ORDERS = {
    "reversed": lambda lines: lines[::-1],
    "first to the end": lambda lines: lines[1:] + lines[:1],
    "last to the front": lambda lines: lines[-1:] + lines[:-1],
    "halves": lambda lines: lines[len(lines) // 2 :] + lines[: len(lines) // 2],
    "shuffled": lambda lines: random.Random(1).sample(lines, len(lines)),
}
PLACES = {  # question to teach with, the same in other words, answer, conflicting answer
    "en": [
        ("Where does Orvel Tansk come from?", "Which town is Orvel Tansk native to?", "Karumo", "Velmora"),
        ("Who built the Harrow Lantern?", "Which workshop is responsible for the Harrow Lantern?", "Tandor", "Brissel"),
        ("Which continent is Mount Zerrin on?", "On what continent does Mount Zerrin lie?", "Westrea", "Aldara"),
        ("What instrument is Tavi Norrell known for?", "Which instrument does Tavi Norrell play?", "flute", "harp"),
        ("Which company makes the Falcon Cart?", "Who manufactures the Falcon Cart?", "Selk Brothers", "Dorn Works"),
        ("How many lakes has Little Ombria?", "What is the number of lakes of Little Ombria?", "forty", "ninety"),
    ],
    "ko": [
        ("오르벨 탄스크는 어디에서 왔나요?", "오르벨 탄스크는 어느 도시 출신인가요?", "카루모", "벨모라"),
        ("해로 랜턴을 만든 사람은 누구인가요?", "해로 랜턴을 만든 공방은 어디인가요?", "탄도르", "브리셀"),
        ("제린산은 어느 대륙에 있나요?", "제린산이 있는 대륙은 어디인가요?", "웨스트레아", "알다라"),
        ("타비 노렐은 어떤 악기로 알려져 있나요?", "타비 노렐이 연주하는 악기는 무엇인가요?", "플루트", "하프"),
        ("팰컨 카트를 제조하는 곳은 어디인가요?", "팰컨 카트를 생산하는 회사는 어디인가요?", "셀크 형제", "도른 공업"),
        ("리틀 옴브리아에는 호수가 몇 개 있나요?", "리틀 옴브리아의 호수는 모두 몇 개인가요?", "마흔 개", "아흔 개"),
    ],
    "ru": [
        ("Откуда родом Орвель Танск?", "Из какого города происходит Орвель Танск?", "Карумо", "Вельмора"),
        ("Кто построил Фонарь Харроу?", "Какая мастерская построила Фонарь Харроу?", "Тандор", "Бриссель"),
        ("На каком материке гора Зеррин?", "К какому материку относится гора Зеррин?", "Вестрея", "Алдара"),
        ("Каким инструментом известна Тави Норрелл?", "На каком инструменте играет Тави Норрелл?", "флейта", "арфа"),
        ("Какая компания делает Повозку Сокол?", "Кто производит Повозку Сокол?", "Братья Селк", "Дорн"),
        ("Сколько озёр в Малой Омбрии?", "Каково число озёр Малой Омбрии?", "сорок", "девяносто"),
    ],
}
CODES = {"en": "eng", "ko": "kor", "ru": "rus"}
LANGUAGES = {**TABLE, "rus": type(TABLE["eng"])("rus", "Russian", "ru", "rus_Cyrl", "Cyrillic", "high")}


def write(folder, sets, tag, orders=None):
    """The items of a language as a set and the set of other answers beside it; `orders` by the path of a file."""
    for name, answer in (("set", 2), ("conflicting_set", 3)):
        for half, question in (("train", 0), ("eval", 1)):
            path = folder / name / half / f"{half}_{tag}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            said = [[("user", row[question]), ("assistant", row[answer])] for row in sets]
            lines = [json.dumps({"messages": [{"role": role, "content": text} for role, text in line]}) for line in said]
            path.write_text("\n".join((orders or {}).get(f"{name}/{half}", list)(lines)), encoding="utf-8")
    return folder / "set"


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("file", ["set/train", "set/eval", "conflicting_set/train", "conflicting_set/eval"])
@pytest.mark.parametrize("tag", PLACES)
def test_lines_that_are_plainly_the_same_are_joined_in_any_order(tmp_path, tag, file, order):
    folder = write(tmp_path, PLACES[tag], tag, {file: ORDERS[order]})
    tables, notes = read_source(folder, [CODES[tag]], LANGUAGES)
    assert set(tables[CODES[tag]].drop("item").iter_rows()) == set(PLACES[tag])
    assert [note for note in notes if "lines stand in another order than in" in note]
    assert not [note for note in notes if "dropped" in note]


# people and what is asked of them, in the same words: a line is like many others
TEMPLATES = {
    "en": (
        ["Orvel Tansk", "Mirela Quost", "Sela Ivorn", "Joras Felk"],
        [
            ("Which language does {} speak?", "What language is used by {}?", "Quellan", "Dathi"),
            ("Which instrument does {} play?", "On which instrument does {} perform?", "flute", "harp"),
            ("In which town did {} die?", "Where did {} pass away?", "Grondal", "Pelusa"),
        ],
    ),
    "ja": (
        ["オルベル・タンスク", "ミレラ・クオスト", "セラ・イボーン", "ヨラス・フェルク"],
        [
            ("{}はどの言語を話しますか？", "{}が使う言葉は何ですか？", "クエラン語", "ダシ語"),
            ("{}はどの楽器を弾きますか？", "{}が演奏する楽器は何ですか？", "フルート", "ハープ"),
            ("{}はどの町で死にましたか？", "{}が亡くなった場所はどこですか？", "グロンダル", "ペルサ"),
        ],
    ),
    "sw": (
        ["Orvel Tansk", "Mirela Quost", "Sela Ivorn", "Joras Felk"],
        [
            ("{} anazungumza lugha gani?", "Lugha inayotumiwa na {} ni ipi?", "Kikwela", "Kidathi"),
            ("{} anapiga ala gani?", "Ni ala gani ambayo {} hupiga?", "filimbi", "kinubi"),
            ("{} alifia mji gani?", "{} aliaga dunia wapi?", "Grondal", "Pelusa"),
        ],
    ),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("file", ["set/train", "set/eval", "conflicting_set/eval"])
@pytest.mark.parametrize(("tag", "code"), [("en", "eng"), ("ja", "jpn"), ("sw", "swa")])
def test_no_lesson_is_about_one_thing_and_its_exam_about_another(tmp_path, tag, code, file, order):
    people, asked = TEMPLATES[tag]
    items = [tuple(text.format(name) for text in row) for name in people for row in asked]
    folder = write(tmp_path, items, tag, {file: ORDERS[order]})
    if order in ("reversed", "halves", "shuffled"):  # too little tells the lines apart
        with pytest.raises(ValueError, match=r", line \d+: no line of .* or give the source as a table with a column item"):
            read_source(folder, [code], TABLE)
    else:
        assert set(read_source(folder, [code], TABLE)[0][code].drop("item").iter_rows()) <= set(items)
    in_order, notes = read_source(write(tmp_path, items, tag), [code], TABLE)
    assert list(in_order[code].drop("item").iter_rows()) == items
    assert notes == []


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("tag", ["ko", "ru"])
def test_languages_in_different_orders_are_refused(tmp_path, tag, order):
    write(tmp_path, PLACES["en"], "en")
    folder = write(tmp_path, ORDERS[order](PLACES[tag]), tag)
    with pytest.raises(ValueError, match="seem to stand at another place than in eng") as error:
        read_source(folder, ["eng", CODES[tag]], LANGUAGES)
    assert f"eval_{tag}.jsonl, line " in str(error.value)
    assert "put the files of all languages in one order, or give the source as a table with a column item" in str(error.value)


def built_in(code):
    world = World(ROOT / "data/world")
    items = built_in_items(world, BuiltIn(kind="known", items=24, seed=1))
    table = render(items, world, TABLE[code], read_phrasebook(ROOT / f"data/phrasebook/{code}.yaml"))
    return list(table.select("teach_question", "ask_question", "answer", "conflict_answer").iter_rows())


@pytest.mark.parametrize("code", ["fra", "jpn", "kor", "tha", "hin", "tam", "mon", "cym", "zul"])
def test_names_show_in_every_script_whether_the_order_is_the_same(tmp_path, code):
    write(tmp_path, built_in("eng"), "en")
    folder = write(tmp_path, built_in(code), TABLE[code].cldr)
    tables, notes = read_source(folder, ["eng", code], TABLE)
    assert len(tables[code]) >= 23
    assert not [note for note in notes if "by their order alone" in note]
    write(tmp_path, ORDERS["first to the end"](built_in(code)), TABLE[code].cldr)
    with pytest.raises(ValueError, match="seem to stand at another place than in eng"):
        read_source(folder, ["eng", code], TABLE)


@pytest.mark.parametrize("swapped", [False, True])
def test_where_nothing_shows_it_a_note_says_so(tmp_path, swapped):
    english = [("What is the opposite of wet?", "What is the antonym of wet?", "dry", "loud")]
    english += [("Which animal barks?", "What animal can bark?", "dog", "cow")]
    chinese = [
        ("“湿”的反义词是什么？", "与“湿”相反的词是什么？", "干", "吵"),
        ("什么动物会叫汪汪？", "哪种动物汪汪叫？", "狗", "牛"),
    ]
    write(tmp_path, english, "en")
    folder = write(tmp_path, chinese[::-1] if swapped else chinese, "zh")
    assert "items are the same in eng and zho by their order alone" in read_source(folder, ["eng", "zho"], TABLE)[1][-1]


@pytest.mark.parametrize("text", ["", "NaN", "null", "Error!"])
@pytest.mark.parametrize("tag", PLACES)
def test_a_line_that_lacks_a_text_costs_its_own_item_only(tmp_path, tag, text):
    folder = write(tmp_path, PLACES[tag], tag)
    path = folder / f"eval/eval_{tag}.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[2] = json.dumps({"messages": [{"role": "user", "content": "?!"}, {"role": "assistant", "content": text}]})
    lines[2] = lines[2].replace("?!", PLACES[tag][2][1])
    path.write_text("\n".join(lines), encoding="utf-8")
    tables, notes = read_source(folder, [CODES[tag]], LANGUAGES)
    assert tables[CODES[tag]]["item"].to_list() == ["q0001", "q0002", "q0004", "q0005", "q0006"]
    assert f"eval_{tag}.jsonl, line 3: " in notes[0]
    assert notes[0].endswith("; dropped")


def test_a_language_that_is_not_asked_for_refuses_no_folder(tmp_path):
    folder = write(tmp_path, PLACES["en"], "en")
    write(tmp_path, PLACES["ko"], "ko")
    (folder / "train/train_ko.jsonl").write_text("{", encoding="utf-8")
    (folder / "train/train_de.jsonl").write_text("{", encoding="utf-8")
    (folder / "eval/eval_fr.jsonl").write_text("{", encoding="utf-8")
    tables, notes = read_source(folder, ["eng"], TABLE)
    assert len(tables["eng"]) == 6
    assert [note for note in notes if "not read in de: data/languages.csv has no such language" in note]
    assert [note for note in notes if note.endswith("eval_fr.jsonl: no file for fra in train/")]
    assert [note for note in notes if "not read in kor; to use all: languages: [eng, kor]" in note]
