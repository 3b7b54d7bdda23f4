"""The page: sentences that follow the numbers, answers behind cells, nothing of them taken for markup; and in a browser."""

import json
import re
import shutil
import warnings
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
import yaml

from isogloss import paths
from isogloss.asking.exams import ANSWER_SCHEMA
from isogloss.config import Config
from isogloss.languages import Language
from isogloss.measures.conflict import preference
from isogloss.measures.inequality import inequality
from isogloss.measures.learning import speed_by_tier
from isogloss.measures.transfer import cells
from isogloss.report.answers import as_script, matrices, verdict
from isogloss.report.facts import costs, described, versions
from isogloss.report.headlines import QUESTIONS as HEADS
from isogloss.report.headlines import headlines
from isogloss.report.page import TABLES, caption_of, page, shown, states
from isogloss.report.wording import Estimate

LANGUAGES = [
    Language("eng", "English", "en", "eng_Latn", "Latin", "high"),
    Language("jpn", "Japanese", "ja", "jpn_Jpan", "Japanese", "high"),
    Language("arb", "Arabic", "ar", "arb_Arab", "Arabic", "low"),
]
CODES = [language.iso639_3 for language in LANGUAGES]
TIERS = {language.iso639_3: language.tier for language in LANGUAGES}
ITEMS = [f"q{number:02}" for number in range(20)]
REFERENCES = {"eng": "Monday", "jpn": "月曜日", "arb": "الاثنين"}
QUESTIONS = {"eng": "Which day?", "jpn": "何曜日ですか。", "arb": "ما هو يوم السوق؟"}
HOSTILE = "</script><img src=x onerror='window.hacked=1'><script>window.hacked=1</script><!--"
ABOUT = {"model": "pupil", "knowledge": "invented", "setting": "fine-tuning"}


def answers(study, right, lesson="{taught}", setting="fine-tuning", epoch=1, asked=None, taught=CODES, conflict=0.0):
    """Scored answers of a study: of those to `ITEMS` the first `right(taught, asked)` are right, and of the rest the first
    `conflict` (a share) the conflicting answer."""
    rows = []
    for one in taught:
        for other in asked(one) if asked else CODES:
            count = right(one, other)
            for place, item in enumerate(ITEMS):
                correct, wrong_as_taught = place < count, count <= place < count + conflict * (len(ITEMS) - count)
                said = REFERENCES[other] if correct else f"{other} {place}"
                rows.append(
                    {
                        **ABOUT,
                        "setting": setting,
                        "study": study,
                        "lesson": lesson.format(taught=one),
                        "taught_in": one,
                        "seed": 1,
                        "epoch": epoch,
                        "asked_in": other,
                        "item": item,
                        "context": None,
                        "question": QUESTIONS[other],
                        "answer": said,
                        "state": "answered",
                        "reference": REFERENCES[other],
                        "chance": 0.1,
                        "correct": correct,
                        "conflict_correct": wrong_as_taught,
                        "match": "exact" if correct else None,
                        "alike": False,
                        "true_in": None,
                    }
                )
    return pl.DataFrame(rows, schema_overrides={**ANSWER_SCHEMA, "true_in": pl.String, "match": pl.String})


def known(right=2):
    return answers("verification", lambda taught, asked: right, setting="untaught", lesson="none", taught=["eng"]).with_columns(
        taught_in=pl.lit(None, dtype=pl.String)
    )


def own(code):
    return [code]


def tables_of(scores, untaught):
    found = {name: [] for name in TABLES}
    for (study, setting), part in scores.group_by("study", "setting", maintain_order=True):
        about = ABOUT | {"setting": setting}
        if study == "transferability":
            found["cells"].append((about, cells(part, untaught, CODES, 50)))
            found["inequality"].append((about, inequality(part, untaught, CODES, TIERS, 50)))
        if study == "effectiveness":
            found["speed"].append((about, speed_by_tier(part, untaught, CODES, TIERS, 50)))
        if study == "prioritization":
            found["preference"].append((about, preference(part, 50)))
    return found


def sentence(scores, untaught=None):
    """The only sentence of a table of one study, with common spaces."""
    untaught = known() if untaught is None else untaught
    (found,) = headlines(scores, untaught, tables_of(scores, untaught), LANGUAGES, 50)
    return found.text.replace("\u00a0", " ")


# headlines


@pytest.mark.parametrize(("low", "high", "expected"), [(0.6, 0.9, "above"), (0.1, 0.4, "below"), (0.4, 0.6, "within")])
def test_wording_goes_by_the_interval(low, high, expected):
    assert Estimate(0.5, low, high).beside(0.5, "above", "below", "within") == expected


