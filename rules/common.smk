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


def told(cohort):
    """The lessons of a cohort in a message."""
    return ", ".join(cohort.lessons).replace("{lesson}", "{wildcards.lesson}")


def lesson_of(cohort):
    """What the lesson of a cohort may be where it is a wildcard."""
    return one_of(plan.lessons_of(settings, cohort.study))


def files_of(pattern, cohort, **others):
    """The files of a cohort, a lesson or more of each."""
    own = {"model": cohort.model, "knowledge": cohort.knowledge, "study": cohort.study, "setting": cohort.setting}
    return expand(pattern, **own, lesson=cohort.lessons, **others, allow_missing=True)


def log_of(rule, cohort, part=""):
    """Where a rule says what it does with a cohort."""
    return f"results/logs/{rule}/{cohort.model}/{cohort.knowledge}/{cohort.study}/{cohort.setting}/{part}{cohort.tag}.log"


def benchmark_of(rule, cohort, part=""):
    """Where it is measured."""
    return f"results/benchmarks/{rule}/{cohort.model}/{cohort.knowledge}/{cohort.study}/{cohort.setting}/{part}{cohort.tag}.tsv"


def taught_languages(cohort, wildcards):
    """The languages that the lessons of a cohort need, each once."""
    return sorted({code for lesson in cohort.chosen(dict(wildcards.items())) for code in plan.languages_of(lesson)})


def asked_in(cohort, wildcards):
    """The languages that each exam of a cohort is asked in."""
    lessons = cohort.chosen(dict(wildcards.items()))
    return {lesson: plan.asked_in(settings, cohort.study, cohort.setting, lesson) for lesson in lessons}


def asked_languages(cohort, wildcards):
    """The languages that the exams of a cohort are asked in, each once."""
    return sorted({code for asked in asked_in(cohort, wildcards).values() for code in asked})


def exam_languages(cohort, wildcards):
    """The languages that the exams of a cohort need: those asked in and, in context, those taught in."""
    taught = taught_languages(cohort, wildcards) if cohort.setting == "in-context" else []
    return sorted({*taught, *asked_languages(cohort, wildcards)})


def exam_adapters(cohort, wildcards):
    """The adapters that the exams of a cohort ask, by lesson and (seed, epoch); none where nothing is trained."""
    keys = plan.adapters_of(settings, cohort.study, cohort.setting, cohort.model)
    place = {"model": cohort.model, "knowledge": cohort.knowledge}
    return {
        lesson: {(seed, epoch): paths.ADAPTER.format(**place, lesson=lesson, seed=seed, epoch=epoch) for seed, epoch in keys}
        for lesson in (cohort.chosen(dict(wildcards.items())) if keys else [])
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
