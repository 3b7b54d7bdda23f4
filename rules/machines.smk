# What jobs ask for of the machine that they run on.
import math

from isogloss.models import memory
from isogloss.models.gguf_header import read_header


def requested(entry):
    """What a job with a model or translator asks of the machine."""
    return getattr(entry, "resources", Machine())


# Weights in MB from which on more than one core makes a job faster, and how many then do.
LARGE, MANY = 100, 8


def cores(entry, files):
    """How many processor cores a job with a model or translator of these files uses; Snakemake takes no more than there are."""
    if requested(entry).threads:
        return requested(entry).threads
    weights = [path for path in files if path.endswith(".safetensors")]
    known = weights and all(os.path.exists(path) for path in weights)
    small = isinstance(entry, Sandbox) or (known and sum(map(os.path.getsize, weights)) < LARGE * 10**6)
    return 1 if small or not files else MANY


def cores_of(wildcards):
    """The same for the model of a rule."""
    return cores(settings.models[wildcards.model], model_files(wildcards.model))


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
    for path in files:
        os.stat(path)  # what is missing has to be an input, for Snakemake to go on without the number
    stored = memory.Stored.of(folder_of(files))
    return math.ceil(work(stored, getattr(entry, "dtype", "auto"), *sizes, **further) / 10**6)


def conversion_memory(path, dtype):
    """Memory in MB to convert a GGUF file: its weights in 32 bits or those of `dtype` (or in 32 and 16, where it may turn out that
    16 are enough), a tenth more, and the file itself; before that, merges are made from the vocabulary where there are none. <TBD>
    in a dry run as long as there is no file."""
    header = read_header(path)
    width = 2 if dtype in ("bfloat16", "float16") else 4 + 2 * header.unquantized
    merges = 0 if "tokenizer.ggml.merges" in header.metadata else 11_000 * header.tokens
    return 1000 + max(int(1.1 * width * header.weights) + os.path.getsize(path), merges) // 10**6


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
