# What jobs ask for of the machine that they run on.
from isogloss.models.gguf_header import read_header


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
    words, parts = 0, (3 if in_16_bits(files) else 1.5) + (10 * full if full and entry.device == "cpu" else 0)
    if pairs and entry.device == "cpu":
        with open(os.path.join(folder_of(files), "config.json"), encoding="utf-8") as file:
            words = json.load(file)["vocab_size"]
    return 2000 + int(parts * sum(sizes) + 1000 * pairs * words) // 10**6


def in_16_bits(files):
    """Whether the files of a model have its weights in 16 bits, as most do."""
    if not files:
        return True
    with open(os.path.join(folder_of(files), "config.json"), encoding="utf-8") as file:
        about = json.load(file)
    return about.get("dtype", about.get("torch_dtype")) != "float32"


def conversion_memory(path, dtype):
    """Memory in MB to convert a GGUF file: its weights in 32 bits or those of `dtype` (or in 32 and 16, where it may turn out that
    16 are enough), a tenth more, and the file itself; before that, merges are made from the vocabulary where there are none. <TBD>
    in a dry run as long as there is no file."""
    header = read_header(path)
    width = 2 if dtype in ("bfloat16", "float16") else 4 + 2 * header.unquantized
    merges = 0 if "tokenizer.ggml.merges" in header.metadata else 11_000 * header.tokens
    return 1000 + max(int(1.1 * width * header.weights) + os.path.getsize(path), merges) // 10**6


def learned_at_once(cohort):
    """The question-answer pairs that go through a cohort's model together when it is taught."""
    own = settings.models[cohort.model].teaching
    return len(cohort.lessons) * (own.at_once or own.batch)


def in_full(cohort):
    """How many of a cohort's lessons change all weights."""
    return len(cohort.lessons) * (teaching(cohort).get("layers") == "full")
