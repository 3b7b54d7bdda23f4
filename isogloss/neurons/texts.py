"""Texts that models read whole: sentences, or documents of a sandbox, in one form.

What every language has alike, such as the marks of a chat format, is read but not counted: where a language has fewer tokens for
the same text, it would weigh more.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import polars as pl
import torch
from transformers import PreTrainedTokenizerBase

from isogloss.config import SandboxRecipe
from isogloss.knowledge.phrasebook import Phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import Language
from isogloss.models.sandbox.corpus import Corpus, table
from isogloss.models.sandbox.pretrain import encode

SORTED = 16  # batches at a time whose texts are sorted by length
SLICE = 1000  # sentences tokenized at a time


@dataclass(frozen=True)
class Text:
    """Tokens; which of them `counted` activations are of, and which the model was made to predict (`scored`)."""

    tokens: list[int]
    counted: list[bool]
    scored: list[bool]


def sentences(tokenizer: PreTrainedTokenizerBase, texts: dict[str, list[str]], longest: int) -> dict[str, Iterator[Text]]:
    """Sentences by language as a model reads them, with its special tokens around, of at most `longest` tokens.

    All but special tokens count, and all of those are scored but a first one. ValueError with every language without text.
    """
    _check({language: any(map(str.strip, own)) for language, own in texts.items()})
    special = _special(tokenizer)

    def read(own: list[str]) -> Iterator[Text]:
        for start in range(0, len(own), SLICE):
            for tokens in tokenizer(own[start : start + SLICE])["input_ids"]:
                counted = [token not in special for token in tokens[:longest]]
                yield Text(tokens[:longest], counted, [i > 0 and plain for i, plain in enumerate(counted)])

    return {language: read(own) for language, own in texts.items()}


def documents(tokenizer: PreTrainedTokenizerBase, tables: dict[str, pl.DataFrame], window: int) -> dict[str, Iterator[Text]]:
    """Documents of a sandbox by language (as of `held_out`) as it was pre-trained on them, in windows of so many tokens.

    All but special tokens count; what it learned to predict is scored: answers and their ends. ValueError with every language
    without text.
    """
    _check({language: len(own) > 0 for language, own in tables.items()})
    special = _special(tokenizer)

    def read(own: pl.DataFrame) -> Iterator[Text]:
        for tokens, learned in encode(own, tokenizer, window):
            if tokens:
                yield Text(tokens, [token not in special for token in tokens], [kind > 0 for kind in learned])

    return {language: read(own) for language, own in tables.items()}


def held_out(
    recipe: SandboxRecipe, languages: list[Language], books: dict[str, Phrasebook], world: World, count: int, draw: str
) -> dict[str, pl.DataFrame]:
    """`count` documents a language, as the sandbox's pre-training had them but not among them; columns kind, language, prompts,
    answers.

    They are about places and facts of the recipe, from another random sequence, named by `draw`. Each is in one language, and all
    languages have the same ones. Kinds of which most would be documents that were read are left out: single facts, of which there
    are few, and translations; in the others, numbers or options or the facts of a context are drawn anew. ValueError if a recipe
    has no other kind.
    """
    left_out = dict.fromkeys(("fact", "parallel", "translation"), 0.0)
    mix = recipe.mix.model_copy(update=left_out)
    if not any(mix.model_dump().values()):
        raise ValueError(
            f"recipe.mix has nothing but {', '.join(left_out)}, of which nothing can be held out; give it another kind"
        )
    changes = {"mix": mix, "first_documents": 0, "documents": count, "cross_lingual": False, "swapped_shares": []}
    found = {}
    for language in languages:
        corpus = Corpus(world, [language], books, {language.iso639_3: 1.0}, recipe.model_copy(update=changes))
        corpus.rng = random.Random(f"held out {draw} {recipe.seed}")
        found[language.iso639_3] = table(corpus.documents())
    return found


def batches(texts: Iterable[Text], size: int, device: torch.device) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Tokens of `size` texts at a time, of about the same length, and which of them are counted and scored: [texts, tokens] each.

    Texts are read as they are needed. They end in padding, which no token before it sees, so that no mask is needed.
    """
    texts = iter(texts)
    while chunk := sorted(islice(texts, SORTED * size), key=lambda text: len(text.tokens)):
        for start in range(0, len(chunk), size):
            part = chunk[start : start + size]
            longest = len(part[-1].tokens)
            rows = ([[*row, *[0] * (longest - len(row))] for row in each] for each in zip(*map(_fields, part), strict=True))
            token, counted, scored = (torch.tensor(each, device=device) for each in rows)
            yield token, counted.bool(), scored.bool()


def _fields(text: Text) -> tuple[list[int], list[bool], list[bool]]:
    return text.tokens, text.counted, text.scored


def _special(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    added = tokenizer.added_tokens_decoder.items()
    return {*tokenizer.all_special_ids, *(token for token, own in added if own.special)}


def _check(has_text: dict[str, bool]) -> None:
    if missing := [language for language, has in has_text.items() if not has]:
        raise ValueError(f"there is no text in {', '.join(missing)}; give some, or leave out the language")
