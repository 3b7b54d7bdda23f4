"""What a folder is that has another layout than the one expected: the hint that names who reads it."""

from pathlib import Path

# how folders that isogloss reads look, and what to write for each
CHAT = "train/train_*.jsonl"
FICTIONAL = ("test/target/test*.jsonl", "train/??.json")
CHOICES = ("generate_input.jsonl", "chatgpt_res.jsonl", "*_res*.jsonl")
TABLES = ("*.csv", "*.jsonl", "*.parquet", "*.json")


def hint(folder: str | Path, provider: str = "source") -> str | None:
    """What to write instead for a folder that this provider cannot read, by the layout of it, of one in it or one above it;
    None if that is no other that isogloss knows."""
    folder = Path(folder)
    places = [folder, *sorted(place for place in folder.glob("*") if place.is_dir()), folder.parent]
    for place in places:
        if (place != folder or provider == "source") and any(any(place.glob(pattern)) for pattern in FICTIONAL):
            return f"it has the layout of CLiKA's fictional places: write provider: clika-fictional, source: {place}"
    sets = sorted(place.name for place in places[1:-1] if any(place.glob(CHAT)))
    if any(folder.glob(CHAT)):
        return f"it has the layout of chat JSONL: write provider: source, source: {folder}"
    if sets:
        return f"name one of the sets in it: {', '.join(sets)}"
    if any(any(folder.glob(f"*/*/{pattern}")) for pattern in CHOICES):
        return "it has the layout of CLiKA's multiple choice: write it under choices: (predictions: under predictions:)"
    if files := sorted(path for pattern in TABLES for path in folder.glob(pattern)):
        return f"name the file, for example source: {files[0]}"
    return None
