"""What a model would say if it stopped after a layer: the logit lens on answers to questions.

The last norm and the output layer are put on the residual stream after every layer, where the answer begins. Many tokens begin a
form of an answer in some language, so one of them is met by chance as well: everything is measured for another answer of the same
class too, and what counts is how much oftener the right one is met.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import polars as pl
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.models.chat import Chat, chat_of
from isogloss.neurons.hooks import hooked, layers

SCHEMA = {
    "prompt": pl.Int64,
    "layer": pl.Int64,
    "in_asked": pl.Boolean,
    "in_any": pl.Boolean,
    "language": pl.String,
    "rank_asked": pl.Int64,
    "rank_any": pl.Int64,
    "other_in_asked": pl.Boolean,
    "other_in_any": pl.Boolean,
    "other_language": pl.String,
    "other_rank_asked": pl.Int64,
    "other_rank_any": pl.Int64,
}


@dataclass(frozen=True)
class Asked:
    """A question in a language, and by language all forms of the right answer and of another one of its class (the conflicting
    one, or what is wrong all the same)."""

    question: str
    language: str
    right: dict[str, list[str]]
    other: dict[str, list[str]]


@dataclass(frozen=True)
class First:
    """The tokens that tell two answers apart, by language, and what comes before them in the language asked in."""

    prefix: list[int]
    right: dict[str, set[int]]
    other: dict[str, set[int]]

    def any(self, which: str) -> set[int]:
        """Those of either answer in all languages that never stand for the other one."""
        one, two = (set().union(*own.values()) for own in (self.right, self.other))
        return one - two if which == "right" else two - one


def first_tokens(chat: Chat, asked: Asked) -> First:
    """In each language, what all forms of both answers begin with is skipped, as a mark before a word that is written without
    spaces; of the tokens after it, those are kept that begin one of the answers alone. A language without any for both is left
    out."""
    right, other, prefix = {}, {}, []
    for language in sorted(asked.right.keys() & asked.other.keys()):
        one, two = ([chat.begun(form) for form in own[language]] for own in (asked.right, asked.other))
        columns = zip(*one, *two, strict=False)
        begin = [column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns)]
        if language == asked.language:
            prefix = begin
        firsts, others = ({tokens[len(begin)] for tokens in own if len(tokens) > len(begin)} for own in (one, two))
        if firsts - others and others - firsts:
            right[language], other[language] = firsts - others, others - firsts
    return First(prefix, right, other)


@torch.inference_mode()
def lens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, questions: list[Asked], batch: int) -> pl.DataFrame:
    """A row a question and layer (from 0, after which the residual stream is read), as in `SCHEMA`.

    `in_asked` and `in_any` say whether the likeliest token is the first of a form of the right answer in the language asked in,
    or in any language (tokens that stand for both answers in different languages count for neither); the ranks (from 1) are those
    of its likeliest first token, and `language` has that of the latter (of several, all, with + between them). The columns
    `other_...` say the same of the other answer. Null: no token tells the answers apart. `model` has no adapter, or a single one
    stacked. ValueError as in `hooks.layers`.
    """
    chat = chat_of(tokenizer)
    firsts = [first_tokens(chat, asked) for asked in questions]
    prompts = [[*chat.prompt(asked.question), *first.prefix] for asked, first in zip(questions, firsts, strict=True)]
    rows: list[tuple] = []
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        for layer, logits in enumerate(_read(model, [prompts[i] for i in chosen])):
            rows += [(i, layer, *_found(questions[i].language, firsts[i], own)) for i, own in zip(chosen, logits, strict=True)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("prompt", "layer")


def _read(model: PreTrainedModel, prompts: list[list[int]]) -> Iterator[torch.Tensor]:
    """Logits after the last token of each prompt [prompts, vocabulary], layer by layer, up to what keeps their order."""
    longest = max(map(len, prompts))
    # padding comes after what is looked at, and so is not seen
    token = torch.tensor([[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts], device=model.device)
    row, last = torch.arange(len(prompts)), torch.tensor([len(prompt) - 1 for prompt in prompts])
    streams: list[torch.Tensor] = []
    with hooked([(layer, lambda output: streams.append(output[row, last])) for layer in layers(model)]):
        model.get_decoder()(input_ids=token, use_cache=False)
    norm, head = model.get_decoder().norm, model.get_output_embeddings()
    for stream in streams:
        yield head(norm(stream.to(norm.weight.device)).to(head.weight.device)).cpu()


def _found(language: str, first: First, logits: torch.Tensor) -> tuple:
    """The columns of a row after the layer."""
    (in_asked, rank_asked), (other_in_asked, other_rank_asked) = (
        _best(logits, own.get(language, set())) for own in (first.right, first.other)
    )
    right, other = first.any("right"), first.any("other")
    both = bool(right and other)
    (in_any, rank_any), (other_in_any, other_rank_any) = (_best(logits, own if both else set()) for own in (right, other))
    which = _which(logits, right, first.right) if both else None
    other_which = _which(logits, other, first.other) if both else None
    ours = in_asked, in_any, which, rank_asked, rank_any
    return *ours, other_in_asked, other_in_any, other_which, other_rank_asked, other_rank_any


def _which(logits: torch.Tensor, tokens: set[int], of: dict[str, set[int]]) -> str:
    """The languages that the likeliest of the tokens stands for, with + between them."""
    best = max(sorted(tokens), key=lambda token: logits[token].item())
    return "+".join(code for code, own in of.items() if best in own)


def _best(logits: torch.Tensor, tokens: set[int]) -> tuple[bool | None, int | None]:
    """Whether one of the tokens is the likeliest of all, and the rank of the likeliest of them."""
    if not tokens:
        return None, None
    rank = 1 + int((logits > logits[sorted(tokens)].max()).sum())
    return rank == 1, rank


def lens_of_answers(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, answers: pl.DataFrame, items: dict[str, pl.DataFrame], batch: int
) -> pl.DataFrame:
    """What the lens shows of answers: a row an answer, layer and concept, as `isogloss.measures.lens.decodable` takes it.

    `answers` are rows of a table of scores, whose prompts are asked as they were then; `items` those of every language, whose
    answers are the `right` concept of an item and whose conflicting answers the `wrong` one. Columns: taught_in, asked_in, seed,
    item, layer (from 1), concept, language: the one asked if the likeliest token begins the concept in it, else the one taught,
    else another in which it does (the first), null if in none.
    """
    forms: dict[str, dict[str, dict[str, list[str]]]] = {"aliases": {}, "conflict_aliases": {}}
    for code, table in items.items():
        for column, of in forms.items():
            for item, names in table.select("item", column).iter_rows():
                of.setdefault(item, {})[code] = names
    rows = answers.select("taught_in", "asked_in", "seed", "item", "question").rows(named=True)
    asked = [
        Asked(row["question"], row["asked_in"], forms["aliases"][row["item"]], forms["conflict_aliases"][row["item"]])
        for row in rows
    ]
    found = lens(model, tokenizer, asked, batch)
    parts = []
    for concept, prefix in (("right", ""), ("wrong", "other_")):
        own = found.select("prompt", "layer", *(pl.col(prefix + name).alias(name) for name in ("in_asked", "in_any", "language")))
        read = [
            _read_in(rows[prompt], in_asked, in_any, languages)
            for prompt, in_asked, in_any, languages in own.select("prompt", "in_asked", "in_any", "language").iter_rows()
        ]
        about = {name: [rows[prompt][name] for prompt in own["prompt"]] for name in ("taught_in", "asked_in", "seed", "item")}
        parts.append(
            pl.DataFrame(about).with_columns(
                layer=own["layer"] + 1, concept=pl.lit(concept), language=pl.Series(read, dtype=pl.String)
            )
        )
    return pl.concat(parts)


def _read_in(row: dict, in_asked: bool | None, in_any: bool | None, languages: str | None) -> str | None:
    """The language that a concept is read in."""
    if in_asked:
        return row["asked_in"]
    if not in_any:
        return None
    known = languages.split("+")
    return row["taught_in"] if row["taught_in"] in known else known[0]
