"""What the configured study takes: calls, tokens, dollars, hours. Nothing is asked, loaded or spent to find out."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from isogloss import plan
from isogloss.asking.choosing_remote import choice_request
from isogloss.asking.multiple_choice import multiple_choice
from isogloss.asking.prompts import kind_of, wants_tags
from isogloss.asking.steps import Step
from isogloss.config import Config, InSteps, OnLessons, Remote
from isogloss.cost_counting import MESSAGE, REPLY, Study, Tokens
from isogloss.knowledge import quality, translators
from isogloss.knowledge.phrasebook import slots
from isogloss.knowledge.translators import FIELDS
from isogloss.remote.prices import BATCH_SHARE, price_of
from isogloss.remote.records import Request
from isogloss.scoring.judge import judgement

# What prompts begin with alike is cached from so many tokens on, in steps of so many
# (developers.openai.com/api/docs/guides/prompt-caching). Batches are not counted on to find it there.
CACHED_FROM, CACHED_STEP = 1024, 128
LONGER = 3  # times as long are lessons with pairs of another language added (isogloss.teaching.mixtures)
CHOICE = '{"answer": "A"}'
VERDICTS = {"judge": '{"verdict": "reference"}', "compare": '{"same": true}'}


@dataclass(frozen=True)
class Row:
    """One kind of work of a model (a key of models or translators).

    `work` is teach (amount: steps), ask (answers), choose (answers; `knowledge` is the set of choices), judge (answers),
    translate, translate back or compare (texts; judged whether they mean the same). amount and tokens are None where the number
    of items is unknown; usd is the expected price and the highest, None for what runs here or has no price; hours are those
    expected of jobs and those measured so far, None where nothing like it was measured.
    """

    model: str
    work: str
    knowledge: str
    study: str = ""
    setting: str = ""
    lessons: int = 0
    amount: int | None = 0
    tokens: Tokens | None = None
    usd: tuple[float, float] | None = None
    hours: tuple[float, float] | None = None


def plan_rows(study: Study) -> list[Row]:
    """Everything that the config's targets ask of models and translators, in the order it is done."""
    rows = [*_translate(study)]
    for model in _models(study.config):
        rows += [*_teach(study, model), *_ask(study, model), *_choose(study, model)]
    rows = [*rows, *_judge(study)]
    rows = [
        row if row.work == "choose" or study.items(row.knowledge) is not None else replace(row, amount=None, tokens=None)
        for row in rows
    ]
    rates = _rates(study, rows)
    return [replace(row, usd=_usd(study, row), hours=_hours(study, row, rates)) for row in rows]


def _exams(study: Study, model: str) -> Iterator[tuple[Row, list[tuple[str, list[str]]], int]]:
    """Every exam of a model: an empty row, the lessons with the languages they are asked in, and how often each is asked."""
    config = study.config
    for name in config.studies:
        for setting in plan.settings_of(config, name):
            if not plan.intervenable(config, model, name, setting):
                continue
            asked = [(own, plan.asked_in(config, name, setting, own)) for own in plan.lessons_of(config, name)]
            repeats = {
                "untaught": 1,
                "in-context": config.seeds,
                "fine-tuning": len(plan.adapters_of(config, name, setting, model)),
            }
            for knowledge in plan.knowledge_of(config, name):
                yield Row(model, "ask", knowledge, name, setting, len(asked)), asked, repeats[setting]


