"""What hooks cost: recording activations beside reading the same texts, asking a changed model beside asking it as it is."""

import numpy as np
import polars as pl
import torch

from benchmarks.asking import LONGEST
from benchmarks.work import Row, Work, alternate
from isogloss.asking.exams import in_context
from isogloss.asking.generation import answer_greedily
from isogloss.config import SandboxRecipe
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.neurons.interventions import NeuronIntervention, intervened
from isogloss.neurons.record import record
from isogloss.neurons.selection import top
from isogloss.neurons.texts import batches, documents, held_out
from isogloss.paths import LANGUAGES, PHRASEBOOK
from isogloss.teaching.lessons import content

AIM = 1 / 1.3  # hooks may cost as much again as 3 of 10 forward passes
AT_ONCE = 16  # texts
LESSONS = 5  # of the matrix, since a ratio is wanted
TEXTS = 5  # texts of a language for each item


def run(work: Work) -> list[Row]:
    """Rows of the summary. The change leaves activations as they are, so that the same answers are given at the same cost."""
    model, tokenizer = work.loaded
    known = read_languages(LANGUAGES)
    books = {code: read_phrasebook(PHRASEBOOK.format(language=code)) for code in work.languages}
    recipe = SandboxRecipe()
    drawn = held_out(
        recipe, [known[code] for code in work.languages], books, World("data/world"), TEXTS * work.count, "benchmark"
    )
    texts = {code: list(own) for code, own in documents(tokenizer, drawn, recipe.window).items()}

    def plain() -> int:
        tokens = 0
        with torch.inference_mode():
            for own in texts.values():
                for token, counted, _ in batches(own, AT_ONCE, model.device):
                    model.get_decoder()(input_ids=token, use_cache=False)
                    tokens += int(counted.sum())
        return tokens

    measured = alternate({"plain": plain, "record": lambda: record(model, texts, AT_ONCE)}, work.repeats)
    seconds, found = ({way: getattr(own, part) for way, own in measured.items()} for part in ("seconds", "result"))
    if found["plain"] != found["record"].tokens.sum():
        raise RuntimeError(f"{found['plain']} tokens were read, {found['record'].tokens.sum()} recorded")
    rows = [Row("record activations", seconds["record"], "forward passes without the output layer", seconds["plain"], AIM)]

    chosen = np.any(list(top(found["record"].probability, 0.01).values()), axis=0)
    chosen[:, 0] = True  # no layer goes without
    unchanged = NeuronIntervention("flip", 0.0, chosen)
    lessons = work.languages[:LESSONS]
    exams = [in_context(work.exam, content(code, work.items), min(8, work.count), [1]) for code in lessons]
    asked = pl.concat(exams)["question"].to_list()

    def ask() -> list:
        return answer_greedily(model, tokenizer, asked, LONGEST, work.asked_at_once)

    def ask_changed() -> list:
        with intervened(model, unchanged):
            return ask()

    measured = alternate({"plain": ask, "changed": ask_changed}, work.repeats)
    seconds, answers = ({way: getattr(own, part) for way, own in measured.items()} for part in ("seconds", "result"))
    if answers["plain"] != answers["changed"]:
        raise RuntimeError("a change of nothing changes answers")
    return [*rows, Row("ask a changed model in context", seconds["changed"], "ask it unchanged", seconds["plain"], AIM)]
