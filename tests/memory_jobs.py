"""Peaks of resident memory: `python tests/memory_jobs.py` prints bytes for each line `FOLDER JOB DTYPE LANGUAGES` that it is
given.

Everything is imported once; each job then has a process of its own.
"""

import os
import resource
import sys
import tempfile
import traceback

import polars as pl
import torch

from isogloss.asking.choosing import log_likelihoods
from isogloss.asking.exams import questions, worded
from isogloss.asking.generation import say_greedily
from isogloss.asking.prompts import read_prompts
from isogloss.config import BuiltIn, Loading, Teaching
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.models.local import load_model
from isogloss.neurons.perplexity import perplexity
from isogloss.neurons.record import record
from isogloss.neurons.texts import sentences
from isogloss.teaching.cohort import teach_cohort
from isogloss.teaching.lessons import Lesson, content
from isogloss.teaching.stacked import new_adapter, stacked

BATCH, NEW, CONTEXT = 8, 4, 6
TEACHING = Teaching(epochs=2, batch=BATCH, rank=16)  # two steps
PROMPTS = read_prompts("data/prompts.yaml")["instructed"]
TABLE = read_languages("data/languages.csv")


def items(codes):
    """Built-in items, as many as a batch, by language."""
    world = World("data/world")
    drawn = built_in_items(world, BuiltIn(kind="new", items=BATCH))
    return {code: render(drawn, world, TABLE[code], read_phrasebook(f"data/phrasebook/{code}.yaml")) for code in codes}


def asked(exam, prompt, language="asked_in"):
    """With questions in an instructed prompt."""
    return worded(exam, PROMPTS[prompt], {code: TABLE[code].name for code in exam[language]}, language)


def teach(model, tokenizer, codes):
    known = items(codes)
    lessons = [Lesson.of(code, asked(content(code, known), "question", "version")) for code in codes]
    with tempfile.TemporaryDirectory() as store:
        teach_cohort(model, tokenizer, "base", lessons, TEACHING, 1, store, "1")


def ask(model, tokenizer, codes):
    fresh, _ = new_adapter(model, TEACHING, 1)
    adapters = [{name: w.clone() for name, w in fresh.items()} for _ in codes]
    with stacked(model, adapters, 1.0, model.dtype):
        exam = asked(questions(items(codes)), "question")
        say_greedily(model, tokenizer, exam["question"].to_list(), NEW, BATCH, len(codes))


def in_context(model, tokenizer, codes):
    known = items(codes)
    pairs = [f"{question}\n{answer}" for question, answer in known[codes[0]].select("teach_question", "answer").iter_rows()]
    contexts = ["\n".join((pairs[i:] + pairs[:i])[:CONTEXT]) for i in range(len(pairs))]
    exam = questions({codes[0]: known[codes[0]]}).with_columns(pl.Series("text", contexts))
    say_greedily(model, tokenizer, asked(exam, "context")["question"].to_list(), NEW, BATCH)


def choose(model, tokenizer, codes):
    (known, *_) = items(codes).values()
    answers = known["answer"].to_list()
    options = [[answers[(i + j) % len(answers)] for j in range(4)] for i in range(len(answers))]
    log_likelihoods(model, tokenizer, known["ask_question"].to_list(), options, BATCH)


def texts(tokenizer, codes):
    return sentences(tokenizer, {code: table["ask_question"].to_list() for code, table in items(codes).items()}, 384)


JOBS = {
    "teach": teach,
    "ask": ask,
    "in_context": in_context,
    "choose": choose,
    "record": lambda model, tokenizer, codes: record(model, texts(tokenizer, codes), BATCH),
    "perplexity": lambda model, tokenizer, codes: perplexity(model, texts(tokenizer, codes), BATCH),
}


def measured(folder, job, dtype, codes):
    """Bytes at most of a process that does the job."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        return int(said or 0)
    try:
        torch.set_num_threads(1)
        model, tokenizer = load_model(folder, Loading(device="cpu", dtype=dtype))
        JOBS[job](model, tokenizer, codes.split("+"))
        os.write(writing, str(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        print("peak", measured(*line.split()), flush=True)
