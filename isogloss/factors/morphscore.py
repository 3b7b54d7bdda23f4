"""MorphScore as published in 2024: do tokens end where morphemes do?

Arnett and Bergen, "Why do language models perform worse for morphologically complex languages?". A word counts 1 if a token ends
where its first part does, 0 if not; a word that is one token does not count.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from isogloss.factors.tokenizers import Encoder
from isogloss.languages import Language


def morphscore(encoder: Encoder, folder: str | Path | None, languages: Sequence[Language]) -> pl.DataFrame:
    """One row a language: language, morphscore (0..1); null where the folder has no data, or no word is segmented, and all null
    without a folder. A printed line says for which languages it is null.

    `folder` is `data` of the first version of github.com/catherinearnett/morphscore: `{english name}_morph_data.csv` with columns
    full_word, pt1 and rest. Raises FileNotFoundError if it has no such file at all.
    """
    if folder is None:
        print("no folder of MorphScore (explain: {morphscore: FOLDER}): its column stays blank", flush=True)
        blank = {"language": [language.iso639_3 for language in languages], "morphscore": None}
        return pl.DataFrame(blank, schema={"language": pl.String, "morphscore": pl.Float64})
    if not list(Path(folder).glob("*_morph_data.csv")):
        raise FileNotFoundError(f"no *_morph_data.csv in {folder}; give the folder data of the first version of MorphScore")
    rows = []
    for language in languages:
        path = Path(folder) / f"{language.name.lower()}_morph_data.csv"
        words = pl.read_csv(path, infer_schema=False).fill_null("") if path.is_file() else pl.DataFrame()
        rows.append((language.iso639_3, _score(encoder, words)))
    if lacking := [code for code, value in rows if value is None]:
        print(f"MorphScore stays blank for {', '.join(lacking)}: no words in {folder}, or none is segmented", flush=True)
    return pl.DataFrame(rows, schema={"language": pl.String, "morphscore": pl.Float64}, orient="row")


def _score(encoder: Encoder, words: pl.DataFrame) -> float | None:
    points = []
    for word, first, rest in words.select("full_word", "pt1", "rest").iter_rows() if len(words) else ():
        ids = encoder.encode(word)
        if len(ids) > 1:
            parts = [(encoder.decode(ids[:i]), encoder.decode(ids[i:])) for i in range(1, len(ids))]
            points.append((first, rest) in parts)
    return sum(points) / len(points) if points else None
