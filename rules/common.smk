# The validated config, and what the other rule files share.
import os
import re
import sys
from dataclasses import asdict

from snakemake.exceptions import WorkflowError

# This checkout's library, here and in every job, also inside a conda environment.
sys.path.insert(0, workflow.basedir)
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [str(workflow.basedir), os.getenv("PYTHONPATH")])))

from isogloss import paths, plan
from isogloss.checking import ConfigError, load_config
from isogloss.languages import read_languages
from isogloss.versions import version

LANGUAGES = read_languages(paths.LANGUAGES)
try:
    settings = load_config(config, LANGUAGES, workflow.configfiles)
except ConfigError as error:
    raise WorkflowError(str(error)) from None


def one_of(names):
    """A wildcard constraint that allows these names; nothing, if there are none."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    language=one_of(settings.languages),
    knowledge=one_of(settings.knowledge),
    model=one_of(settings.models),
    study=one_of(plan.STUDIES),
    setting=one_of({setting for study in plan.STUDIES.values() for setting in study.settings}),
    lesson=one_of({lesson for study in plan.STUDIES for lesson in plan.lessons_of(settings, study)}),
    seed=r"\d+",
    epoch=r"\d+",


def model_files(model):
    """The weights and the tokenizer of a model."""
    if model in plan.sandboxes(settings):
        return expand(paths.MODEL_FILE, model=model, file=paths.SHIPPED_FILES)
    return sorted(str(path) for path in Path(plan.model_folder(settings, model)).iterdir() if path.is_file())


def recipe(wildcards):
    """How a sandbox is made."""
    return settings.models[wildcards.model].recipe.model_dump()


def together(group, wildcards):
    """The lessons of a cohort, in which a lesson may be a wildcard."""
    return [lesson.format(**dict(wildcards.items())) for lesson in group]


def taught_languages(group, wildcards):
    """The languages that the lessons of a cohort need, each once."""
    return sorted({code for lesson in together(group, wildcards) for code in plan.languages_of(lesson)})


def tag(group, number):
    """What a cohort's log is called: its number, or the lesson where that is a wildcard."""
    return number if group != ["{lesson}"] else "{lesson}"


def told(group):
    """The lessons of a cohort in a message."""
    return ", ".join(group).replace("{lesson}", "{wildcards.lesson}")


# Exams are held and scored by cohort: study, setting, number of the cohort, its lessons, and what a lesson may be.
EXAMS = [
    (study, setting, number, group, one_of(plan.lessons_of(settings, study)))
    for study, of in plan.STUDIES.items()
    for setting in of.settings
    for number, group in enumerate(plan.groups(settings, plan.lessons_of(settings, study)), start=1)
]


def asked_languages(study, setting, group, wildcards):
    """The languages that the exams of a cohort are asked in, each once."""
    return sorted({code for lesson in together(group, wildcards) for code in plan.asked_in(settings, study, setting, lesson)})


def exam_languages(study, setting, group, wildcards):
    """The languages that the exams of a cohort need: those asked in and, in context, those taught in."""
    taught = taught_languages(group, wildcards) if setting == "in-context" else []
    return sorted({*taught, *asked_languages(study, setting, group, wildcards)})


def exam_adapters(study, setting, group, wildcards):
    """The adapters that the exams of a cohort ask, by lesson and (seed, epoch); none where nothing is trained."""
    keys = plan.adapters_of(settings, study, setting, wildcards.model)
    return {
        lesson: {
            (seed, epoch): paths.ADAPTER.format(
                model=wildcards.model, knowledge=wildcards.knowledge, lesson=lesson, seed=seed, epoch=epoch
            )
            for seed, epoch in keys
        }
        for lesson in (together(group, wildcards) if keys else [])
    }


def language_rows():
    """The rows of the language table that figures and pages need."""
    return [asdict(LANGUAGES[language]) for language in settings.languages]


def panels_of(study):
    """What a figure about a study shows: a panel a model, knowledge set and setting."""
    return [
        {"model": model, "knowledge": knowledge, "setting": setting}
        for model in settings.run
        for knowledge in plan.knowledge_of(settings, study)
        for setting in plan.settings_of(settings, study)
    ]
