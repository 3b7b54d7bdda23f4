"""What a language needs: a made-up one, put together piece by piece in a folder of its own."""

import json
import re
import shutil

import pytest
import yaml

from isogloss.knowledge.checklist import check, main

CODE = "fin"  # so that lang2vec knows it; its phrases are English ones with their words written backwards
ROW = f"{CODE},Finnish,fi,fin_Latn,Latin,low\n"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The project's data without the language."""
    for name in ("world", "phrasebook"):
        shutil.copytree(f"data/{name}", tmp_path / "data" / name)
    for name in ("languages.csv", "common_crawl_language_share.csv"):
        shutil.copy(f"data/{name}", tmp_path / "data" / name)
    (tmp_path / "data/sandbox").mkdir()
    shutil.copy("data/sandbox/manifest.json", tmp_path / "data/sandbox")
    monkeypatch.chdir(tmp_path)
    shares = tmp_path / "data/common_crawl_language_share.csv"
    lines = shares.read_text(encoding="utf-8").splitlines(keepends=True)
    shares.write_text("".join(line for line in lines if not line.startswith(CODE)), encoding="utf-8")
    return tmp_path / "data"


def append(path, text):
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def backwards(part):
    if isinstance(part, dict):
        return {key: backwards(value) for key, value in part.items()}
    return re.sub(r"(?<![{\w])\w+(?![}\w])", lambda word: word[0][::-1], part)


def faulty(code=CODE):
    return {thing: [fault.state for fault in faults] for thing, faults in check(code).items() if faults}


def test_every_language_of_the_registry_has_all(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "19 of 19 have all that they need" in said
    assert said.count("  ok ") == 19 * 7


def test_a_new_language_is_complete_piece_by_piece(data, capsys):
    assert faulty() == {"language": ["missing"], "phrasebook": ["missing"], "share": ["missing"], "sandbox": ["rebuild"]}
    assert main([CODE]) == 1
    said = capsys.readouterr().out
    assert f"add {CODE},Finnish,fi,fin_Latn,Latin,TIER" in said
    assert f"cp data/phrasebook/eng.yaml data/phrasebook/{CODE}.yaml" in said

    append(data / "languages.csv", ROW)
    assert faulty() == {"phrasebook": ["missing"], "share": ["missing"], "sandbox": ["rebuild"]}
    append(data / "common_crawl_language_share.csv", f"{CODE},1,1,0.001\n")
    book = data / f"phrasebook/{CODE}.yaml"
    shutil.copy(data / "phrasebook/eng.yaml", book)
    assert len(check(CODE)["phrasebook"]) == 7 * 4 + 2, "every phrase is English"
    phrases = backwards(yaml.safe_load(book.read_text(encoding="utf-8")))
    book.write_text(yaml.safe_dump(phrases), encoding="utf-8")
    assert faulty() == {"sandbox": ["rebuild"]}
    assert main([CODE, "zul"]) == 0

    manifest = data / "sandbox/manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["languages"].append(CODE)
    manifest.write_text(json.dumps(content), encoding="utf-8")
    assert faulty() == {}


@pytest.mark.parametrize(
    ("row", "said"),
    {
        ROW.replace(",fi,", ",xx,"): "babel has no locale 'xx'; write fi",
        ROW.replace("low", "lower"): "the tier is 'lower'; write one of high, medium, low",
        ROW.replace("fin_Latn", "fin-latin"): "write a code of the form fin_Latn",
        ROW.replace("fin_Latn", "fin_Cyrl"): "flores200 is in Cyrillic letters (fin_Cyrl), the script is Latin",
        ROW.replace("fin_Latn", "fin_Xxxx"): "write a code of the form fin_Latn",
        ROW.replace("Finnish", ""): "name is empty",
        ROW.replace("low", "low,1"): "more fields than columns",
        ROW * 2: "2 rows are of fin; keep one",
    }.items(),
)
def test_a_wrong_row_is_found(data, row, said):
    append(data / "languages.csv", row)
    (fault,) = check(CODE)["language"]
    assert fault.state == "wrong"
    assert said in fault.text


@pytest.mark.parametrize("share", ["0", "", "much"])
def test_a_wrong_share_is_found(data, share):
    append(data / "common_crawl_language_share.csv", f"{CODE},1,1,{share}\n")
    assert [fault.state for fault in check(CODE)["share"]] == ["wrong"]


def test_a_phrasebook_that_cannot_be_read_is_found(data):
    (data / f"phrasebook/{CODE}.yaml").write_text("relations: {", encoding="utf-8")
    (fault,) = check(CODE)["phrasebook"]
    assert "is no YAML" in fault.text
    (data / f"phrasebook/{CODE}.yaml").write_text("", encoding="utf-8")
    assert {fault.state for fault in check(CODE)["phrasebook"]} == {"missing"}


def test_a_code_that_no_standard_has_lacks_everything(data):
    """Nothing is known of its script and names, so they are no lines of the list."""
    missing = {thing: ["missing"] for thing in ("language", "phrasebook", "share", "distances")}
    assert faulty("qtx") == missing | {"sandbox": ["rebuild"]}
    assert set(check("qtx")) == set(missing) | {"sandbox"}
    assert faulty("Finnish") == {"language": ["wrong"]}


def test_a_script_that_names_cannot_be_written_in_is_found(data):
    assert faulty("fas")["script"] == ["missing"] * 3
