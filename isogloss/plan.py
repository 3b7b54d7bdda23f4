"""What there is to do: which lessons are taught, which exams are asked. Nothing heavy is imported here."""

import csv
import functools
import itertools
import random
import re
from dataclasses import dataclass
from typing import Literal

from isogloss.config import (
    BuiltIn,
    Config,
    Fictional,
    Generated,
    Intervention,
    OnLessons,
    OnNeurons,
    Published,
    Remote,
    RemoteTeaching,
    Sandbox,
    Source,
    Steering,
    Teaching,
    Transformers,
    Weights,
)
from isogloss.languages import TIERS, read_languages
from isogloss.paths import LANGUAGES, MODEL

UNTAUGHT = "none"  # the lesson that teaches nothing
WRONG = "-wrong"  # ends the name of a lesson that teaches wrong answers
ENGLISH, TO = "eng", "-to-"  # eng-to-zul: facts in English that are to be known in Zulu
EACH = ("{lesson}",)  # the lessons of a cohort that is a wildcard


@dataclass(frozen=True)
class Study:
    """A study is a choice of lessons and exams.

    `settings` are the ways in which lessons are taught. `lessons` says what is: nothing, each language (`eng`), each language
    with wrong answers (`eng-wrong`), pairs of languages that contradict each other (`eng+zul`), or facts in English with a
    bridge to another language (`eng-to-zul`: the names in it, and half of the facts). `knowledge` is the kinds of knowledge it
    is about, `named` whether it needs the names of what items are about, `asked` whether an exam is in all languages, in the
    lesson's own or in all but those, `epochs` whether it is held after the last epoch or after each. Studies in the setting
    fine-tuning with the same lessons ask the same adapters.
    """

    settings: tuple[Literal["untaught", "fine-tuning", "in-context"], ...]
    lessons: Literal["none", "each", "wrong", "pairs", "bridges"]
    knowledge: tuple[str, ...]
    named: bool = False
    asked: Literal["all", "own", "others"] = "all"
    epochs: Literal["last", "every"] = "last"


STUDIES = {
    "verification": Study(("untaught",), "none", ("new", "known")),
    "effectiveness": Study(("fine-tuning",), "each", ("new",), asked="own", epochs="every"),
    "transferability": Study(("fine-tuning", "in-context"), "each", ("new",)),
    "prioritization": Study(("fine-tuning", "in-context"), "pairs", ("new",), asked="others"),
    "robustness": Study(("fine-tuning", "in-context"), "wrong", ("known",), asked="own", epochs="every"),
    "conductivity": Study(("fine-tuning",), "bridges", ("new",), named=True, asked="own"),
}


def about(config: Config, study: str) -> list[str]:
    """The knowledge sets that a study would be about, whether the config asks for it or not."""
    kinds, named = STUDIES[study].knowledge, STUDIES[study].named
    return [
        key
        for key, knowledge in config.knowledge.items()
        if knowledge.studied and knowledge.kind in kinds and (isinstance(knowledge, BuiltIn | Fictional) or not named)
    ]


def knowledge_of(config: Config, study: str) -> list[str]:
    """The knowledge sets a study is about; none if the config does not ask for the study."""
    return about(config, study) if study in config.studies else []


def lessons_of(config: Config, study: str) -> list[str]:
    """The lessons a study needs, in the order of the config."""
    sort = STUDIES[study].lessons
    if sort == "none":
        return [UNTAUGHT]
    if sort == "pairs":
        return conflicting(config.languages, _tiers(), config.prioritization.pairs, config.prioritization.seed)
    if sort == "bridges":
        own = config.conductivity
        return [f"{ENGLISH}{TO}{code}" for code in conducted(config.languages, _tiers(), own.per_tier, own.seed)]
    return [language + (WRONG if sort == "wrong" else "") for language in config.languages]


def languages_of(lesson: str) -> list[str]:
    """The languages a lesson is taught in."""
    return [] if lesson == UNTAUGHT else lesson.removesuffix(WRONG).replace(TO, "+").split("+")


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


def conducted(languages: list[str], tiers: dict[str, str], count: int | None, seed: int) -> list[str]:
    """The languages that facts taught in English are to reach, in their order: `count` of each tier by seed, or all; none if
    English is not among the languages."""
    others = [code for code in languages if code != ENGLISH] if ENGLISH in languages else []
    if count is None:
        return others
    rng = random.Random(f"conducted-{seed}")
    drawn: set[str] = set()
    for tier in TIERS:
        of = [code for code in others if tiers[code] == tier]
        drawn |= set(rng.sample(of, min(count, len(of))))
    return [code for code in others if code in drawn]


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
    made = epochs_made(config, STUDIES[study].lessons, model)
    epochs = made if STUDIES[study].epochs == "every" else made[-1:]
    return [(seed, epoch) for seed in seeds_of(config) for epoch in epochs]


