"""What the configured study will take of a model, from the seconds measured in a first look and the counts of the plan."""

from dataclasses import dataclass

from isogloss import plan
from isogloss.config import Config, Transformers
from isogloss.cost import plan_rows
from isogloss.cost_counting import Study
from isogloss.models.look import Answer, Look, Part

OF_SETTING: dict[str, Part] = {"untaught": "known", "in-context": "in-context", "fine-tuning": "lesson"}


@dataclass(frozen=True)
class Work:
    """Lessons taught for studies, or exams asked for one, in a setting (`derived`: of models made of this one by interventions).

    `amount` is steps of teaching or answers, None where the number of items is not known yet; `hours` those of a machine like the
    one of the look, `usd` the expected price and the highest; None where it is not known or does not apply.
    """

    study: str
    setting: str
    work: str
    derived: bool
    amount: int | None
    hours: float | None
    usd: tuple[float, float] | None


@dataclass(frozen=True)
class Expected:
    """What a model will take: its works; MB of memory that jobs ask for, by work (none behind an interface); the lessons of a
    cohort; the adapters that are kept, without those of derived models, and the bytes that are free for them; and the config."""

    works: list[Work]
    requested: dict[str, int]
    lessons: int
    adapters: int
    free_bytes: int
    config: Config


def with_only(config: Config, model: str) -> Config:
    """The config as if this model alone were run, with those derived from it."""
    return plan.with_derived(config.model_copy(update={"run": [model]}))


def works_of(look: Look, study: Study) -> list[Work]:
    """What the study of one model (see `with_only`) takes, by study and setting."""
    found: dict[tuple, Work] = {}
    for row in plan_rows(study):
        if row.work not in ("teach", "ask"):
            continue
        asked_in = (row.amount or 0) / max(1, row.lessons * study.config.seeds * (study.items(row.knowledge) or 0))
        rate = _rate(look, row.work, row.setting, asked_in)
        hours = None if rate is None or row.amount is None else rate * row.amount / 3600
        shared = [row.study] if row.work == "ask" else _sharing(study.config, row.study)
        work = Work(", ".join(shared), row.setting, row.work, row.model != look.model, row.amount, hours, row.usd)
        key = (work.derived, work.study, work.setting, work.work)
        found[key] = _sum(found[key], work) if key in found else work
    return list(found.values())


def _sharing(config: Config, name: str) -> list[str]:
    """The configured studies that teach the same lessons as one."""
    sort = plan.STUDIES[name].lessons
    own = [other for other in config.studies if plan.STUDIES[other].lessons == sort]
    return [other for other in own if "fine-tuning" in plan.settings_of(config, other)]


def _sum(one: Work, other: Work) -> Work:
    def added(a, b):
        return None if a is None or b is None else a + b

    usd = None if one.usd is None or other.usd is None else (one.usd[0] + other.usd[0], one.usd[1] + other.usd[1])
    amount, hours = added(one.amount, other.amount), added(one.hours, other.hours)
    return Work(one.study, one.setting, one.work, one.derived, amount, hours, usd)


def _rate(look: Look, work: str, setting: str, asked_in: float) -> float | None:
    """Seconds a step of teaching or an answer; None where the look has not measured it."""
    if look.here is None:
        return None
    if work == "teach":
        return look.here.taught.seconds
    rates = {part: seconds / len(answers_of(look, part)) for part, seconds in look.seconds.items()}
    part = OF_SETTING[setting]
    if part == "in-context":
        # in a study a context is read once for all languages that are asked after it
        own = answers_of(look, part)
        before = sum(answer.prompt_tokens - answer.question_tokens for answer in own) / len(own)
        shared = look.here.reading * before * (1 - 1 / max(1.0, asked_in))
        return max(rates[part] - shared, rates[part] / max(1.0, asked_in))
    # Exams after fine-tuning are asked in larger batches in a study, so neither of the two is exceeded.
    return min(rates[own] for own in {"known", "lesson"} & set(rates))


def answers_of(look: Look, part: Part) -> list[Answer]:
    """The answers of a part."""
    return [answer for answer in look.answers if answer.part == part]


def adapters_of(config: Config, model: str) -> int:
    """How many adapters the config's studies keep of a model that runs here."""
    return len(plan.adapters(config, model)) if isinstance(config.models[model], Transformers) else 0