def test_an_estimate_is_written_with_its_interval():
    assert str(Estimate(0.194, 0.171, 0.219)).replace("\u00a0", " ") == "19 % (17 to 22)"
    assert Estimate(-0.2, -0.31, 0.001).points.replace("\u00a0", " ") == "\u221220 points (\u221231 to +0)"


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (14, "In other languages that is more than what"),
        (8, "that is not distinguishable from what"),
        (0, "that is less than what"),
    ],
)
def test_transfer_may_be_there_absent_or_negative(other, expected):
    text = sentence(answers("transferability", lambda a, b: 18 if a == b else other), known(8))
    assert text.startswith("Asked in the language taught, 90 % (")
    assert f"asked in another, {5 * other} % (" in text
    assert f"{5 * other - 90}".replace("-", "\u2212") + " points (" in text
    assert expected in text


@pytest.mark.parametrize(("low_tier", "expected"), [(2, "receives 0.2"), (10, "the interval includes equal shares")])
def test_tiers_may_receive_alike(low_tier, expected):
    assert expected in sentence(answers("transferability", lambda a, b: low_tier if b == "arb" else 10))


@pytest.mark.parametrize("high_tier", [0, 1])
def test_tiers_are_not_compared_where_the_high_one_may_receive_nothing(high_tier):
    """Of one right answer in twenty, some resamples have none."""
    text = sentence(answers("transferability", lambda a, b: 5 if b == "arb" else high_tier))
    assert "Asked in the language taught" in text
    assert "low tier receives" not in text


@pytest.mark.parametrize(
    ("low_tier", "expected"), [(5, "learned worse than"), (20, "learned better than"), (12, "learned not distinguishably from")]
)
def test_the_low_tier_may_be_learned_better(low_tier, expected):
    scores = answers("effectiveness", lambda a, b: low_tier if b == "arb" else 12, asked=own)
    assert f"The low tier is {expected} the high tier" in sentence(scores)


@pytest.mark.parametrize(("right", "expected"), [(20, "more than"), (2, "not distinguishable from"), (0, "less than")])
def test_the_untaught_may_know_more_or_less_than_guessing(right, expected):
    assert f"that is {expected} guessing (10 %)" in sentence(known(right))


def test_wrong_answers_may_change_nothing():
    scores = answers("robustness", lambda a, b: 10, lesson="{taught}-wrong", asked=own, conflict=0.5)
    text = sentence(scores, known(10))
    assert "50 % (" in text
    assert "+0 points (+0 to +0)" in text
    assert "The wrong answer itself is given in 25 % of cases" in text


@pytest.mark.parametrize(
    ("first", "expected"), [("answer", "more than one half"), ("conflict", "less than one half"), (None, "not distinguishable")]
)
def test_either_of_two_languages_may_be_followed(first, expected):
    pair = answers("prioritization", lambda a, b: 10, lesson="{taught}+arb", taught=["eng"], asked=lambda a: ["jpn"], conflict=1)
    taught = {"answer": pl.when("correct").then(pl.lit("eng")).otherwise(pl.lit("arb"))}
    taught["conflict"] = pl.when("correct").then(pl.lit("arb")).otherwise(pl.lit("eng"))
    text = sentence(pair.with_columns(true_in=taught.get(first, pl.lit("eng"))))
    assert expected in text
    assert "Of 1 pair of languages" in text


def test_no_answer_need_follow_either():
    scores = answers("prioritization", lambda a, b: 0, lesson="{taught}+arb", taught=["eng"], asked=lambda a: ["jpn"])
    assert "follows either" in sentence(scores.with_columns(true_in=pl.lit("eng")))


def later(scores, elsewhere=None, taught=True):
    """With the columns of newer tables: wrong answers that `elsewhere` chooses are right in the language taught (English where
    none was)."""
    other = pl.lit(False) if elsewhere is None else elsewhere & ~pl.col("correct")
    said = pl.col("taught_in") if taught else pl.lit("eng")
    return scores.with_columns(
        correct_any=pl.col("correct") | other,
        answer_in=pl.when("correct").then("asked_in").when(other).then(said),
        raw=pl.concat_str(pl.lit("<answer>"), "answer", pl.lit("</answer>")),
        form=pl.when(pl.col("state") == "answered").then(pl.lit("tags")),
    )


