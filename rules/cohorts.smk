# Cohorts: the lessons and exams that a job takes together.


def taught_as(cohort):
    """How the lessons of a cohort are taught."""
    return plan.teaching_of(settings, plan.STUDIES[cohort.study].lessons, cohort.model)


def teaching(cohort):
    """The same as rules have it in their params."""
    return taught_as(cohort).model_dump()


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


def is_local(cohort):
    """Whether a cohort's model runs here."""
    return cohort.model not in REMOTE


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
        "words": request_words(cohort),
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


def changes_weights(key):
    """Whether a model is a derived one that works differently inside."""
    return getattr(plan.intervention_of(settings, key), "kind", None) in ("neurons", "steering")


def intervention_files(key, knowledge):
    """What is different inside a derived model."""
    return [paths.INTERVENTION.format(model=key, knowledge=knowledge)] if changes_weights(key) else []
