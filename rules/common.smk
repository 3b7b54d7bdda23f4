# The validated config, and what the other rule files share.
import functools
import json
import os
import re
import sys
from dataclasses import asdict

from snakemake.exceptions import WorkflowError

# This checkout's library, here and in every job, also inside a conda environment.
sys.path.insert(0, workflow.basedir)
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [str(workflow.basedir), os.getenv("PYTHONPATH")])))

from isogloss import paths, plan
from isogloss.asking.prompts import kind_of, read_prompts
from isogloss.asking.steps import read_steps
from isogloss.checking import ConfigError, load_config
from isogloss.config import Loading, Machine, Sandbox
from isogloss.digests import digest_of
from isogloss.languages import read_languages
from isogloss.models.folder import effective_files
from isogloss.versions import version

LANGUAGES = read_languages(paths.LANGUAGES)
# Snakemake lists the files of the command line first, and lays them over the workflow's own.
MERGED = [path for path in workflow.configfiles if path not in workflow.overwrite_configfiles]
MERGED += workflow.overwrite_configfiles
try:
    settings = plan.with_derived(load_config(config, LANGUAGES, MERGED, workflow.config_settings.config))
except ConfigError as error:
    raise WorkflowError(str(error)) from None
PROMPTS = read_prompts(paths.PROMPTS)
STEPS = read_steps(paths.STEPS)
REMOTE = plan.remote(settings)
RUN = plan.measured(settings)
# Languages in which items exist: those studied, and those that sources are translated from.
PHRASEBOOKS = [paths.PHRASEBOOK.format(language=code) for code in settings.languages]
WRITTEN = sorted({*settings.languages, *(code for key in settings.knowledge for code in plan.own_languages(settings, key))})


def one_of(names):
    """A wildcard constraint that allows these names; nothing, if there are none."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    language=one_of(WRITTEN),
    knowledge=one_of([*settings.knowledge, "published"]),
    model=one_of(settings.models),
    study=one_of(plan.STUDIES),
    setting=one_of({setting for study in plan.STUDIES.values() for setting in study.settings}),
    lesson=one_of({lesson for study in plan.STUDIES for lesson in plan.lessons_of(settings, study)}),
    seed=r"\d+",
    epoch=r"\d+",


def model_files(model):
    """The weights and the tokenizer of a model or translator; none where it is elsewhere."""
    model = plan.base_of(model)
    if model in plan.sandboxes(settings):
        return expand(paths.MODEL_FILE, model=model, file=paths.SHIPPED_FILES)
    if model in plan.converted(settings):
        return expand(paths.MODEL_FILE, model=model, file=paths.CONVERTED_FILES)
    if model in plan.downloaded(settings):
        return [paths.SNAPSHOT.format(model=model)]
    folder = plan.model_folder(settings, model)
    return list(map(str, effective_files(folder))) if folder else []


def contents(files):
    """A digest of files that are not made here, a param of the rules that read them, since Snakemake sees nothing of an older file
    that has taken the place of another. (No `input` in its lambda: Snakemake does not compare params that are made from it.)"""
    return digest_of(sorted(map(str, files)))


@functools.cache
def model_contents(model):
    """The same of a model or translator in a folder of the user's; what rules put in place is as new as it is."""
    entry = (settings.models | settings.translators)[plan.base_of(model)]
    own = getattr(entry, "path", None) and plan.base_of(model) not in plan.converted(settings)
    return contents(model_files(model)) if own else None


def gguf_file(model):
    """The GGUF file that a model is made from."""
    entry = settings.models[model]
    return entry.path or paths.GGUF_FETCHED.format(model=model, file=os.path.basename(entry.file))


def gguf_contents(wildcards):
    """What is in a GGUF file of the user's; one that was fetched is as new as it is."""
    path = settings.models[wildcards.model].path
    return contents([path]) if path else None


def loading(model):
    """How the weights of a model are loaded."""
    return settings.models[model].model_dump(include=set(Loading.model_fields))


def names(codes):
    """What languages are called in prompts."""
    return {code: LANGUAGES[code].name for code in sorted(codes)}


def recipe(wildcards):
    """How a sandbox is made."""
    return settings.models[wildcards.model].recipe.model_dump()


# What may differ without a difference to the results: no target is outdated by it. Snakemake does not compare params made from
# `input`, so that is how rules get it.
TRANSPORT = {"key", "concurrency", "timeout", "attempts", "batch", "teaching", "recipe", "device", "device_map", "asking"}
TRANSPORT |= {"optimised", "tokenizer", "resources"}


def budget(wildcards, input):
    """What all calls may cost."""
    return settings.budget_usd


def described(entry):
    """All that the config says of a model or translator."""
    return entry and entry.model_dump()


def identity(entry):
    """What of it results depend on."""
    if entry is None:
        return None
    asking = getattr(entry, "asking", None)
    kept = asking.model_dump(include={"max_new_tokens", "asked_again"}) if asking else {}
    return entry.model_dump(exclude=TRANSPORT) | kept


def calls(way):
    """Whether it is asked over the network."""
    return int(getattr(translating(way), "provider", None) in ("openai", "google"))


def judging(wanted):
    """The model that judges, if it is wanted."""
    return settings.models[settings.judge] if settings.judge and wanted else None


def language_rows():
    """The rows of the language table that figures and pages need."""
    return [asdict(LANGUAGES[language]) for language in settings.languages]


def tiers():
    """The tier of each language that is studied."""
    return {code: LANGUAGES[code].tier for code in settings.languages}


def figure(name, category):
    """The files of a figure: vectors, pixels (which `snakemake --report` shows under a category) and the numbers drawn."""
    vectors, pixels, numbers = expand(paths.FIGURE, name=name, extension=["pdf", "png", "csv"])
    caption = f"../{paths.CAPTION}".format(name=name.split("_{")[0])
    return [vectors, report(pixels, caption=caption, category=category, labels={"figure": name.replace("_", " ")}), numbers]


def as_configured():
    """The config as it was written, without derived models."""
    told = settings.model_dump(exclude_unset=True)
    return told | {"models": {key: entry for key, entry in told["models"].items() if key == plan.base_of(key)}}


def folder_of(files):
    """Where weights are, if they are here."""
    return os.path.dirname(files[0]) if files else None


def as_rule(name):
    """A name of the config as part of a rule's name."""
    return re.sub(r"\W", "_", name)