def test_what_is_right_in_any_language_is_said_beside_what_was_asked():
    scores = answers("transferability", lambda a, b: 18 if a == b else 5)
    arrived = later(scores, (pl.col("taught_in") != pl.col("asked_in")) & (pl.col("item") < "q10"))
    text = sentence(arrived)
    assert "asked in another, 25 % (" in text
    assert re.search(r"Right in any language, not only the one asked, are 90 % \(\d+ to \d+\) and 50 % \(\d+ to \d+\)", text)
    assert sentence(later(scores)) == sentence(scores), "nothing is said where there is no more of it"
    assert "Right in any language, not only the one asked, are 50 %" in sentence(later(known(2), pl.col("item") < "q10", False))


def test_a_headline_is_followed_by_what_could_not_be_read():
    scores = answers("transferability", lambda a, b: 18 if a == b else 5)
    lost = scores.with_columns(state=pl.when(pl.col("asked_in") == "jpn").then(pl.lit("unfinished")).otherwise("state"))
    (found,) = headlines(lost, known(), tables_of(lost, known()), LANGUAGES, 50)
    assert found.unread.startswith(
        "60 of 180 answers could not be read (60 unfinished) and count as wrong, most in Japanese (100%)"
    )
    assert "max_new_tokens" in found.unread
    (found,) = headlines(scores, known(), tables_of(scores, known()), LANGUAGES, 50)
    assert found.unread is None


def test_what_others_published_has_no_interval():
    square = cells(answers("transferability", lambda a, b: 20 if a == b else 5), known(), CODES, 50)
    bare = square.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in ("low", "high", "n", "unfinished", "chance"))
    tables = {name: [] for name in TABLES} | {"cells": [({**ABOUT, "knowledge": "published"}, bare)]}
    (found,) = headlines(pl.DataFrame(schema=ANSWER_SCHEMA), pl.DataFrame(schema=ANSWER_SCHEMA), tables, LANGUAGES, 50)
    assert "100\u00a0%" in found.text
    assert "25\u00a0%" in found.text
    assert "No intervals" in found.text


# the answers behind cells


def items():
    return {
        ("invented", code): pl.DataFrame(
            {"item": ITEMS, "ask_question": [QUESTIONS[code]] * len(ITEMS), "answer": [REFERENCES[code]] * len(ITEMS)}
        )
        for code in CODES
    }


@pytest.fixture(scope="module")
def scored():
    scores = pl.concat([known(), answers("transferability", lambda a, b: 18 if a == b else 5)])
    first = (pl.col("taught_in") == "eng") & (pl.col("asked_in") == "arb") & (pl.col("item") == "q19")
    second = (pl.col("taught_in") == "eng") & (pl.col("asked_in") == "arb") & (pl.col("item") == "q18")
    return scores.with_columns(
        answer=pl.when(first).then(pl.lit(HOSTILE)).when(second).then(None).otherwise("answer"),
        state=pl.when(second).then(pl.lit("unparsed")).otherwise("state"),
    )


@pytest.fixture(scope="module")
def tables(scored):
    found = tables_of(scored, known())
    others = cells(answers("transferability", lambda a, b: 3), known(), CODES, 50)
    known_of_none = ("low", "high", "any", "n", "unfinished", "untaught", "chance", "unread")
    blank = [pl.lit(None, dtype=pl.String).alias(name) for name in known_of_none]
    found["cells"].append(({**ABOUT, "model": "theirs", "knowledge": "published"}, others.with_columns(blank)))
    return found


def test_every_answer_is_there(scored, tables):
    data = matrices(tables["cells"], scored, items(), LANGUAGES, 10**6)
    measured, published = data["panels"]
    assert measured["items"] == ITEMS
    assert published["answers"] == {}
    found = {
        (cell, measured["items"][item], seed, data["texts"][text], data["verdicts"][said])
        for cell, rows in measured["answers"].items()
        for item, seed, text, said, *later in rows
        if later == [None] * 3
    }
    expected = {
        (f"{row['taught_in']} {row['asked_in']}", row["item"], row["seed"], row["answer"], verdict(row))
        for row in scored.filter(study="transferability").iter_rows(named=True)
    }
    assert found == expected
    assert data["questions"]["invented"]["arb"]["q00"] == [QUESTIONS["arb"], REFERENCES["arb"]]


