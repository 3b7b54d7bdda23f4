"""Parallel sentences that tokenizers are measured on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from isogloss.languages import Language


@dataclass(frozen=True)
class Corpus:
    """Sentences by language; the sentences of the same index say the same. `name` is recorded with what is measured.

    Raises ValueError with all languages that have another number of sentences than the first, or a blank one.
    """

    name: str
    sentences: dict[str, list[str]]

    def __post_init__(self):
        counts = {code: len(texts) for code, texts in self.sentences.items()}
        first = next(iter(counts.values()), 0)
        problems = [f"{code} has {count} sentences, not {first}" for code, count in counts.items() if count != first]
        for code, texts in self.sentences.items():
            problems += [f"sentence {i + 1} of {code} is blank" for i, text in enumerate(texts) if not text.strip()]
        if not first:
            problems.append("there are no sentences")
        if problems:
            raise ValueError(f"corpus {self.name} is not parallel: " + "; ".join(problems))


def read_flores(folder: str | Path, languages: Sequence[Language], split: str = "dev") -> Corpus:
    """FLORES-200: one file a language, `{split}/{flores200}.{split}`, a sentence a line.

    Raises FileNotFoundError with all files that the folder lacks.
    """
    paths = {language.iso639_3: Path(folder) / split / f"{language.flores200}.{split}" for language in languages}
    if missing := [str(path) for path in paths.values() if not path.is_file()]:
        raise FileNotFoundError(
            f"no {', '.join(missing)}; give the unpacked folder of FLORES-200, and check flores200 in data/languages.csv"
        )
    sentences = {code: path.read_text(encoding="utf-8").removesuffix("\n").split("\n") for code, path in paths.items()}
    return Corpus(f"flores200-{split}", sentences)


def knowledge_questions(name: str, items: Mapping[str, pl.DataFrame]) -> Corpus:
    """Both questions of the items that a knowledge set has in every language; frames have item, teach_question, ask_question."""
    common = set.intersection(*(set(table["item"]) for table in items.values()))
    kept = {code: table.filter(pl.col("item").is_in(common)).sort("item") for code, table in items.items()}
    sentences = {code: [*table["teach_question"], *table["ask_question"]] for code, table in kept.items()}
    return Corpus(name, sentences)
