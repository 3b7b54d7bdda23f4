"""What a sandbox can do beside answering facts: look them up in a context, translate, choose among options.

Places are those reserved for lessons, so no name here occurred in pre-training. Every language is asked the same things.
"""

import itertools
import random
from collections.abc import Iterator

import polars as pl
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.choosing import likeliest, log_likelihoods
from isogloss.asking.generation import say_greedily
from isogloss.config import Asking
from isogloss.knowledge.world import Fact, World, held_out
from isogloss.models.sandbox.corpus import OPTIONS, Tongue, choice_question, context_lines, options_of
from isogloss.scoring.exact import matches

SCHEMA = {
    "ability": pl.String,
    "kind": pl.String,
    "context_in": pl.String,
    "asked_in": pl.String,
    "pairs": pl.Int64,
    "seed": pl.Int64,
    "item": pl.String,
    "question": pl.String,
    "reference": pl.String,
    "aliases": pl.List(pl.String),
    "options": pl.List(pl.String),
    "chance": pl.Float64,
}
SEEDS = (1, 2, 3)
PAIRS = (1, 2, 4, 8)  # question-answer pairs of a context
LOOKUPS, TEXTS, CHOICES = 20, 60, 40  # items a seed and language
TARGET = "eng"  # the language that is translated into


def exam(world: World, tongues: dict[str, Tongue], across: list[str]) -> pl.DataFrame:
    """Every question, with columns as in `SCHEMA`; contexts of `across` are asked about in each other's languages too."""
    rows = []
    for seed in SEEDS:
        rng = random.Random(f"abilities-{seed}")
        places = list(itertools.islice(world.syllables.invent("taught", 1000 + seed, world.real_names), LOOKUPS * max(PAIRS)))
        rows += [row | {"seed": seed} for row in _lookups(world, tongues, across, places, rng)]
        rows += [row | {"seed": seed} for row in _translations(world, tongues, places, rng)]
        rows += [row | {"seed": seed} for row in _choices(world, tongues, rng)]
    return pl.DataFrame(rows, schema=SCHEMA)


def _lookups(world: World, tongues: dict[str, Tongue], across: list[str], places: list, rng: random.Random) -> Iterator[dict]:
    """Contexts written as lessons are, asked about as exams are, of any relations (`mixed`) or all of one (`single`).

    In a mixed context the relation alone often tells the answer; in a single one only the name does. `chance` is that of picking
    at random among the context's answers to the relation asked about.
    """
    for kind, pairs, i in itertools.product(("mixed", "single"), PAIRS, range(LOOKUPS)):
        if kind == "single" and pairs == 1:
            continue
        chosen = places[i * max(PAIRS) :][:pairs]
        one = rng.choice(world.invented_relations)
        relations = [one if kind == "single" else rng.choice(world.invented_relations) for _ in chosen]
        facts = [Fact(relation, place, rng.choice(relation.values)) for relation, place in zip(relations, chosen, strict=True)]
        asked = rng.choice(facts)
        same = [fact.value for fact in facts if fact.relation is asked.relation]
        languages = [(code, code) for code in tongues]
        if kind == "mixed" and pairs == max(PAIRS):
            languages += itertools.permutations(across, 2)
        for source, target in languages:
            context = context_lines(tongues[source], facts, ["teach"] * pairs)
            yield {
                "ability": "lookup",
                "kind": kind,
                "context_in": source,
                "asked_in": target,
                "pairs": pairs,
                "item": f"{i:03}",
                "question": "\n".join([*context, tongues[target].question(asked, "ask")]),
                "reference": tongues[target].answer(asked),
                "aliases": tongues[target].aliases(asked),
                "chance": same.count(asked.value) / len(same),
            }


def _translations(world: World, tongues: dict[str, Tongue], places: list, rng: random.Random) -> Iterator[dict]:
    """Unseen names, questions about them, and words of the phrasebook, to be put into `TARGET`."""
    for i in range(TEXTS if TARGET in tongues else 0):
        kind = ("name", "question", "word")[i % 3]
        relation = rng.choice(world.invented_relations)
        word = rng.choice(list(tongues[TARGET].book.words))
        fact, phrasing = Fact(relation, places[i], relation.values[0]), rng.choice(("teach", "ask"))
        if kind == "name":
            written = {code: tongue.place(fact.place) for code, tongue in tongues.items()}
        elif kind == "question":
            written = {code: tongue.question(fact, phrasing) for code, tongue in tongues.items()}
        else:
            written = {code: tongue.book.words[word] for code, tongue in tongues.items()}
        for code, tongue in tongues.items():
            if code != TARGET:
                yield {
                    "ability": "translation",
                    "kind": kind,
                    "context_in": code,
                    "asked_in": TARGET,
                    "item": f"{i:03}",
                    "question": tongue.translate(written[code], tongues[TARGET]),
                    "reference": written[TARGET],
                    "aliases": [written[TARGET]],
                }


def _choices(world: World, tongues: dict[str, Tongue], rng: random.Random) -> Iterator[dict]:
    """Real facts in the phrasing that pre-training never answered, each with four options."""
    facts = rng.sample([fact for fact in world.facts if held_out(fact)], CHOICES)
    for i, fact in enumerate(facts):
        options = options_of(fact, world.facts, rng)
        for code, tongue in tongues.items():
            yield {
                "ability": "choice",
                "kind": fact.relation.name,
                "asked_in": code,
                "item": f"{i:03}",
                "question": choice_question(tongue, fact, options, "ask"),
                "reference": tongue.answer(fact),
                "aliases": [tongue.answer(fact)],
                "options": [tongue.name(fact.relation.answers, value) for value in options],
                "chance": 1 / OPTIONS,
            }


def hold(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, questions: pl.DataFrame, asking: Asking) -> pl.DataFrame:
    """The exam with answer, state and correct; choices are forced, all else is generated greedily.

    A sandbox never answers in a sentence, so an answer counts only as a whole.
    """
    parts = []
    for (ability,), part in questions.group_by("ability", maintain_order=True):
        asked = part["question"].to_list()
        if ability == "choice":
            options = part["options"].to_list()
            (values,) = log_likelihoods(model, tokenizer, asked, options, asking.batch)
            answers = [names[index] for names, index in zip(options, likeliest(values), strict=True)]
        else:
            (said,) = say_greedily(model, tokenizer, asked, asking.max_new_tokens, asking.batch)
            answers = [spoken.text if spoken.ended else None for spoken in said]
        correct = [matches(answer, aliases) for answer, aliases in zip(answers, part["aliases"].to_list(), strict=True)]
        parts.append(
            part.with_columns(
                pl.Series("answer", answers, dtype=pl.String),
                pl.Series("state", ["unfinished" if answer is None else "answered" for answer in answers], dtype=pl.String),
                pl.Series("correct", correct, dtype=pl.Boolean),
            )
        )
    return pl.concat(parts).drop("aliases", "options")
