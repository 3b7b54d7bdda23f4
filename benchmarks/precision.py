"""Whether bfloat16 gives a model's answers in float32, and in what time: 500 questions about known facts, asked in both.

python -m benchmarks.precision /models/my-model
"""

import argparse
import time

import torch

from benchmarks.work import Work
from isogloss.asking.exams import questions, worded
from isogloss.asking.generation import answer_greedily
from isogloss.config import BuiltIn, Loading
from isogloss.knowledge.builtin import built_in_items, render
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.models.local import load_model
from isogloss.paths import LANGUAGES, PHRASEBOOK

ASKED = 500
LONGEST = 48  # tokens of an answer


def asked(codes: list[str]) -> list[str]:
    """Questions about known facts, in as many of each language, in the words in which models other than the sandbox are asked."""
    table, world = read_languages(LANGUAGES), World("data/world")
    drawn = built_in_items(world, BuiltIn(kind="known", items=-(-ASKED // len(codes))))
    items = {code: render(drawn, world, table[code], read_phrasebook(PHRASEBOOK.format(language=code))) for code in codes}
    prompt = Work(codes[:1], 1, 1, torch.get_num_threads(), 1, "another").prompts["question"]
    names = {code: language.name for code, language in table.items()}
    return worded(questions(items), prompt, names)["question"].to_list()[:ASKED]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__.split("\n")[0])
    parser.add_argument("model", help="folder of a model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--languages", default="eng,zho,fra,jpn,kor,tha,swa,cym")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    texts = asked(options.languages.split(","))
    said = {}
    for dtype in ("float32", "bfloat16"):
        model, tokenizer = load_model(options.model, Loading(device="cpu", dtype=dtype))
        began = time.perf_counter()
        said[dtype] = answer_greedily(model, tokenizer, texts, LONGEST, options.batch)[0]
        print(f"{dtype}: {len(texts)} answers in {time.perf_counter() - began:.0f} s", flush=True)
    same = sum(one == other for one, other in zip(*said.values(), strict=True))
    print(f"the same: {same} of {len(texts)} ({same / len(texts):.1%})")


if __name__ == "__main__":
    main()