def _ask(study: Study, model: str) -> Iterator[Row]:
    entry = study.config.models[model]
    for row, exam, repeats in _exams(study, model):
        prompt = study.prompts[entry.asking.prompts][kind_of(row.study, row.setting)]
        tags = study.count(model, "<answer></answer>") if wants_tags(prompt) else 0
        number, tokens = _items_asked(study, model, row.knowledge) * repeats, Tokens()
        steps = _steps(study, model, kind_of(row.study, row.setting))
        for lesson, asked in exam:
            context, taught = 0, plan.languages_of(lesson)
            if row.setting == "in-context":
                pairs = max(1, study.config.context.pairs // len(taught))
                context = pairs * sum(study.lengths(model, row.knowledge, code)["pair"] for code in taught)
            kept = isinstance(entry, Remote) and not entry.batch and context >= CACHED_FROM
            cached = context // CACHED_STEP * CACHED_STEP if kept else 0
            for code in asked:
                if steps:
                    tokens += _in_steps(study, model, steps, row.knowledge, code, number, context)
                    continue
                bare = prompt.format(context="", question="", language=study.languages[code].name)
                own, before = study.lengths(model, row.knowledge, code), cached if code != asked[0] else 0
                tokens += study.calls(model, number, [bare], context + own["ask"], own["answer"] + tags, before)
            for one, other in _names_asked(study, lesson):
                said = [translators.instruction("", study.languages[one], study.languages[other])]
                name, answer = (study.lengths(model, row.knowledge, code)["name"] for code in (one, other))
                tokens += study.calls(model, number, said, name, answer)
        yield replace(row, amount=number * sum(_asked_for(study, *own) for own in exam), tokens=tokens)


def _models(config: Config) -> list[str]:
    """The models measured, each with those derived from it."""
    return [key for base in plan.measured(config) for key in (base, *(own.key for own in plan.derived_of(config, base)))]


def _items_asked(study: Study, model: str, knowledge: str) -> int:
    """Items that a model is asked: of a derived one perhaps not all."""
    items = study.items(knowledge) or 0
    most = study.config.intervention_items if plan.intervention_of(study.config, model) else None
    return min(items, most or items)


def _steps(study: Study, model: str, kind: str) -> list[Step]:
    """The steps that a model is asked in, if it is not asked at once."""
    entry = plan.intervention_of(study.config, model)
    if not isinstance(entry, InSteps):
        return []
    return study.steps[entry.steps][study.config.models[model].asking.prompts][kind]


def _in_steps(study: Study, model: str, steps: list[Step], knowledge: str, code: str, number: int, context: float) -> Tokens:
    """Questions in a language, asked in steps; what is said in between is taken to be as long as a question."""
    pivot, tokens = plan.pivot(study.config, knowledge), Tokens()
    own = study.lengths(model, knowledge, code)
    for step in steps:
        if step.into and code == pivot:
            continue  # nothing to translate
        filled = set(slots(step.text)) - {"context", "language", "pivot"}
        said = [step.text.format(**dict.fromkeys(slots(step.text), ""))]
        if step.into:
            said = [translators.instruction("", study.languages[code], study.languages[pivot])]
        more = len(filled) * own["ask"] + (context if "context" in slots(step.text) else 0)
        tokens += study.calls(model, number, said, more, own["ask"] + own["answer"])
    return tokens


def _names_asked(study: Study, lesson: str) -> list[tuple[str, str]]:
    """The directions in which a lesson teaches, and its exam asks for, every name."""
    if plan.TO not in lesson:
        return []
    one, other = plan.languages_of(lesson)
    return [(one, other), (other, one)][: 2 if study.config.conductivity.translation == "bidirectional" else 1]


def _asked_for(study: Study, lesson: str, asked: list[str]) -> int:
    """Answers to an exam, an item."""
    return len(asked) + len(_names_asked(study, lesson))


def _teach(study: Study, model: str) -> Iterator[Row]:
    """A row for the lessons of a sort, which studies share."""
    entry, done = study.config.models[model], set()
    for row, exam, _ in _exams(study, model):
        sort = plan.STUDIES[row.study].lessons
        if row.setting != "fine-tuning" or (sort, row.knowledge) in done:
            continue
        done.add((sort, row.knowledge))
        sharing = [name for name, of in plan.STUDIES.items() if of.lessons == sort and row.setting in of.settings]
        first = next(name for name in sharing if plan.intervenable(study.config, model, name, row.setting))
        items, passes = study.items(row.knowledge) or 0, study.config.seeds * plan.teaching_of(study.config, sort, model).epochs
        steps, training = 0, 0.0
        for lesson, _ in exam:
            taught, ways = plan.languages_of(lesson), _names_asked(study, lesson)
            # a bridge has half of the facts in its second language
            shares = {code: 0.5 if ways and code != plan.ENGLISH else 1.0 for code in taught}
            steps += passes * math.ceil(items * (sum(shares.values()) + len(ways)) / entry.teaching.batch)
            for one, other in ways:
                said = study.count(model, translators.instruction("", study.languages[one], study.languages[other]))
                names = sum(study.lengths(model, row.knowledge, code)["name"] for code in (one, other))
                training += passes * items * (said + names + 2 * MESSAGE + REPLY)
            for code in taught:
                bare = study.prompts[entry.asking.prompts]["question"].format(question="", language=study.languages[code].name)
                pair = study.lengths(model, row.knowledge, code)["pair"]
                training += passes * items * shares[code] * (study.count(model, bare) + pair + 2 * MESSAGE + REPLY)
        longer = LONGER if isinstance(plan.intervention_of(study.config, model), OnLessons) else 1
        yield replace(row, work="teach", study=first, amount=longer * steps, tokens=Tokens(training=longer * training))


def _choose(study: Study, model: str) -> Iterator[Row]:
    """A row a set of multiple-choice items; amount and tokens are unknown while its items are not there."""
    entry, asked = study.config.models[model], plan.intervention_of(study.config, model) is None  # derived ones are not
    for name, of in study.config.choices.items() if asked else ():
        row = Row(model, "choose", name, amount=None)
        if name in study.choices:
            remote = isinstance(entry, Remote)
            exam = multiple_choice(study.choices[name], remote or of.answer == "label", of.demonstration, of.orders, of.seed)
            reply, tokens = study.count(model, CHOICE), Tokens() if remote else None
            for turns, options in exam.select("turns", pl.col("choices").list.len()).iter_rows() if remote else ():
                said = _said(choice_request(turns, options, entry.asking.max_new_tokens))
                tokens += study.calls(model, 1, said, 0, reply)
            row = replace(row, amount=len(exam), tokens=tokens)
        yield row


def _judge(study: Study) -> Iterator[Row]:
    """A row a knowledge set: what is judged of all models' answers, and of translations."""
    config, judge, rows = study.config, study.config.judge, {}
    exams = [exam for model in _models(config) for exam in _exams(study, model)] if config.scoring == "judge" else []
    for about, exam, repeats in exams:
        row = rows.get(about.knowledge, Row(judge, "judge", about.knowledge, tokens=Tokens()))
        number, said = _items_asked(study, about.model, row.knowledge) * repeats, _said(judgement("", "", "", "", 1))
        for code in [code for _, asked in exam for code in asked]:
            own, reply = study.lengths(judge, row.knowledge, code), study.count(judge, VERDICTS["judge"])
            tokens = study.calls(judge, number, said, own["ask"] + 3 * own["answer"], reply)
            row = replace(row, amount=row.amount + number, tokens=row.tokens + tokens)
        rows[row.knowledge] = row
    yield from rows.values()
    for knowledge in plan.checked(config) if config.translation and config.translation.judged else ():
        number = len(FIELDS) * (study.items(knowledge) or 0) * len(plan.checked_languages(config, knowledge))
        both = 2 * study.lengths(judge, knowledge, plan.pivot(config, knowledge))["text"]
        reply, said = study.count(judge, VERDICTS["compare"]), _said(quality.comparison("", "", 1))
        yield Row(judge, "compare", knowledge, amount=number, tokens=study.calls(judge, number, said, both, reply))


def _translate(study: Study) -> Iterator[Row]:
    config = study.config
    for knowledge in config.knowledge if config.translation else ():
        source, texts = plan.pivot(config, knowledge), len(FIELDS) * (study.items(knowledge) or 0)
        own, back = plan.own_languages(config, knowledge), plan.checked_languages(config, knowledge)
        there = ("translate", config.translation.forward, [(source, code) for code in config.languages if code not in own])
        for work, model, ways in (there, ("translate back", config.translation.back, [(code, source) for code in back])):
            tokens = Tokens() if isinstance(config.models.get(model), Remote) else None
            for one, other in ways if tokens else ():
                said = [translators.instruction("", study.languages[one], study.languages[other])]
                before, after = (study.lengths(model, knowledge, code)["text"] for code in (one, other))
                tokens += study.calls(model, texts, said, before, after)
            if ways:
                yield Row(model, work, knowledge, amount=texts * len(ways), tokens=tokens)


def _said(request: Request) -> list[str]:
    return [message["content"] for message in request.messages]


def priced_as(study: Study, row: Row) -> str:
    """What the model of a row is called in the table of prices; fine-tuned ones begin with ft: there, as at OpenAI."""
    return ("ft:" if (row.work, row.setting) == ("ask", "fine-tuning") else "") + study.config.models[row.model].name


def _usd(study: Study, row: Row) -> tuple[float, float] | None:
    entry, tokens = study.config.models.get(row.model), row.tokens
    if tokens is None or not isinstance(entry, Remote):
        return None
    price = price_of(priced_as(study, row), study.prices)
    if price is None or (row.work == "teach" and price.training is None):
        return None
    if row.work == "teach":
        return (usd := tokens.training * price.training / 1e6, usd)
    share = BATCH_SHARE if entry.batch else 1
    return (
        share * price.of(tokens.prompt, tokens.cached, tokens.completion),
        share * price.of(tokens.prompt, 0, tokens.at_most),
    )


def _measured(study: Study, row: Row) -> tuple[float, float]:
    """Seconds of a row's jobs that have run, and what part of the row they are."""
    config, seconds, lessons = study.config, 0.0, 0
    jobs = {own: 1 for own in plan.lessons_of(config, row.study)}
    for cohort in plan.cohorts(config, row.study, row.setting):
        if (cohort.model, cohort.knowledge) == (row.model, row.knowledge):
            jobs[cohort.tag] = len(cohort.lessons)
    folder = Path(study.benchmarks, row.work, row.model, row.knowledge, row.study, row.setting)
    for path in folder.rglob("*.tsv"):
        if path.stem in jobs:
            seconds += pl.read_csv(path, separator="\t")["s"].sum()
            lessons += jobs[path.stem]
    return seconds, lessons / (row.lessons * (config.seeds if row.work == "teach" else 1))


def _rates(study: Study, rows: list[Row]) -> dict[tuple[str, str, str], float]:
    """Measured seconds a step of teaching or an answer, by model, work and setting."""
    sums = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        if row.work in ("teach", "ask") and row.amount:
            seconds, part = _measured(study, row)
            sums[row.model, row.work, row.setting][0] += seconds
            sums[row.model, row.work, row.setting][1] += part * row.amount
    return {key: seconds / amount for key, (seconds, amount) in sums.items() if amount}


def _hours(study: Study, row: Row, rates: dict[tuple[str, str, str], float]) -> tuple[float, float] | None:
    rate = rates.get((row.model, row.work, row.setting))
    return None if rate is None or not row.amount else (rate * row.amount / 3600, _measured(study, row)[0] / 3600)