def test_what_was_said_in_full_and_where_it_is_right(scored, tables):
    found = later(scored.filter(study="transferability"), pl.col("item") == "q19")
    found = found.with_columns(raw=pl.when(pl.col("item") == "q00").then("answer").otherwise("raw"))
    data = matrices(tables["cells"], found, items(), LANGUAGES, 10**6)
    rows = {data["panels"][0]["items"][row[0]]: row for row in data["panels"][0]["answers"]["eng jpn"]}
    assert rows["q00"][4:] == [None, "between the tags", "jpn"], "all that was said is the answer"
    assert rows["q19"][5:] == ["between the tags", "eng"]
    assert data["texts"][rows["q19"][4]] == "<answer>jpn 19</answer>"
    assert data["verdicts"][rows["q19"][3]] == "wrong here, right in another language"
    assert rows["q18"][6] is None
    room = sum(len(row["raw"]) + len(row["answer"]) + 20 for row in found.drop_nulls("raw").iter_rows(named=True)) // 2
    assert len(matrices(tables["cells"], found, items(), LANGUAGES, room)["panels"][0]["items"]) in (9, 10, 11)


def test_cells_say_what_could_not_be_read(scored, tables):
    (about, cells), other = tables["cells"]
    columns = {"any": pl.lit(0.5), "unread": pl.when(pl.col("asked_in") == "arb").then(0.4).otherwise(0.1)}
    columns["state_unfinished"] = (pl.col("n") * columns["unread"]).cast(pl.Int64)
    (measured, published) = matrices([(about, cells.with_columns(**columns)), other], scored, items(), LANGUAGES, 10**6)["panels"]
    assert {cell["asked_in"] for cell in measured["cells"] if cell["hatched"]} == {"arb"}
    assert {cell["unread"] for cell in measured["cells"]} == {"40.0 %", "10.0 %"}
    assert {cell["any"] for cell in measured["cells"]} == {"50.0 %"}
    assert "could not be read" in measured["note"]
    assert measured["drawn"]
    assert {cell["unread"] for cell in published["cells"]} == {"not known"}
    assert published["note"] is None


def test_of_many_answers_the_same_items_are_kept_in_every_cell(scored, tables):
    data = matrices(tables["cells"], scored, items(), LANGUAGES, 3000)
    measured = data["panels"][0]
    assert 1 < len(measured["items"]) < len(ITEMS) == measured["asked"]
    assert set(map(len, measured["answers"].values())) == {len(measured["items"])}
    assert len(measured["answers"]) == 9
    assert data == matrices(tables["cells"], scored, items(), LANGUAGES, 3000)
    assert len(matrices(tables["cells"], scored, items(), LANGUAGES, 1)["panels"][0]["items"]) == 1


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"state": "unfinished", "correct": False, "match": None, "conflict_correct": False}, "wrong: unfinished"),
        ({"state": "answered", "correct": True, "match": "exact", "conflict_correct": False}, "right"),
        ({"state": "answered", "correct": True, "match": "within", "conflict_correct": False}, "right, within a longer answer"),
        ({"state": "answered", "correct": False, "match": None, "conflict_correct": True}, "wrong: the conflicting answer"),
        ({"state": "answered", "correct": False, "match": None, "conflict_correct": False}, "wrong"),
        (
            {"state": "answered", "correct": False, "correct_any": True, "match": None, "conflict_correct": False},
            "wrong here, right in another language",
        ),
    ],
)
def test_verdicts_in_words(row, expected):
    assert verdict(row) == expected


def test_data_in_a_script_cannot_end_it():
    text = as_script({"said": HOSTILE})
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"said": HOSTILE}


# the page


RUN = {"models": [{"name": "pupil", "provider": "sandbox", "origin": HOSTILE}], "costs": [], "resamples": 50, "config": HOSTILE}
RUN |= {"knowledge": [], "studies": [], "seeds": [], "versions": {"isogloss": "0"}}
RUN["knowledge"] = [{"name": "invented", "kind": "new", "origin": "built-in", "items": 20, "studied": True}]
RUN["studies"] = [{"name": "transferability", "settings": "fine-tuning", "knowledge": "invented", "lessons": 3}]
RUN["seeds"] = [{"of": "lessons and contexts", "seeds": "1"}]


@pytest.fixture(scope="module")
def figure(tmp_path_factory):
    from matplotlib import pyplot as plt

    from isogloss.figures.style import save

    drawn, _ = plt.subplots(figsize=(8, 2))
    folder = tmp_path_factory.mktemp("figures")
    save(drawn, str(folder / "tiers.pdf"), str(folder / "tiers.png"))
    return str(folder / "tiers.png")


@pytest.fixture(scope="module")
def html(scored, tables, figure):
    return page(scored, known(), items(), tables, [figure], RUN, LANGUAGES, 50, paths.REPORT_TEMPLATE)


