"""What there is to do: which lessons are taught, which exams are asked. Nothing heavy is imported here."""

import functools
import itertools
import random
from dataclasses import dataclass
from typing import Literal

from isogloss.config import Config, Sandbox
from isogloss.languages import TIERS, read_languages
from isogloss.paths import LANGUAGES, MODEL

UNTAUGHT = "none"  # the lesson that teaches nothing
WRONG = "-wrong"  # ends the name of a lesson that teaches wrong answers


@dataclass(frozen=True)
class Study:
    """A study is a choice of lessons and exams.

    `settings` are the ways in which lessons are taught. `lessons` says what is: nothing, each language (`eng`), each language
    with wrong answers (`eng-wrong`), or pairs of languages that contradict each other (`eng+zul`). `knowledge` is the kinds of
    knowledge it is about, `asked` whether an exam is in all languages, in the lesson's own or in all but those, `epochs`
    whether it is held after the last epoch or after each. Studies in the setting fine-tuning with the same lessons ask the same
    adapters.
    """

    settings: tuple[Literal["untaught", "fine-tuning", "in-context"], ...]
    lessons: Literal["none", "each", "wrong", "pairs"]
    knowledge: tuple[str, ...]
    asked: Literal["all", "own", "others"] = "all"
    epochs: Literal["last", "every"] = "last"


STUDIES = {
    "verification": Study(("untaught",), "none", ("new", "known")),
    "effectiveness": Study(("fine-tuning",), "each", ("new",), asked="own", epochs="every"),
    "transferability": Study(("fine-tuning", "in-context"), "each", ("new",)),
    "prioritization": Study(("fine-tuning", "in-context"), "pairs", ("new",), asked="others"),
    "robustness": Study(("fine-tuning", "in-context"), "wrong", ("known",), asked="own", epochs="every"),
}


def knowledge_of(config: Config, study: str) -> list[str]:
    """The knowledge sets a study is about; none if the config does not ask for the study."""
    wanted = STUDIES[study].knowledge if study in config.studies else ()
    return [key for key, knowledge in config.knowledge.items() if knowledge.kind in wanted]


def lessons_of(config: Config, study: str) -> list[str]:
    """The lessons a study needs, in the order of the config."""
    sort = STUDIES[study].lessons
    if sort == "none":
        return [UNTAUGHT]
    if sort == "pairs":
        return conflicting(config.languages, _tiers(), config.prioritization.pairs, config.prioritization.seed)
    return [language + (WRONG if sort == "wrong" else "") for language in config.languages]


def languages_of(lesson: str) -> list[str]:
    """The languages a lesson is taught in."""
    return [] if lesson == UNTAUGHT else lesson.removesuffix(WRONG).split("+")


@functools.cache
def _tiers() -> dict[str, str]:
    return {code: language.tier for code, language in read_languages(LANGUAGES).items()}


def conflicting(languages: list[str], tiers: dict[str, str], count: int, seed: int) -> list[str]:
    """Pairs of languages of different tiers, the higher tier first: `count` of each two tiers (or as many as there are), by
    seed."""
    rng = random.Random(f"pairs-{seed}")
    lessons = []
    for higher, lower in itertools.combinations(TIERS, 2):
        every = [(a, b) for a in languages if tiers[a] == higher for b in languages if tiers[b] == lower]
        lessons += [f"{a}+{b}" for a, b in rng.sample(every, min(count, len(every)))]
    return lessons


def settings_of(config: Config, study: str) -> list[str]:
    """The settings of a study that the config asks for."""
    return [setting for setting in STUDIES[study].settings if setting == "untaught" or setting in config.settings]


def asked_in(config: Config, study: str, setting: str, lesson: str) -> list[str]:
    """The languages in which a lesson's exam is asked; ValueError if the study has no such lesson."""
    if setting not in STUDIES[study].settings or lesson not in lessons_of(config, study):
        known = f"settings {', '.join(STUDIES[study].settings)}; lessons {', '.join(lessons_of(config, study))}"
        raise ValueError(f"{study} has no lesson {lesson!r} in the setting {setting}; it has {known}")
    own = languages_of(lesson)
    asked = {"all": config.languages, "own": own, "others": [code for code in config.languages if code not in own]}
    return list(asked[STUDIES[study].asked])


def seeds_of(config: Config) -> list[int]:
    """Repetitions: of teaching, or of the draw of contexts."""
    return list(range(1, config.seeds + 1))


def adapters_of(config: Config, study: str, setting: str, model: str) -> list[tuple[int, int]]:
    """(seed, epoch) of each adapter of a lesson that a study asks; none where nothing is trained."""
    if setting != "fine-tuning":
        return []
    last = epochs_of(config, STUDIES[study].lessons, model)
    epochs = range(1, last + 1) if STUDIES[study].epochs == "every" else [last]
    return [(seed, epoch) for seed in seeds_of(config) for epoch in epochs]


def epochs_of(config: Config, lessons: str, model: str) -> int:
    """How long lessons of a sort (as in `Study.lessons`) are taught."""
    return config.robustness.epochs if lessons == "wrong" else config.models[model].teaching.epochs


def adapters(config: Config, model: str) -> list[dict]:
    """Every adapter that the config's studies need of a model: knowledge, lesson, seed, epoch."""
    trained = [study for study in STUDIES if "fine-tuning" in settings_of(config, study)]
    needed = {
        (knowledge, lesson, seed, epoch): None
        for study in trained
        for knowledge in knowledge_of(config, study)
        for lesson in lessons_of(config, study)
        for seed in seeds_of(config)
        for epoch in range(1, epochs_of(config, STUDIES[study].lessons, model) + 1)
    }
    return [dict(zip(("knowledge", "lesson", "seed", "epoch"), key, strict=True)) for key in needed]


def groups(config: Config, lessons: list[str]) -> list[list[str]]:
    """Lessons in the groups that one job each teaches or asks; fixed by the config, never by the machine.

    With `cohort: 1` the only group is a wildcard, so that one rule makes a job of each lesson.
    """
    if config.cohort == 1:
        return [["{lesson}"]] if lessons else []
    size = len(lessons) if config.cohort == "auto" else config.cohort
    return [lessons[i : i + size] for i in range(0, len(lessons), size)]


def sandboxes(config: Config) -> list[str]:
    """Models that are made or copied here."""
    return [key for key, model in config.models.items() if isinstance(model, Sandbox)]


def model_folder(config: Config, model: str) -> str:
    """Where a model's weights are."""
    entry = config.models[model]
    return MODEL.format(model=model) if isinstance(entry, Sandbox) else entry.path
