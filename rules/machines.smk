# What jobs ask for of the machine that they run on.
import math

from isogloss.models import memory


def requested(entry):
    """What a job with a model or translator asks of the machine."""
    return getattr(entry, "resources", Machine())


def accelerators(entry):
    """How many it wants."""
    return requested(entry).gpu if getattr(entry, "device", "cpu") == "auto" else 0


def minutes(entry, usual):
    """How long it may take."""
    return requested(entry).runtime or usual


def needed(entry, files, work, *sizes, **further):
    """Memory in MB that a job wants for its work, one of `isogloss.models.memory`, with a model in these files (none: it is
    elsewhere). <TBD> in a dry run as long as the files are not there."""
    if requested(entry).mem_mb:
        return requested(entry).mem_mb
    if not files:
        return 2000
    stored = memory.Stored.of(folder_of(files))
    return math.ceil(work(stored, getattr(entry, "dtype", "auto"), *sizes, **further) / 10**6)


def to_teach(cohort, files):
    """Memory for teaching the lessons of a cohort."""
    return needed(settings.models[cohort.model], files, memory.of_teaching, len(cohort.lessons), taught_as(cohort))


def to_ask(cohort, wildcards, files):
    """Memory for its exams."""
    entry = settings.models[cohort.model]
    adapters = sum(map(len, exam_adapters(cohort, wildcards).values()))
    return needed(
        entry,
        files,
        memory.of_asking,
        entry.asking.batch,
        entry.asking.max_new_tokens,
        context=settings.context.pairs if cohort.setting == "in-context" else 0,
        prompt=memory.BARE if isinstance(entry, Sandbox) else memory.PROMPT,
        adapters=adapters,
        teaching=taught_as(cohort) if adapters else None,
    )


def to_translate(way, files):
    """Memory for translating."""
    entry = translating(way)
    asking = getattr(entry, "asking", entry)
    return needed(entry, files, memory.of_asking, *([asking.batch, asking.max_new_tokens] if files else []))


def to_read(model, files, work):
    """Memory for what reads as many texts at a time as are asked."""
    return needed(settings.models[model], files, work, settings.models[model].asking.batch)