def teaching_of(config: Config, lessons: str, model: str) -> Teaching | RemoteTeaching:
    """How lessons of a sort (as in `Study.lessons`) are taught to a model: as its entry says, but for what the study has of its
    own."""
    teaching = config.models[model].teaching
    study = {"wrong": config.robustness, "bridges": config.conductivity}.get(lessons)
    own = {key: getattr(study, key, None) for key in ("epochs", "layers", "learning_rate")}
    known = type(teaching).model_fields
    return teaching.model_copy(update={key: value for key, value in own.items() if value and key in known})


def epochs_made(config: Config, lessons: str, model: str) -> list[int]:
    """The epochs after which there is a checkpoint of lessons of a sort."""
    last, entry = teaching_of(config, lessons, model).epochs, config.models[model]
    return [last] if isinstance(entry, Remote) and not entry.teaching.every_epoch else list(range(1, last + 1))


def adapters(config: Config, model: str) -> list[dict]:
    """Every adapter that the config's studies need of a model: knowledge, lesson, seed, epoch."""
    trained = [study for study in STUDIES if "fine-tuning" in settings_of(config, study)]
    needed = {
        (knowledge, lesson, seed, epoch): None
        for study in trained
        for knowledge in knowledge_of(config, study)
        for lesson in lessons_of(config, study)
        for seed in seeds_of(config)
        for epoch in epochs_made(config, STUDIES[study].lessons, model)
    }
    return [dict(zip(("knowledge", "lesson", "seed", "epoch"), key, strict=True)) for key in needed]


@dataclass(frozen=True)
class Derived:
    """A model with an intervention; `draw` numbers the draws of selected languages, `control` the random sets, each from 1 (None
    where there are none)."""

    base: str
    name: str
    draw: int | None = None
    control: int | None = None

    @property
    def key(self) -> str:
        """What the model is called: ``sandbox@flip-draw1``, ``sandbox@flip-random1``, ``sandbox@xlt``."""
        part = f"-draw{self.draw}" if self.draw else ""
        return f"{self.base}@{self.name}" + (f"-random{self.control}" if self.control else part)


def derived_of(config: Config, base: str) -> list[Derived]:
    """The models that the config's interventions make of one, if their study and setting are asked for; nothing in a model behind
    an interface can be reached."""
    found: list[Derived] = []
    if base not in intervened(config):
        return found
    for name, entry in config.interventions.items():
        if "transferability" not in config.studies or setting_of(entry) not in config.settings:
            continue
        if isinstance(entry, OnNeurons | Steering) and isinstance(config.models[base], Remote):
            continue
        if not isinstance(entry, OnNeurons):
            found.append(Derived(base, name))
            continue
        found += [Derived(base, name, draw) for draw in range(1, entry.draws + 1)]
        # random sets take turns in imitating the draws
        found += [Derived(base, name, number % entry.draws + 1, number + 1) for number in range(entry.random)]
    return found


def intervened(config: Config) -> list[str]:
    """The models that interventions are made of."""
    if not config.interventions:
        return []
    return [key for key in measured(config) if config.intervened is None or key in config.intervened]


def with_derived(config: Config) -> Config:
    """The config with an entry for each derived model, like that of the model it is made from."""
    entries = {own.key: config.models[own.base] for base in intervened(config) for own in derived_of(config, base)}
    return config.model_copy(update={"models": config.models | entries})


def base_of(model: str) -> str:
    """The model that a derived one is made from; of any other, itself."""
    return model.partition("@")[0]


def intervention_of(config: Config, model: str) -> Intervention | None:
    """What is different about a derived model; None of any other."""
    names = {own.key: own.name for own in derived_of(config, base_of(model))} if "@" in model else {}
    return config.interventions[names[model]] if names else None


def intervenable(config: Config, model: str, study: str, setting: str) -> bool:
    """Whether a model is asked a study: a derived one for its transfer alone, in the setting of its intervention."""
    entry = intervention_of(config, model)
    return entry is None or (study, setting) == ("transferability", setting_of(entry))


def setting_of(entry: Intervention) -> str:
    """The setting in which the transfer of a derived model is measured."""
    return "fine-tuning" if isinstance(entry, OnLessons) else "in-context"


@dataclass(frozen=True)
class Cohort:
    """Lessons that are taught or asked in one job; with `cohort: 1` a wildcard, of which every lesson makes a job.

    `study` is the one whose exams they have; where lessons are taught, the first of those that have them.
    """

    model: str
    knowledge: str
    study: str
    setting: str
    number: int
    lessons: tuple[str, ...]

    @property
    def rule(self) -> str:
        """What sets its rules apart from those of other cohorts."""
        parts = (self.model, self.knowledge, self.study, self.setting, str(self.number))
        return "__".join(re.sub(r"\W", "_", part.replace("@", "_at_")) for part in parts)

    @property
    def tag(self) -> str:
        """The same for logs, in a folder of the study and setting."""
        return self.lessons[0] if self.lessons == EACH else str(self.number)

    def chosen(self, wildcards: dict[str, str]) -> list[str]:
        """The lessons of a job."""
        return [lesson.format(**wildcards) for lesson in self.lessons]


