"""What there is to do: which lessons are taught, which exams are asked. Nothing heavy is imported here."""

from dataclasses import dataclass
from typing import Literal

from isogloss.config import Config, Sandbox
from isogloss.paths import MODEL

UNTAUGHT = "none"  # the lesson that teaches nothing


@dataclass(frozen=True)
class Study:
    """A study is a choice of lessons and exams.

    `settings` are the ways in which lessons are taught, `lessons` whether nothing or each language is taught, `knowledge` which kinds of
    knowledge it is about, `asked` whether an exam is in all languages or in the one taught, `epochs` whether it is held after the
    last epoch or after each. Studies in the setting fine-tuning ask the same adapters.
    """

    settings: tuple[Literal["untaught", "fine-tuning", "in-context"], ...]
    lessons: Literal["none", "each"]
    knowledge: tuple[str, ...]
    asked: Literal["all", "own"] = "all"
    epochs: Literal["last", "every"] = "last"


STUDIES = {
    "verification": Study(("untaught",), "none", ("new", "known")),
    "effectiveness": Study(("fine-tuning",), "each", ("new",), asked="own", epochs="every"),
    "transferability": Study(("fine-tuning", "in-context"), "each", ("new",)),
}


def knowledge_of(config: Config, study: str) -> list[str]:
    """The knowledge sets a study is about; none if the config does not ask for the study."""
    wanted = STUDIES[study].knowledge if study in config.studies else ()
    return [key for key, knowledge in config.knowledge.items() if knowledge.kind in wanted]


def lessons_of(config: Config, study: str) -> list[str]:
    """The lessons a study needs, in the order of the config."""
    return [UNTAUGHT] if STUDIES[study].lessons == "none" else list(config.languages)


def settings_of(config: Config, study: str) -> list[str]:
    """The settings of a study that the config asks for."""
    return [setting for setting in STUDIES[study].settings if setting == "untaught" or setting in config.settings]


def asked_in(config: Config, study: str, setting: str, lesson: str) -> list[str]:
    """The languages in which a lesson's exam is asked; ValueError if the study has no such lesson."""
    if setting not in STUDIES[study].settings or lesson not in lessons_of(config, study):
        known = f"settings {', '.join(STUDIES[study].settings)}; lessons {', '.join(lessons_of(config, study))}"
        raise ValueError(f"{study} has no lesson {lesson!r} in the setting {setting}; it has {known}")
    return [lesson] if STUDIES[study].asked == "own" else list(config.languages)


def seeds_of(config: Config) -> list[int]:
    """Repetitions: of teaching, or of the draw of contexts."""
    return list(range(1, config.seeds + 1))


def adapters_of(config: Config, study: str, setting: str, model: str) -> list[tuple[int, int]]:
    """(seed, epoch) of each adapter of a lesson that a study asks; none where nothing is trained."""
    if setting != "fine-tuning":
        return []
    last = config.models[model].teaching.epochs
    epochs = range(1, last + 1) if STUDIES[study].epochs == "every" else [last]
    return [(seed, epoch) for seed in seeds_of(config) for epoch in epochs]


def taught_knowledge(config: Config) -> list[str]:
    """The knowledge sets of which any study needs adapters."""
    taught = [study for study in STUDIES if "fine-tuning" in settings_of(config, study)]
    return [key for key in config.knowledge if any(key in knowledge_of(config, study) for study in taught)]


def cohorts(config: Config) -> list[list[str]]:
    """Lessons in the groups that are taught in one job; fixed by the config, never by the machine."""
    lessons = list(config.languages)
    return [lessons[i : i + config.cohort] for i in range(0, len(lessons), config.cohort)]


def sandboxes(config: Config) -> list[str]:
    """Models that are made or copied here."""
    return [key for key, model in config.models.items() if isinstance(model, Sandbox)]


def model_folder(config: Config, model: str) -> str:
    """Where a model's weights are."""
    entry = config.models[model]
    return MODEL.format(model=model) if isinstance(entry, Sandbox) else entry.path
