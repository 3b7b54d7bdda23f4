"""Which texts a model is recorded on, and which it is scored on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import polars as pl
from transformers import PreTrainedTokenizerBase

from isogloss.factors.corpora import knowledge_questions, read_flores
from isogloss.languages import Language
from isogloss.neurons.texts import Text, documents, sentences

LONGEST = 384  # tokens of a text
SPLITS = {"recorded": "dev", "scored": "devtest"}  # of FLORES-200


def texts_of(
    purpose: Literal["recorded", "scored"],
    tokenizer: PreTrainedTokenizerBase,
    languages: list[Language],
    most: int,
    flores: str | Path | None,
    held_out: pl.DataFrame | None,
    items: dict[str, pl.DataFrame],
) -> dict[str, Iterator[Text]]:
    """At most so many texts a language, other ones to be `recorded` on than to be `scored` on: FLORES-200 where its folder is
    given; `held_out` documents (with a column purpose) of a sandbox; else questions of a knowledge set, which are few and alike,
    every other one for each purpose. ValueError with every language without text.
    """
    if flores:
        found = read_flores(flores, languages, SPLITS[purpose]).sentences
    elif held_out is not None:
        own = held_out.filter(purpose=purpose)
        return documents(tokenizer, {each.iso639_3: own.filter(language=each.iso639_3).head(most) for each in languages}, LONGEST)
    else:
        every = knowledge_questions("items", items).sentences
        found = {code: texts[list(SPLITS).index(purpose) :: 2] for code, texts in every.items()}
    return sentences(tokenizer, {code: texts[:most] for code, texts in found.items()}, LONGEST)
