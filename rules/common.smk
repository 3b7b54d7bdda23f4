# The validated config, and what the other rule files share.
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
from isogloss.config import Loading, Machine
from isogloss.languages import read_languages
from isogloss.versions import version

LANGUAGES = read_languages(paths.LANGUAGES)
try:
    settings = plan.with_derived(load_config(config, LANGUAGES, workflow.configfiles))
except ConfigError as error:
    raise WorkflowError(str(error)) from None
PROMPTS = read_prompts(paths.PROMPTS)
STEPS = read_steps(paths.STEPS)
REMOTE = plan.remote(settings)
RUN = plan.measured(settings)
# Languages in which items exist: those studied, and those that sources are translated from.
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
    if model in plan.downloaded(settings):
        return [paths.SNAPSHOT.format(model=model)]
    folder = plan.model_folder(settings, model)
    return sorted(str(path) for path in Path(folder).iterdir() if path.is_file()) if folder else []


def loading(model):
    """How the weights of a model are loaded."""
    return settings.models[model].model_dump(include=set(Loading.model_fields))


def teaching(cohort):
    """How the lessons of a cohort are taught."""
    return plan.teaching_of(settings, plan.STUDIES[cohort.study].lessons, cohort.model).model_dump()


def without_memory(teaching):
    """What of it results depend on."""
    return {key: value for key, value in teaching.items() if key not in ("at_once", "checkpointing")}


def epochs_made(cohort):
    """The epochs of its lessons that are kept."""
    return plan.epochs_made(settings, plan.STUDIES[cohort.study].lessons, cohort.model)


def prompts(cohort):
    """What is said to a cohort's model beside a question, by kind of prompt."""
    return PROMPTS[settings.models[cohort.model].asking.prompts]


def prompt(cohort):
    """What the questions of a cohort's exams are put into."""
    return prompts(cohort)[kind_of(cohort.study, cohort.setting)]


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


def translating(way):
    """The model or translator that translates `forward` or `back`; None if the config has none."""
    return (settings.models | settings.translators)[getattr(settings.translation, way)] if settings.translation else None


def folder_of(files):
    """Where weights are, if they are here."""
    return os.path.dirname(files[0]) if files else None


def translator_files(way):
    """Its weights."""
    return model_files(getattr(settings.translation, way)) if settings.translation else []


def calls(way):
    """Whether it is asked over the network."""
    return int(getattr(translating(way), "provider", None) in ("openai", "google"))


def requested(entry):
    """What a job with a model or translator asks of the machine."""
    return getattr(entry, "resources", Machine())


def accelerators(entry):
    """How many it wants."""
    return requested(entry).gpu if getattr(entry, "device", "cpu") == "auto" else 0


def minutes(entry, usual):
    """How long it may take."""
    return requested(entry).runtime or usual


def memory(entry, files, pairs=0, full=0):
    """Memory in MB, from the files of a model: weights of 16 bits take twice their size on a processor, in 32 bits, and adapters come
    on top. There, too, each of the `pairs` learned at a time has some fifty tokens with four numbers of 32 bits for each word of the
    vocabulary, and each of the `full` lessons that change all weights five such numbers for each of them. <TBD> in a dry run as long
    as there are no files."""
    if requested(entry).mem_mb:
        return requested(entry).mem_mb
    if [os.path.basename(path) for path in files] == [os.path.basename(paths.SNAPSHOT)]:
        with open(files[0], encoding="utf-8") as file:
            sizes = [about["bytes"] for name, about in json.load(file)["files"].items() if name.endswith(".safetensors")]
    else:
        sizes = [os.path.getsize(path) for path in files if path.endswith(".safetensors")]
    words, parts = 0, 3 + 10 * full * (entry.device == "cpu")
    if pairs and entry.device == "cpu":
        with open(os.path.join(folder_of(files), "config.json"), encoding="utf-8") as file:
            words = json.load(file)["vocab_size"]
    return 2000 + (parts * sum(sizes) + 1000 * pairs * words) // 10**6


def learned_at_once(cohort):
    """The question-answer pairs that go through a cohort's model together when it is taught."""
    own = settings.models[cohort.model].teaching
    return len(cohort.lessons) * (own.at_once or own.batch)


def in_full(cohort):
    """How many of a cohort's lessons change all weights."""
    return len(cohort.lessons) * (teaching(cohort).get("layers") == "full")


def judging(wanted):
    """The model that judges, if it is wanted."""
    return settings.models[settings.judge] if settings.judge and wanted else None


def how_made(wildcards):
    """Who translated a knowledge set there and back, for its figure."""
    own = plan.sources(settings).get(wildcards.knowledge)
    written = "the published data" if wildcards.knowledge in plan.fictional(settings) else "the built-in phrasebook"
    return {
        "knowledge": wildcards.knowledge,
        "source": f"the source in {', '.join(own.languages)}" if own else written,
        "forward": settings.translation.forward if own else None,
        "back": settings.translation.back,
    }


