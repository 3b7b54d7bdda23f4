"""The plan: what a study takes, counted by hand."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import tiktoken
import yaml
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing

from isogloss.checking import load_config
from isogloss.config import Remote, Sandbox
from isogloss.cost import plan_rows
from isogloss.cost_counting import ESTIMATE, MESSAGE, REPLY, Counting, Study, Tokens, counting_of
from isogloss.cost_page import plan_text
from isogloss.knowledge.sources.choices import CHOICE_SCHEMA

NAME = "gpt-4o-mini-2024-07-18"
SETTINGS = """
languages: [eng, swe, zul]
knowledge:
  fictional: {kind: new, items: 10}
  general: {kind: known, items: 10}
models:
  sandbox: {provider: sandbox}
  gpt: {provider: openai, name: gpt-4o-mini-2024-07-18, asking: {max_new_tokens: 50}}
  judge: {provider: openai, name: a-judge}
run: [sandbox, gpt]
studies: [verification, effectiveness, transferability, prioritization, robustness]
context: {pairs: 4}
prioritization: {pairs: 1}
seeds: 2
"""
PROMPTS = {
    "plain": {"question": "{question}", "context": "{context}\n{question}", "robustness": "{context}\n{question}"},
    "instructed": {
        "question": "Say in {language}: {question}",  # 3 words
        "context": "{context}\nSay <answer> in {language}: {question}",  # 4 words, 5 with those around an answer
        "robustness": "{context}\nSay or guess in {language}: {question}",  # 5 words
    },
}
PRICES = """model,prompt_usd,cached_usd,completion_usd,training_usd,source,date
gpt-4o-mini,100,50,200,400,,
ft:gpt-4o-mini,1000,500,2000,,,
"""


def table(words):
    """Ten items; questions taught have 5 words a word of answer, those asked 4."""
    texts = {"teach_question": "t " * 5 * words, "ask_question": "a " * 4 * words}
    texts |= {"answer": "r " * words, "conflict_answer": "c " * words}
    return pl.DataFrame([{"item": f"q{i}", **texts} for i in range(10)])


@pytest.fixture
def study(languages, tmp_path):
    """A study of which English (pairs of 6 words) and Swedish (12) are there, Zulu is not and counts as their mean (9)."""
    (tmp_path / "prices.csv").write_text(PRICES, encoding="utf-8")

    def made(times=1, items=True, **settings):
        config = load_config(yaml.safe_load(SETTINGS) | settings, languages)
        counting = Counting(lambda text: times * len(text.split()), "words")
        tables = {(name, code): table(words) for name in config.knowledge for code, words in (("eng", 1), ("swe", 2)) if items}
        countings = {key: counting for key in config.models}
        return Study(config, languages, PROMPTS, tables, countings, tmp_path / "prices.csv", tmp_path / "benchmarks")

    return made


def found(plan, /, **wanted):
    """The one row that is so."""
    (row,) = [row for row in plan_rows(plan) if all(getattr(row, key) == value for key, value in wanted.items())]
    return row


@pytest.mark.parametrize(
    ("model", "about", "setting", "knowledge", "answers"),
    [
        ("gpt", "verification", "untaught", "general", 3 * 10),
        ("gpt", "effectiveness", "fine-tuning", "fictional", 3 * 10 * 2),  # the last epoch alone
        ("gpt", "transferability", "fine-tuning", "fictional", 3 * 3 * 10 * 2),
        ("gpt", "transferability", "in-context", "fictional", 3 * 3 * 10 * 2),
        ("gpt", "prioritization", "in-context", "fictional", 3 * 1 * 10 * 2),
        ("gpt", "robustness", "fine-tuning", "general", 3 * 10 * 2),
        ("sandbox", "verification", "untaught", "fictional", 3 * 10),
        ("sandbox", "effectiveness", "fine-tuning", "fictional", 3 * 10 * 2 * 12),
        ("sandbox", "robustness", "fine-tuning", "general", 3 * 10 * 2 * 3),
        ("sandbox", "robustness", "in-context", "general", 3 * 10 * 2),
    ],
)
def test_answers(study, model, about, setting, knowledge, answers):
    row = found(study(), work="ask", model=model, study=about, setting=setting, knowledge=knowledge)
    assert row.amount == answers


def test_tokens_of_contexts(study):
    """A call: 7 around the message, 4 words of prompt, 4 pairs of 6, 12 or 9 words, a question of 4, 8 or 6."""
    row = found(study(), model="gpt", work="ask", study="transferability", setting="in-context")
    calls = 10 * 2
    prompts = sum(7 + 4 + 4 * pair + question for pair in (6, 12, 9) for question in (4, 8, 6))
    answers = 3 * ((1 + 1) + (2 + 1) + (1.5 + 1))
    assert row.tokens == Tokens(calls * prompts, 0, calls * answers, calls * 9 * 50)
    assert row.usd == pytest.approx(
        ((calls * prompts * 100 + calls * answers * 200) / 1e6, (calls * prompts * 100 + calls * 9 * 50 * 200) / 1e6)
    )


def test_a_context_in_two_languages_has_half_as_many_items_in_both(study):
    row = found(study(), model="gpt", work="ask", study="prioritization", setting="in-context")
    # eng+swe is asked in Zulu, eng+zul in Swedish, swe+zul in English
    prompts = sum(7 + 4 + 2 * pairs + question for pairs, question in ((6 + 12, 6), (6 + 9, 8), (12 + 9, 4)))
    assert row.tokens.prompt == 20 * prompts


@pytest.mark.parametrize(
    ("times", "cached"),
    [
        (1, 0),
        (25, 1152),  # contexts of 600, 1200 and 900 tokens, of which one is long enough: 9 x 128
        (100, 2304 + 4736 + 3584),  # of 2400, 4800 and 3600
    ],
)
def test_cached_tokens(study, times, cached):
    """Of the contexts in the prompts for every language asked but the first, in steps of 128 from 1024 on."""
    own = study(times)
    row = found(own, model="gpt", work="ask", study="transferability", setting="in-context")
    assert row.tokens.cached == 10 * 2 * 2 * cached
    expected = (row.tokens.prompt * 100 - row.tokens.cached * 50 + row.tokens.completion * 200) / 1e6
    most = (row.tokens.prompt * 100 + row.tokens.at_most * 200) / 1e6
    assert row.usd == pytest.approx((expected, most)), "at most, nothing is found in the cache"
    local = found(own, model="sandbox", work="ask", study="transferability", setting="in-context")
    assert (local.tokens.cached, local.usd) == (0, None)


def test_a_batch_costs_half_and_caches_nothing(study):
    batched = {"provider": "openai", "name": NAME, "batch": True}
    own = study(100, models={"gpt": batched}, run=["gpt"])
    row = found(own, work="ask", study="transferability", setting="in-context")
    assert row.tokens.cached == 0
    assert row.usd[0] == pytest.approx((row.tokens.prompt * 100 + row.tokens.completion * 200) / 2e6)
    teaching = found(own, work="teach", study="effectiveness")
    assert teaching.usd[0] == pytest.approx(teaching.tokens.training * 400 / 1e6), "teaching has no batches"


def test_teaching(study):
    """Studies share lessons. A pair: 3 words of prompt, 6, 12 or 9 of its own, 11 around two messages."""
    own = study()
    rows = [row for row in plan_rows(own) if row.work == "teach" and row.model == "gpt"]
    assert [(row.study, row.knowledge) for row in rows] == [
        ("effectiveness", "fictional"),
        ("prioritization", "fictional"),
        ("robustness", "general"),
    ]
    one, two, wrong = rows
    assert one.tokens == Tokens(training=2 * 3 * 10 * sum(3 + pair + 11 for pair in (6, 12, 9)))
    assert two.tokens.training == 2 * one.tokens.training, "each language is in two lessons of three"
    assert wrong.tokens.training == one.tokens.training
    assert [row.amount for row in rows] == [2 * 3 * 3 * 10, 2 * 3 * 3 * 20, 2 * 3 * 3 * 10]
    assert one.usd == (one.tokens.training * 400 / 1e6,) * 2
    local = [row for row in plan_rows(own) if row.work == "teach" and row.model == "sandbox"]
    assert [row.amount for row in local] == [2 * 12 * 3 * 2, 2 * 12 * 3 * 3, 2 * 3 * 3 * 2], "8 pairs a step, the rest a step"


@pytest.mark.parametrize(("translation", "ways"), [("unidirectional", 1), ("bidirectional", 2)])
def test_a_bridge_has_half_of_the_facts_in_its_second_language_and_names(study, translation, ways):
    own = study(settings=["fine-tuning"], studies=["conductivity"], conductivity={"translation": translation})
    asked, taught = (found(own, model="gpt", work=work, study="conductivity") for work in ("ask", "teach"))
    bridges = asked.lessons
    assert bridges == len(own.config.languages) - 1
    assert asked.amount == 2 * bridges * 10 * (2 + ways), "two seeds"
    assert taught.amount == 2 * 3 * bridges * (10 + 5 + ways * 10)
    # 3 words of the prompt, 11 of the chat format; a request has 53, and a name counts as 3 where none is known
    each = sum((3 + 6 + 11) + (3 + pair + 11) / 2 + ways * (53 + 3 + 3 + 11) for pair in (12, 9))
    assert taught.tokens.training == 2 * 3 * 10 * each


def test_a_fine_tuned_model_has_its_own_price(study):
    row = found(study(), model="gpt", work="ask", study="effectiveness")
    assert row.usd[0] == pytest.approx((row.tokens.prompt * 1000 + row.tokens.completion * 2000) / 1e6)


def test_choices(study):
    """Two languages, three items of which one is the demonstration, in two orders; texts of 3 words and two options of 2 each."""
    asked = "Which is it?\n- one day\n- two days"
    rows = [
        ("days", "basic", f"q{i}", code, "Which is it?", ["one day", "two days"], "A")
        for code in ("eng", "swe")
        for i in range(3)
    ]
    own = study(choices={"days": {"orders": 2}, "later": {}})
    own.choices["days"] = pl.DataFrame(rows, schema=CHOICE_SCHEMA, orient="row")
    row = found(own, model="gpt", work="choose", knowledge="days")
    assert row.amount == 2 * 2 * 2
    words = 2 * len(asked.split()) + 2  # question and answer shown, {"answer": "A"}, and the question
    assert row.tokens == Tokens(8 * (words + 3 * MESSAGE + REPLY), 0, 8 * 2, 8 * 50)
    assert row.usd is not None
    assert found(own, model="sandbox", work="choose", knowledge="days").tokens is None
    assert found(own, model="gpt", work="choose", knowledge="later").amount is None
    assert "| gpt | choose | later |" in plan_text(own, plan_rows(own))


def test_judgements_are_as_many_as_answers(study):
    own = study(scoring="judge", judge="judge")
    rows = plan_rows(own)
    for knowledge in ("fictional", "general"):
        (judged,) = [row for row in rows if row.work == "judge" and row.knowledge == knowledge]
        assert judged.model == "judge"
        assert judged.amount == sum(row.amount for row in rows if row.work == "ask" and row.knowledge == knowledge)
        assert judged.tokens.completion == 2 * judged.amount, "a verdict is two words"
        assert judged.tokens.prompt > judged.amount * 100, "what to do is said in each"
    assert not [row for row in plan_rows(study()) if row.work == "judge"]


def test_translations(study):
    source = {"provider": "source", "kind": "new", "source": "data/languages.csv", "languages": ["eng"]}
    settings = yaml.safe_load(SETTINGS)
    own = study(
        knowledge=settings["knowledge"] | {"mine": source | {"items": 10}},
        translation={"forward": "gpt", "back": "sandbox", "judged": True},
        judge="judge",
    )
    forward = found(own, work="translate")
    assert (forward.model, forward.knowledge, forward.amount) == ("gpt", "mine", 4 * 10 * 2)
    # texts of (5 + 4 + 1 + 1) / 4 words, of which the Swedish are twice and the Zulu 1.5 times as long
    assert forward.tokens.completion == pytest.approx(40 * 11 / 4 * (2 + 1.5))
    for knowledge in own.config.knowledge:
        back = found(own, work="translate back", knowledge=knowledge)
        assert (back.model, back.amount, back.usd) == ("sandbox", 4 * 10 * 2, None)
        assert found(own, work="compare", knowledge=knowledge).amount == 4 * 10 * 2


def test_what_is_unknown_is_said_to_be(study):
    source = {"provider": "source", "kind": "new", "source": "data/languages.csv", "languages": ["eng", "swe", "zul"]}
    own = study(items=False, knowledge={"mine": source, "general": {"kind": "known", "items": 10}}, run=["gpt"])
    row = found(own, work="ask", study="transferability", setting="in-context")
    assert (row.amount, row.tokens, row.usd) == (None, None, None)
    rows = plan_rows(own)
    text = plan_text(own, rows)
    assert "| gpt | ask | mine | transferability | in-context | 3 | ? |" in text
    assert "| gpt | 150 + ? |" in text, "what general has is known"
    assert f"| {sum(row.usd[0] for row in rows if row.usd):,.2f} + ? |" in text
    assert "number of items of a knowledge set is not known" in text


def test_an_unknown_price_says_what_to_do(study):
    own = study(scoring="judge", judge="judge")
    text = plan_text(own, plan_rows(own))
    assert "| price unknown | price unknown |" in text
    assert f"Price unknown: a-judge; add a line to {own.prices}." in text
    assert "What has a price comes to" in text
    own = study()
    assert "Price unknown" not in plan_text(own, plan_rows(own))


def test_an_estimate_says_so(study, monkeypatch):
    def no_network(name):
        raise ConnectionError(name)

    monkeypatch.setattr(tiktoken, "encoding_for_model", no_network)
    own = study()
    countings = {"gpt": counting_of(own.config.models["gpt"], None)}
    own = Study(own.config, own.languages, own.prompts, {}, countings, own.prices)
    text = plan_text(own, plan_rows(own))
    assert "Tokens of gpt: estimated" in text
    assert "Texts of fictional in eng, swe, zul are not there yet and count (estimated) as long as those of the built-in" in text
    assert [ESTIMATE.count(text) for text in ("", "abcd", "abcde", "月曜日")] == [0, 1, 2, 3]


def test_texts_that_are_there_are_counted(study):
    own = study()
    text = plan_text(own, plan_rows(own))
    assert "Tokens of gpt: words." in text
    assert "Texts of fictional in zul are not there yet and count (estimated) as long as those in eng, swe." in text


def test_a_tokenizer_counts_its_own_tokens(tmp_path):
    """Letters as tokens, and one before every text, which is not counted."""
    tokenizer = Tokenizer(WordLevel({"[start]": 0, "a": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = Split("", "isolated")
    tokenizer.post_processor = TemplateProcessing(single="[start] $A", special_tokens=[("[start]", 0)])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    counting = counting_of(Sandbox(provider="sandbox"), tmp_path)
    assert counting.count("abcde") == 5
    assert counting.how == f"tokenizers, {tmp_path}/tokenizer.json"
    assert counting_of(Sandbox(provider="sandbox"), tmp_path / "nowhere") is ESTIMATE


def test_a_vocabulary_that_is_there_counts_for_a_model_over_the_network(monkeypatch):
    """Bytes as tokens stand for what has to be downloaded; special tokens in a text are text."""
    vocabulary = {bytes([i]): i for i in range(256)}
    encoding = tiktoken.Encoding("octets", pat_str=r"[\s\S]", mergeable_ranks=vocabulary, special_tokens={"<|end|>": 256})
    monkeypatch.setattr(tiktoken, "encoding_for_model", {NAME: encoding}.__getitem__)
    counting = counting_of(Remote(provider="openai", name=NAME), None)
    assert counting.count("é<|end|>") == 9
    assert counting.how == "tiktoken, octets"
    assert counting_of(Remote(provider="openai", name="unheard-of"), None) is ESTIMATE


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (None, "No budget_usd is set"),
        (0.9, "**That exceeds budget_usd"),
        (1.1, "but the most it can come to is not"),
        (1000, "That is within budget_usd: "),
    ],
)
def test_the_budget(study, factor, said):
    expected = sum(row.usd[0] for row in plan_rows(study()) if row.usd)
    own = study(budget_usd=factor and factor * expected)
    assert said in plan_text(own, plan_rows(own))
    assert f"The plan comes to {expected:,.2f} USD" in plan_text(own, plan_rows(own))


def measured(study, path, seconds):
    file = study.benchmarks / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\t1\n", encoding="utf-8")


def test_hours_are_those_of_what_was_measured(study):
    own = study(cohort=2)
    assert "not measured" in plan_text(own, plan_rows(own))
    measured(own, "ask/sandbox/fictional/transferability/in-context/1.tsv", 400)  # two of three lessons
    measured(own, "ask/sandbox/fictional/transferability/in-context/7.tsv", 5000)  # of a config that had more cohorts
    measured(own, "teach/sandbox/fictional/effectiveness/fine-tuning/seed-1/2.tsv", 60)  # one of three lessons, one of two seeds
    row = found(own, model="sandbox", work="ask", study="transferability", setting="in-context")
    assert row.hours == pytest.approx((600 / 3600, 400 / 3600))
    # a third of as many answers, at the same rate
    other = found(own, model="sandbox", work="ask", study="robustness", setting="in-context")
    assert other.hours == pytest.approx((200 / 3600, 0))
    assert found(own, model="sandbox", work="teach", study="effectiveness").hours == pytest.approx((360 / 3600, 60 / 3600))
    assert found(own, model="sandbox", work="ask", study="transferability", setting="fine-tuning").hours is None


def test_hours_of_lessons_in_jobs_of_their_own(study):
    own = study(cohort=1)
    measured(own, "ask/sandbox/fictional/prioritization/in-context/eng+zul.tsv", 10)
    row = found(own, model="sandbox", work="ask", study="prioritization", setting="in-context")
    assert row.hours == pytest.approx((30 / 3600, 10 / 3600))


def test_benchmarks_are_looked_for_where_the_rules_put_them():
    """The folders of a cohort's benchmark, and what they end in."""
    rules = Path("rules/cohorts.smk").read_text(encoding="utf-8")
    place = "{rule}/{cohort.model}/{cohort.knowledge}/{cohort.study}/{cohort.setting}/{part}{cohort.tag}.tsv"
    assert f'"results/benchmarks/{place}"' in rules


def test_planning_loads_no_model_code():
    code = "import sys, isogloss.cost_page; print([name for name in ('torch', 'transformers') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