def cohorts(config: Config, study: str, setting: str) -> list[Cohort]:
    """The cohorts of a study's lessons, for every model and knowledge set there is, be it asked for or not; fixed by the config,
    never by the machine."""
    lessons = lessons_of(config, study)
    size = max(1, len(lessons)) if config.cohort == "auto" else config.cohort
    parts = [tuple(lessons[i : i + size]) for i in range(0, len(lessons), size)]
    if size == 1:
        parts = [EACH] if lessons else []
    return [
        Cohort(model, knowledge, study, setting, number, part)
        for model in runnable(config)
        if intervenable(config, model, study, setting)
        for knowledge in about(config, study)
        for number, part in enumerate(parts, start=1)
    ]


def exams(config: Config) -> list[Cohort]:
    """Every cohort whose exams can be held."""
    return [cohort for study, of in STUDIES.items() for setting in of.settings for cohort in cohorts(config, study, setting)]


def taught(config: Config) -> list[Cohort]:
    """Every cohort that can be taught; studies with lessons of the same sort share them."""
    found: dict[tuple, Cohort] = {}
    for study, of in STUDIES.items():
        for cohort in cohorts(config, study, "fine-tuning") if "fine-tuning" in of.settings else ():
            found.setdefault((of.lessons, cohort.model, cohort.knowledge, cohort.number), cohort)
    return list(found.values())


def runnable(config: Config) -> list[str]:
    """Models that can be taught and asked."""
    return [key for key, model in config.models.items() if not isinstance(model, Published)]


def measured(config: Config) -> list[str]:
    """Those of them that named targets include."""
    return [key for key in config.run if key in runnable(config)]


def published(config: Config) -> list[str]:
    """Models whose transfer others have measured, that named targets include."""
    return [key for key in config.run if key not in runnable(config)]


def languages_of_matrix(path: str) -> set[str]:
    """The languages of a published matrix, from its first row."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        return set(next(csv.reader(file), [])[1:])


def sandboxes(config: Config) -> list[str]:
    """Models that are made or copied here."""
    return [key for key, model in config.models.items() if isinstance(model, Sandbox) and key == base_of(key)]


def remote(config: Config) -> list[str]:
    """Models that are asked over the network."""
    return [key for key, model in config.models.items() if isinstance(model, Remote)]


def downloaded(config: Config) -> list[str]:
    """Models and translators whose weights come from a hub as they are loaded."""
    entries = config.models | config.translators
    found = [key for key, entry in entries.items() if isinstance(entry, Weights) and entry.hub and key == base_of(key)]
    return [key for key in found if key not in converted(config)]


def converted(config: Config) -> list[str]:
    """Models that are made from GGUF files."""
    return [key for key, entry in config.models.items() if isinstance(entry, Transformers) and entry.gguf and key == base_of(key)]


def model_folder(config: Config, model: str) -> str | None:
    """Where the weights of a model or translator are; None if they are elsewhere."""
    entry = (config.models | config.translators)[model]
    if isinstance(entry, Weights) and entry.path and base_of(model) not in converted(config):
        return entry.path
    return MODEL.format(model=base_of(model)) if isinstance(entry, Sandbox | Weights) else None


def sources(config: Config) -> dict[str, Source | Generated]:
    """Knowledge sets that are read or made up, and translated where they lack languages."""
    return {key: knowledge for key, knowledge in config.knowledge.items() if isinstance(knowledge, Source | Generated)}


def fictional(config: Config) -> dict[str, Fictional]:
    """Knowledge sets that are read in every language, with the names of what items are about."""
    return {key: knowledge for key, knowledge in config.knowledge.items() if isinstance(knowledge, Fictional)}


def pivot(config: Config, knowledge: str) -> str:
    """The language that a knowledge set is translated from, and back into."""
    entry = config.knowledge[knowledge]
    return entry.languages[0] if isinstance(entry, Source | Generated) else ENGLISH


def own_languages(config: Config, knowledge: str) -> list[str]:
    """The languages in which a knowledge set exists before any translation: of a source those it says, of any other set those
    studied, and the one it is checked against."""
    entry = config.knowledge[knowledge]
    if isinstance(entry, Source | Generated):
        return list(entry.languages)
    return list(dict.fromkeys([*config.languages, *([pivot(config, knowledge)] if config.translation else [])]))


def checked(config: Config) -> list[str]:
    """Knowledge sets that are translated back, to see how well they are translated."""
    return list(config.knowledge) if config.translation else []


def checked_languages(config: Config, knowledge: str) -> list[str]:
    """The languages that are translated back."""
    return [code for code in config.languages if code != pivot(config, knowledge)]


def choices(config: Config) -> list[str]:
    """Sets of multiple-choice items that named targets include: all, if there is a model to ask."""
    return list(config.choices) if measured(config) else []