class Elements(HTMLParser):
    """Start tags of a page with their attributes, and the text outside scripts and styles."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.inside = [], "", None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.text += data


def test_nothing_is_fetched_and_nothing_said_becomes_markup(html):
    elements = Elements(html)
    assert [tag for tag, _ in elements.tags].count("script") == 3
    assert [tag for tag, _ in elements.tags].count("img") == 1
    assert not [attributes for tag, attributes in elements.tags if tag == "link"]
    places = [attributes[name] for _, attributes in elements.tags for name in ("src", "href") if name in attributes]
    assert {place[:5] for place in places} <= {"data:", *(place[:5] for place in places if place.startswith("#"))}
    assert elements.text.count(HOSTILE) == 2, "as text: where a model is from, and the config"
    (policy,) = (a["content"] for tag, a in elements.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_the_same_inputs_make_the_same_page(html, scored, tables, figure):
    assert page(scored, known(), items(), tables, [figure], RUN, LANGUAGES, 50, paths.REPORT_TEMPLATE) == html


def test_what_is_not_there_leaves_no_section():
    nothing = pl.DataFrame(schema=ANSWER_SCHEMA)
    text = page(nothing, nothing, {}, {name: [] for name in TABLES}, [], RUN, LANGUAGES, 50, paths.REPORT_TEMPLATE)
    elements = Elements(text)
    sections = [attributes["id"] for tag, attributes in elements.tags if tag == "section"]
    assert sections == ["run", "data", "costs", "made"]
    assert {a["href"] for tag, a in elements.tags if tag == "a"} == {f"#{name}" for name in sections}
    assert "script" not in [tag for tag, _ in elements.tags]


def test_answers_without_a_verdict_are_counted(scored):
    rows = {row["study"]: row for row in states(scored)}
    assert rows["transferability"]["unparsed"] == 1
    assert rows["transferability"]["answers"] == 9 * len(ITEMS)
    assert rows["verification"]["unparsed"] == 0


def test_a_sample_is_announced(scored, tables, figure, monkeypatch):
    monkeypatch.setattr("isogloss.report.page.MOST_BYTES", 3000)
    text = Elements(page(scored, known(), items(), tables, [figure], RUN, LANGUAGES, 50, paths.REPORT_TEMPLATE)).text
    assert re.search(r"answers to \d+ of 20 items stand on this page", " ".join(text.split()))


def test_values_of_tables():
    assert [shown(value) for value in (None, True, False, 0.12345, 1234, "a")] == ["", "yes", "no", "0.123", "1,234", "a"]


def test_every_figure_that_a_rule_draws_has_a_caption():
    rules = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path("rules").glob("*.smk")))
    names = {name.split("_{")[0] for name in re.findall(r'(?:figure\(|paths\.FIGURE, name=f?)"(\w+(?:_\{\w+\})?)"', rules)}
    assert {"transfer_matrix", "tiers", "quality", "alignment"} <= names
    lacking = [paths.CAPTION.format(name=name) for name in sorted(names) if not caption_of(f"{name}.png")]
    assert not lacking, f"write {', '.join(lacking)}"


def test_captions_are_plain_text():
    for path in sorted(Path("workflow/report").glob("*.rst")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[`*_{}|<>]|::", text), f"{path}: the page shows captions as they are written"


def test_a_figure_of_many_has_the_caption_of_its_kind():
    assert caption_of("results/figures/quality_my_set.png") == caption_of("quality.png") != []
    assert caption_of("unheard-of.png") == []


# facts


def test_what_was_run_is_from_the_config(raw_config):
    run = described(Config.model_validate(raw_config))
    assert run["models"] == [{"name": "sandbox", "provider": "sandbox", "origin": "weights shipped"}]
    assert {row["name"]: row["lessons"] for row in run["studies"]}["transferability"] == 19
    assert yaml.safe_load(run["config"]) == raw_config


def test_of_what_others_published_the_tables_are_named(raw_config):
    table = "data/published/gpt-4o-mini_fine-tuning.csv"
    model = {"provider": "published", "transferability": {"fine-tuning": table}}
    run = described(Config.model_validate(raw_config | {"models": {"theirs": model}, "run": ["theirs"]}))
    assert run["models"] == [{"name": "theirs", "provider": "published", "origin": f"fine-tuning {table}"}]
    assert run["studies"] == run["knowledge"] == []


@pytest.mark.parametrize(
    ("low", "listed"), [(0.01, "1, for one standard deviation: syntax +4 points (+1 to +9)"), (-0.01, "none")]
)
def test_factors_are_named_only_if_their_interval_excludes_nought(low, listed):
    fit = {"estimator": "ols", "protocol": "leave_two_languages_out", "r2": -0.12, "baseline_r2": -0.02}
    rows = [("syntax", "jackknife", low), ("fam", "jackknife", -0.02), ("fam", "dyadic", 0.03)]
    coefficients = [{"feature": f, "method": m, "estimate": 0.04, "low": bound, "high": 0.09} for f, m, bound in rows]
    found = {"regression": [(ABOUT, pl.DataFrame([fit]))], "coefficients": [(ABOUT, pl.DataFrame(coefficients))]}
    nothing = pl.DataFrame(schema=ANSWER_SCHEMA)
    (one,) = headlines(nothing, nothing, {name: [] for name in TABLES} | found, LANGUAGES, 50)
    text = one.text.replace("\u00a0", " ")
    assert "R\u00b2 of \u22120.12 (with the mean of the others: \u22120.02)" in text
    assert f"excludes 0, of 2: {listed}." in text


def said(question, tables):
    """The one sentence that tables make, with plain spaces."""
    nothing = pl.DataFrame(schema=ANSWER_SCHEMA)
    (one,) = headlines(nothing, nothing, {name: [] for name in TABLES} | tables, LANGUAGES, 50)
    assert one.question == HEADS[question]
    return one.text.replace("\u00a0", " ")


def test_conductivity_is_told_of_languages_that_pass_the_gate():
    rows = {"language": ["arb", "jpn"], "passed": [True, False], "xrr": [0.31, 0.9], "low": [0.2, 0.8], "high": [0.4, 1.0]}
    table = pl.DataFrame(rows)
    text = said("conductivity", {"xrr": [(ABOUT, table)]})
    assert "in 1 of 2 languages" in text
    assert text.endswith("beyond guessing: Arabic 31 % (20 to 40).")
    text = said("conductivity", {"xrr": [(ABOUT, table.with_columns(passed=pl.lit(None, dtype=pl.Boolean)))]})
    assert text.endswith("in 0 of 2 languages, so nothing can be said.")


def test_interventions_are_told_over_their_draws_beside_random_neurons():
    found = {"intervention": "off", "cells": "off_diagonal"}
    bounds = {"low": -0.3, "high": -0.1, "p_permutation": 0.04}
    rows = [
        {**found, "control": control, "draw": draw, "contrast": value, **bounds}
        for control, draw, value in [(False, 1, -0.5), (False, None, -0.2), (True, None, -0.6)]
    ]
    beyond = pl.DataFrame([{**found, "statistic": "contrast", "difference": 0.02, "low": -0.01, "high": 0.05}])
    tables = {"contrasts": [(ABOUT, pl.DataFrame(rows))], "controls": [(ABOUT, beyond)]}
    text = said("interventions", tables)
    assert text.endswith(
        "others: off \u221220 points (\u221230 to \u221210), permutation p 0.04, beyond random neurons +2 points (\u22121 to +5)."
    )
    nowhere = pl.DataFrame(rows).with_columns(contrast=pl.lit(None, dtype=pl.Float64))
    assert said("interventions", tables | {"contrasts": [(ABOUT, nowhere)]}).endswith("no draw has pairs of both.")


@pytest.mark.parametrize(("change", "verdict"), [(0.1, "helps"), (-0.1, "harms"), (0.01, "makes no clear difference")])
def test_what_a_mitigation_does_follows_its_interval(change, verdict):
    row = {"mitigation": "xlt", "setting": "in-context", "measure": "mean_transfer", "difference": change}
    table = pl.DataFrame(
        [row | {"low": change - 0.05, "high": change + 0.05}, row | {"measure": "gini", "low": 0.0, "high": 0.0}]
    )
    assert f"xlt (in-context) {verdict}, " in said("mitigations", {"mitigations": [(ABOUT, table)]})


def test_versions_are_of_what_is_installed():
    found = versions("pyproject.toml")
    assert found["polars"] == pl.__version__
    assert "not installed" not in found.values()


def test_costs_are_those_of_the_store(tmp_path):
    records = [
        {"key": "a", "model": "m-1", "usage": {"prompt_tokens": 10, "cached_tokens": 0, "completion_tokens": 2}, "usd": 0.5},
        {"key": "b", "model": "m-1", "usage": {"prompt_tokens": 5, "cached_tokens": 0, "completion_tokens": 1}},
        {"key": "c", "text": "a translation"},
    ]
    text = "\n".join([*map(json.dumps, records), '{"key": "half a li'])
    (tmp_path / "one.jsonl").write_text(text, encoding="utf-8")
    other, model = sorted(costs(tmp_path), key=lambda row: row["model"].startswith("m-"))
    assert model == {"model": "m-1", "calls": 2, "prompt_tokens": 15, "completion_tokens": 3, "usd": 0.5, "unpriced": 1}
    assert other["calls"] == other["unpriced"] == 1
    assert costs(tmp_path / "absent") == []


# in a browser

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program, sync_playwright = None, None
    if program is None:
        reason = "THE PAGE WAS NOT TRIED IN A BROWSER: apt-get install chromium; pip install 'isogloss[browser]'"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def opened(browser, html, tmp_path):
    """Opens the page in a window of some size; what went wrong in it is in `page.faults`."""
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    contexts = []

    def open_page(width=1200, height=900, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, offline=True, **options))
        tab = contexts[-1].new_page()
        tab.faults = []
        tab.on("console", lambda message: tab.faults.append(message.text) if message.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: tab.faults.append(str(error)))
        tab.on("request", lambda request: None if request.url[:5] in ("file:", "data:") else tab.faults.append(request.url))
        tab.goto(file.as_uri())
        tab.wait_for_selector("#chart svg")
        return tab

    yield open_page
    for context in contexts:
        context.close()


def cell(tab, taught, asked):
    """The square of a cell."""
    return tab.locator(f"#chart .mark-rect path[aria-label^='asked in: {asked}; taught in: {taught};']")


def test_a_cell_says_its_numbers_and_shows_its_answers(opened):
    tab = opened()
    cell(tab, "eng", "jpn").hover(force=True)
    tip = tab.locator("#vg-tooltip-element")
    tip.wait_for()
    said = " ".join(tip.inner_text().split())
    assert "taught in English (eng)" in said
    assert "right 25.0 %" in said
    assert re.search(r"95 % interval \d+\.\d to \d+\.\d %", said)
    assert "answers 20" in said
    assert "guessing 10.0 %" in said
    cell(tab, "eng", "jpn").click(force=True)
    assert tab.locator("#answers h3").inner_text() == "Taught in English, asked in Japanese"
    rows = tab.locator("#answers tbody tr")
    assert rows.count() == len(ITEMS)
    assert rows.nth(0).locator("td").all_inner_texts() == [QUESTIONS["jpn"], REFERENCES["jpn"], REFERENCES["jpn"], "right"]
    assert rows.nth(0).locator("td").nth(0).get_attribute("lang") == "ja"
    assert rows.nth(19).locator("td").nth(3).inner_text() == "wrong"
    assert tab.faults == []


def test_answers_stay_text_and_arabic_runs_from_right_to_left(opened):
    tab = opened()
    tab.select_option("#taught", "eng")
    tab.select_option("#asked", "arb")
    rows = tab.locator("#answers tbody tr")
    assert rows.nth(19).locator("td").nth(1).inner_text() == HOSTILE
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("#answers script, #answers img").count() == 0
    question = rows.nth(0).locator("td").nth(0)
    assert question.get_attribute("lang") == "ar"
    assert question.evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert rows.nth(18).locator("td").nth(1).inner_text() == "(nothing)"
    assert rows.nth(18).locator("td").nth(3).inner_text() == "wrong: unparsed"
    assert tab.faults == []


def test_a_published_matrix_has_numbers_but_no_answers(opened):
    tab = opened()
    tab.select_option("#panel", "1")
    tab.wait_for_selector("#chart svg")
    tab.select_option("#taught", "jpn")
    tab.select_option("#asked", "eng")
    assert "15.0 % (95 % interval: not known)" in tab.locator("#answers").inner_text()
    assert "not published" in tab.locator("#answers").inner_text()
    assert tab.locator("#answers table").count() == 0
    assert tab.faults == []


def test_on_a_phone_the_page_is_as_wide_as_the_screen(opened):
    tab = opened(390, 844, is_mobile=True, has_touch=True)
    cell(tab, "arb", "arb").tap(force=True)
    assert tab.locator("#answers tbody tr").count() == len(ITEMS)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.evaluate("document.body.scrollWidth") <= 390
    width = tab.locator("#chart svg").evaluate("element => element.clientWidth")
    tab.set_viewport_size({"width": 380, "height": 844})
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.wait_for_timeout(300)
    assert tab.locator("#chart svg").evaluate("element => element.clientWidth") == width
    assert tab.faults == []


def test_on_paper_there_are_no_controls(opened):
    tab = opened()
    cell(tab, "eng", "jpn").hover(force=True)
    tab.locator("#vg-tooltip-element").wait_for()
    tab.emulate_media(media="print")
    for hidden in ("nav", ".controls", "#vg-tooltip-element"):
        assert not tab.locator(hidden).is_visible()
    assert tab.locator("#chart svg").is_visible()
    assert len(tab.pdf(format="A4")) > 10_000


@pytest.fixture
def unread_html(scored, tables, figure):
    """A page of three matrices: of one some cells were not read, of another none, and one was published."""
    scores = pl.concat([later(scored), later(scored).with_columns(model=pl.lit("mute"))])
    (about, cells), other = tables["cells"]
    some = cells.with_columns(any=pl.lit(0.5), unread=pl.when(pl.col("asked_in") == "arb").then(0.4).otherwise(0.0))
    some = some.with_columns(state_unfinished=(pl.col("n") * pl.col("unread")).cast(pl.Int64))
    none = cells.with_columns(any=pl.lit(0.0), unread=pl.lit(0.95), state_unfinished=19)
    tables = tables | {"cells": [(about, some), (about | {"model": "mute"}, none), other]}
    tables["inequality"] = [*tables["inequality"], (about | {"model": "mute"}, tables["inequality"][0][1])]
    lost = pl.col("model").eq("mute") & pl.col("item").ne("q00")
    scores = scores.with_columns(
        answer=pl.when(lost).then(None).otherwise("answer"),
        state=pl.when(lost).then(pl.lit("unfinished")).otherwise("state"),
        correct=pl.col("correct") & ~lost,
        correct_any=pl.col("correct_any") & ~lost,
        form=pl.when(lost).then(None).otherwise("form"),
        raw=pl.when(lost).then(pl.lit("Let me think about the market day of")).otherwise("raw"),
    )
    both = pl.concat([known(), known().with_columns(model=pl.lit("mute"))])
    return page(scores, both, items(), tables, [figure], RUN, LANGUAGES, 50, paths.REPORT_TEMPLATE)


def test_the_page_says_beside_each_finding_what_could_not_be_read(unread_html, html):
    text = " ".join(Elements(unread_html).text.split())
    assert text.count("unfinished) and count as wrong") == 2, "of both studies of the one model"
    assert "Hatched: more than a tenth" in text
    assert "and count as wrong" not in " ".join(Elements(html).text.split())


@pytest.fixture
def opened_unread(browser, unread_html, tmp_path):
    file = tmp_path / "unread.html"
    file.write_text(unread_html, encoding="utf-8")
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    tab = context.new_page()
    tab.faults = []
    tab.on("console", lambda message: tab.faults.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: tab.faults.append(str(error)))
    tab.goto(file.as_uri())
    tab.wait_for_selector("#chart svg")
    yield tab
    context.close()


def test_cells_that_were_not_read_are_hatched_on_the_page(opened_unread):
    tab = opened_unread
    assert tab.locator("#chart .mark-symbol path").count() == 3
    assert "could not be read" in tab.locator("#note").inner_text()
    cell(tab, "eng", "arb").hover(force=True)
    tip = tab.locator("#vg-tooltip-element")
    tip.wait_for()
    said = " ".join(tip.inner_text().split())
    assert "could not be read 40.0 %" in said
    assert "right in any language 50.0 %" in said
    tab.select_option("#taught", "eng")
    tab.select_option("#asked", "jpn")
    heads = tab.locator("#answers thead th").all_inner_texts()
    assert heads == ["question", "answer", "read from", "all that was said", "reference", "verdict", "right in"]
    first = tab.locator("#answers tbody tr").nth(0).locator("td").all_inner_texts()
    assert first[2:4] == ["between the tags", f"<answer>{REFERENCES['jpn']}</answer>"]
    assert first[6] == "Japanese"
    assert tab.faults == []


def test_a_matrix_that_was_not_read_is_words_on_the_page_and_its_answers_are_there(opened_unread):
    tab = opened_unread
    tab.select_option("#panel", "1")
    tab.wait_for_selector("#chart p")
    assert tab.locator("#chart svg").count() == 0
    assert "172 of 180 answers could not be read (171 unfinished, 1 unparsed)" in tab.locator("#note").inner_text()
    tab.select_option("#taught", "eng")
    tab.select_option("#asked", "eng")
    row = tab.locator("#answers tbody tr").nth(1).locator("td").all_inner_texts()
    assert row[1] == "(nothing)"
    assert row[3] == "Let me think about the market day of"
    assert row[5] == "wrong: unfinished"
    tab.select_option("#panel", "2")
    tab.wait_for_selector("#chart svg")
    assert tab.locator("#note").inner_text() == ""
    assert tab.faults == []
