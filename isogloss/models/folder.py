"""Model folders in Hugging Face format: which files make a model what it is, and what is wrong with them.

Nothing heavy is imported here, and of weights no more is read than their heads, so that a config is checked at once.
"""

import hashlib
import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"  # the names by which transformers finds weights
ADAPTER = "adapter_config.json"
# What else of a folder changes tokens, prompts or computation.
READ = ("*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken", "*.spm", "additional_chat_templates/*.jinja")
RECORDS = {  # JSON that says how a model came to be, which nothing reads when it is loaded
    "manifest.json",
    "snapshot.json",
    "trainer_state.json",
    "all_results.json",
    "train_results.json",
    "eval_results.json",
}
VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "tekken.json")  # tokenizers that are read without further packages
POINTER = b"version https://git-lfs"  # how a file begins that stands for one in Git LFS
HEAD_LIMIT = 100_000_000  # bytes, as safetensors has it
SOME = 3  # names that a message gives as examples


def fingerprint(folder: str | Path) -> str:
    """SHA-256 over the names and contents of all files of a model folder that change what is computed."""
    digest = hashlib.sha256()
    folder = Path(folder)
    for path in effective_files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\n{path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while part := file.read(1 << 24):
                digest.update(part)
    return digest.hexdigest()


def effective_files(folder: str | Path) -> list[Path]:
    """The files of a model folder that change what is computed: weights that transformers reads, configuration, tokenizer, chat
    templates; in a fixed order, those of the folder itself first."""
    folder = Path(folder)
    found = {path for pattern in READ for path in folder.glob(pattern) if path.is_file() and path.name not in RECORDS}
    found -= {path for path in found if path.name.endswith(".safetensors.index.json")}
    for name in _weight_names(folder):
        found |= {path for path in [folder / name] if path.is_file()}
    found |= {path for path in [folder / _entry(folder)] if path.is_file()}
    return sorted(found, key=lambda path: (len(path.parts), path.as_posix()))


def folder_problems(folder: str | Path) -> list[str]:
    """What is wrong with a folder as a whole model, a text each; none if nothing is."""
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        if (folder / ADAPTER).is_file():
            base = _json(folder / ADAPTER).get("base_model_name_or_path") or "its base"
            return [
                f"{folder} has an adapter alone, which is no model; merge it into {base} (PEFT's merge_and_unload), save the "
                "result with save_pretrained together with the tokenizer, and write path: with that folder"
            ]
        return [f"{folder} is no model folder (no config.json there); write path: FOLDER, or path: FILE.gguf"]
    return [*_adapter(folder), *_weights(folder), *_vocabulary(folder)]


def adapter_problem(folder: str | Path) -> list[str]:
    """That a folder has an adapter which transformers would put on by itself, if so."""
    return _adapter(Path(folder))


def _adapter(folder: Path) -> list[str]:
    if not (folder / ADAPTER).is_file():
        return []
    return [
        f"{folder} has an adapter ({ADAPTER}) beside its weights, which would be on when the model is asked and off when it is "
        f"taught; merge it (PEFT's merge_and_unload, then save_pretrained into a folder of its own), or take {ADAPTER} out of "
        "the folder to use the model without it"
    ]


def _vocabulary(folder: Path) -> list[str]:
    """That a tokenizer cannot be read without packages which are not there."""
    if any((folder / name).is_file() for name in VOCABULARIES):
        return []
    alone = sorted(path.name for pattern in ("*.model", "*.spm") for path in folder.glob(pattern))
    if alone and not importlib.util.find_spec("sentencepiece"):
        return [
            f"{folder} has its tokenizer as {', '.join(alone)} alone, without tokenizer.json; pip install sentencepiece protobuf "
            f"and write it anew: AutoTokenizer.from_pretrained('{folder}').save_pretrained('{folder}')"
        ]
    if not alone and not list(folder.glob("*.tiktoken")):
        return [f"{folder} has no tokenizer (no tokenizer.json); save the tokenizer there with tokenizer.save_pretrained"]
    return []


def _entry(folder: Path) -> str:
    """The file at which transformers begins to read weights."""
    named = _json(folder / "config.json").get("transformers_weights")
    return named if isinstance(named, str) else SINGLE if (folder / SINGLE).is_file() else INDEX


def _weight_names(folder: Path) -> list[str]:
    """The files with the weights that transformers reads, be they there or not."""
    entry = _entry(folder)
    if not entry.endswith(".index.json"):
        return [entry]
    shards = _json(folder / entry).get("weight_map")
    return sorted(set(map(str, shards.values()))) if isinstance(shards, dict) else []


def _weights(folder: Path) -> list[str]:
    """Two sets of weights, shards that are missing or left over, and files that are not what their names say."""
    entry, names = _entry(folder), _weight_names(folder)
    others = sorted(path.name for path in folder.glob("model*.safetensors") if path.name not in names)
    if not (folder / entry).is_file():
        if others:
            return [f"{folder} has {shortened(others)}, but no {INDEX} that says what is in which; save the model there anew"]
        copies = sorted(path.name for path in folder.glob("*.safetensors") if path.name != "adapter_model.safetensors")
        known = f"; what there is, {shortened(copies)}, is not in the layout of transformers" if copies else ""
        text = (
            f"{folder} has no safetensors weights, and no others are read{known}; save the model there with model.save_pretrained"
        )
        return [text]
    problems = []
    if entry == SINGLE and (folder / INDEX).is_file() and set(_shards(folder)) - {SINGLE}:
        problems.append(
            f"{folder} has two sets of weights, {SINGLE} and those of {INDEX}, of which transformers would read the first, "
            "without a word; take out the one that is not meant"
        )
    elif numbered := [name for name in others if "-of-" in name]:
        left_over = f"{entry} names none of them" if entry.endswith(".index.json") else f"beside {entry}, which is read alone"
        problems.append(
            f"{folder} has shards that are left over: {shortened(numbered)} ({left_over}); take out what is not meant"
        )
    if entry.endswith(".index.json") and not names:
        problems.append(
            f"{folder / entry} has no weight_map that says which weights are in which file; save the model there anew"
        )
    if missing := [name for name in names if not (folder / name).is_file()]:
        problems.append(f"{folder} lacks {shortened(missing)}, which {entry} names; copy the whole model there")
    heads = {}
    for name in names:
        if name not in missing:
            heads[name], wrong = _head(folder / name)
            problems += wrong
    if not problems and entry.endswith(".index.json"):
        told = _json(folder / entry)["weight_map"]
        lost = sorted(key for key, name in told.items() if key not in heads[name])
        unnamed = sorted({key for keys in heads.values() for key in keys} - set(told))
        if lost or unnamed:
            what = f"lacks {shortened(unnamed)}" if unnamed else f"says that there are {shortened(lost)}"
            problems.append(f"{folder / entry} is not the index of the files beside it: it {what}; copy the whole model there")
    return problems


def _shards(folder: Path) -> list[str]:
    named = _json(folder / INDEX).get("weight_map")
    return sorted(set(map(str, named.values()))) if isinstance(named, dict) else []


def _head(path: Path) -> tuple[set[str], list[str]]:
    """The names of the weights in a safetensors file, and what is wrong with it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(len(POINTER))
        if begin == POINTER:
            return set(), [f"{path} is a pointer of Git LFS, not the weights; fetch them: git lfs pull"]
        length = int.from_bytes(begin[:8], "little")
        file.seek(8)
        text = file.read(length) if size > 8 and length <= min(size, HEAD_LIMIT) else b""
    try:
        head = json.loads(text)
        head.pop("__metadata__", None)
        end = 8 + length + max((own["data_offsets"][1] for own in head.values()), default=0)
    except (ValueError, AttributeError, KeyError, TypeError):
        what = "is empty" if not size else "is no safetensors file, or ends too soon"
        return set(), [f"{path} {what}; copy it there anew"]
    if end != size:
        return set(head), [f"{path} has {size:,} bytes, where its head says {end:,}; copy it there anew"]
    return set(head), []


def _json(path: Path) -> dict:
    """A JSON file's entries; none where there is none, or it cannot be read (whoever needs it says so)."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def shortened(names: Iterable[str]) -> str:
    """Names for a message: some of them, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - SOME} more" if len(names) > SOME else ""
    return f"{', '.join(names[:SOME])}{more}"