def first_built_in(kind, names):
    """The built-in knowledge set of a kind that a sandbox's card is about: the first that is studied, if there is one."""
    sets = [(name, settings.knowledge[name]) for name in names]
    return [name for name, own in sets if own.provider == "built-in" and own.studied and own.kind == kind][:1]


def source_files(name):
    """What a knowledge set is read from: a file, or every file of a folder."""
    place = Path(plan.sources(settings)[name].source)
    return [str(place)] if place.is_file() else sorted(str(path) for path in place.rglob("*") if path.is_file())


def fictional_sources(name):
    """What fictional places are read from, in the languages that are wanted."""
    place = plan.fictional(settings)[name].source
    codes = dict.fromkeys([plan.ENGLISH, *plan.own_languages(settings, name)])
    return [path for code in codes for path in paths.fictional_files(place, LANGUAGES[code].cldr)]


def choice_files(name):
    """What multiple-choice items are read from: a table, the lists in folders as CLiKA published them, or nothing if built in."""
    source = settings.choices[name].source
    if source and Path(source).is_dir():
        return sorted(str(path) for path in Path(source).rglob("*.jsonl"))
    return [source] if source else []


def multiple_choice(wildcards):
    """How items are put to a model."""
    entry = settings.choices[wildcards.name]
    labelled = entry.answer == "label" or wildcards.model in REMOTE
    return {"labelled": labelled} | entry.model_dump(include={"demonstration", "orders", "seed"})


def pivot_row(name):
    """The language that a knowledge set is translated from and back into, as in the language table."""
    return asdict(LANGUAGES[plan.pivot(settings, name)])


def language_row(wildcards):
    """The language of a rule, as in the language table."""
    return asdict(LANGUAGES[wildcards.language])


def is_local(cohort):
    """Whether a cohort's model runs here."""
    return cohort.model not in REMOTE


def as_rule(name):
    """A name of the config as part of a rule's name."""
    return re.sub(r"\W", "_", name)


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


def lesson_languages(cohort, wildcards):
    """The languages that what is taught to a cohort is written in, where lessons say more than their own."""
    taught, mixture = taught_languages(cohort, wildcards), mixture_of(cohort)
    more = {"mixed": [plan.pivot(settings, cohort.knowledge)], "names": settings.languages}
    return sorted({*taught, *more[mixture["add"]]}) if mixture else taught


def mixture_of(cohort):
    """What lessons say beside their own, if they do."""
    entry = plan.intervention_of(settings, cohort.model)
    if getattr(entry, "kind", None) != "lessons":
        return None
    pivot = plan.pivot(settings, cohort.knowledge)
    return {"add": entry.add, "pivot": pivot, "languages": language_rows(), "requests": request_words(cohort)}


def steps_of(cohort):
    """The steps in which questions are asked, if that is not at once."""
    entry = plan.intervention_of(settings, cohort.model)
    if getattr(entry, "kind", None) != "steps":
        return None
    section = STEPS[entry.steps][settings.models[cohort.model].asking.prompts]
    steps = [asdict(step) for step in section["context" if cohort.setting == "in-context" else "question"]]
    pivot = plan.pivot(settings, cohort.knowledge)
    rows = [asdict(LANGUAGES[code]) for code in sorted({pivot, *settings.languages})]
    return {"steps": steps, "pivot": pivot, "languages": rows, "requests": request_words(cohort)}


def request_words(cohort):
    """In whose words a model is asked to translate: a sandbox in those of its pre-training."""
    return "sandbox" if plan.base_of(cohort.model) in plan.sandboxes(settings) else "chat"


def items_asked(cohort):
    """How many items a model is asked, if not all."""
    return settings.intervention_items if plan.intervention_of(settings, cohort.model) else None


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


def exam_adapters(cohort, wildcards, pattern=paths.ADAPTER):
    """The adapters that the exams of a cohort ask, by lesson and (seed, epoch); none where nothing is trained."""
    keys = plan.adapters_of(settings, cohort.study, cohort.setting, cohort.model)
    place = {"model": cohort.model, "knowledge": cohort.knowledge}
    return {
        lesson: {(seed, epoch): pattern.format(**place, lesson=lesson, seed=seed, epoch=epoch) for seed, epoch in keys}
        for lesson in (cohort.chosen(dict(wildcards.items())) if keys else [])
    }


def requests(cohort, wildcards):
    """How the lessons and exams of a cohort ask for names; None if they do not."""
    if plan.STUDIES[cohort.study].lessons != "bridges":
        return None
    return {
        "sandbox": cohort.model in plan.sandboxes(settings),
        "both": settings.conductivity.translation == "bidirectional",
        "languages": {code: asdict(LANGUAGES[code]) for code in taught_languages(cohort, wildcards)},
    }


def phrasebooks(cohort, wildcards):
    """Where the words are that a sandbox is asked to translate with."""
    if request_words(cohort) != "sandbox":
        return []
    asked = requests(cohort, wildcards)
    entry = plan.intervention_of(settings, cohort.model)
    everywhere = getattr(entry, "kind", None) == "steps" or getattr(entry, "add", None) == "names"
    codes = settings.languages if everywhere else list(asked["languages"]) if asked else []
    return expand(paths.PHRASEBOOK, language=codes)


def tokenizer_files(model):
    """The tokenizer of a model that runs here, if there is one by itself."""
    if model not in plan.runnable(settings) or model in REMOTE:
        return []
    return [path for path in model_files(model) if os.path.basename(path) == "tokenizer.json"]


def factor_knowledge(model):
    """The knowledge set whose questions a model's tokenizer is measured on, if it has one: the first."""
    known = tokenizer_files(model) or getattr(settings.models[model], "tokenizer", None)
    return list(settings.knowledge)[:1] if known and not settings.explain.flores else []


def made_for(models):
    """The languages that models were made for, of those that say so."""
    found = {model: getattr(settings.models[model], "optimised", None) for model in models}
    return {model: codes for model, codes in found.items() if codes is not None}


def languages_of_panel(panel):
    """The languages of the config that a matrix has, be it measured here or by others."""
    if panel["model"] in RUN:
        return set(settings.languages)
    table = settings.models[panel["model"]].transferability[panel["setting"]]
    return set(settings.languages) & plan.languages_of_matrix(table)


def pooled_label(entry):
    """What a figure calls the mean of the matrices of a setting."""
    setting, panels = entry
    knowledge = ", ".join(dict.fromkeys(panel["knowledge"] for panel in panels))
    return {"model": f"mean of {len(panels)} matrices", "knowledge": knowledge, "setting": setting}


def own_measure(path, study, setting, wildcards):
    """A measure of a model, if the config asks for it."""
    asked = wildcards.knowledge in plan.knowledge_of(settings, study) and setting in plan.settings_of(settings, study)
    return [path.format(model=wildcards.model, knowledge=wildcards.knowledge, setting=setting)] if asked else []


def language_rows():
    """The rows of the language table that figures and pages need."""
    return [asdict(LANGUAGES[language]) for language in settings.languages]


def panels_of(study):
    """What a figure about a study shows: a panel a model, knowledge set and setting."""
    return [
        {"model": model, "knowledge": knowledge, "setting": setting}
        for model in RUN
        for knowledge in plan.knowledge_of(settings, study)
        for setting in plan.settings_of(settings, study)
    ]


def tiers():
    """The tier of each language that is studied."""
    return {code: LANGUAGES[code].tier for code in settings.languages}


def changes_weights(key):
    """Whether a model is a derived one that works differently inside."""
    return getattr(plan.intervention_of(settings, key), "kind", None) in ("neurons", "steering")


def intervention_files(key, knowledge):
    """What is different inside a derived model."""
    return [paths.INTERVENTION.format(model=key, knowledge=knowledge)] if changes_weights(key) else []


def held_out(model):
    """Texts such as a sandbox was pre-trained on, but others."""
    base = plan.base_of(model)
    return [paths.HELD_OUT.format(model=base)] if base in plan.sandboxes(settings) and not settings.explain.flores else []


def on_neurons(model):
    """The models derived from one in which neurons work differently."""
    own = plan.derived_of(settings, model)
    return [each.key for each in own if settings.interventions[each.name].kind == "neurons"]


def mitigating(model):
    """The models derived from one that may learn more evenly: all but those that only lose something, and random sets."""
    lossy = ("zero", "flip")
    own = [each for each in plan.derived_of(settings, model) if each.control is None]
    return [each.key for each in own if getattr(settings.interventions[each.name], "operation", None) not in lossy]


def settings_changed(model):
    """The settings in which a model's mitigations are measured."""
    return sorted({plan.setting_of(plan.intervention_of(settings, key)) for key in mitigating(model)})


def described_derived(key):
    """What a derived model is, as measures want it."""
    entry = plan.intervention_of(settings, key)
    return asdict(DERIVED[key]) | {"key": key, "setting": plan.setting_of(entry), "entry": entry.model_dump()}


def transfer_scores(model, knowledge, setting):
    """The scored answers behind a transfer matrix."""
    lessons = plan.lessons_of(settings, "transferability")
    return expand(paths.SCORES, model=model, knowledge=knowledge, study="transferability", setting=setting, lesson=lessons)


def figure(name, category):
    """The files of a figure: vectors, pixels (which `snakemake --report` shows under a category) and the numbers drawn."""
    vectors, pixels, numbers = expand(paths.FIGURE, name=name, extension=["pdf", "png", "csv"])
    caption = f"../{paths.CAPTION}".format(name=name.split("_{")[0])
    return [vectors, report(pixels, caption=caption, category=category, labels={"figure": name.replace("_", " ")}), numbers]


def as_configured():
    """The config as it was written, without derived models."""
    told = settings.model_dump(exclude_unset=True)
    return told | {"models": {key: entry for key, entry in told["models"].items() if key == plan.base_of(key)}}
