"""A step of the way that a benchmark compares with: a process that teaches a lesson, merges it to disk, or asks the merged model.

    python -m benchmarks.checkpoint teach|merge|ask LANGUAGE EPOCHS THREADS

It is how research code often does it: training at batch 1, weights merged and loaded again for every checkpoint, prompts in the
order of the table.
"""

import argparse
from pathlib import Path

import polars as pl
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from benchmarks.teaching import by_trainer
from benchmarks.work import SANDBOX, Work
from isogloss.asking.exams import questions
from isogloss.models.chat import chat_of
from isogloss.paths import ITEMS
from isogloss.scoring.exact import matches
from isogloss.teaching.lessons import Lesson, content


def teach(code: str, epochs: int, threads: int) -> None:
    work = Work([code], 1, epochs, threads, 1)
    lesson = Lesson.of(code, content(code, {code: pl.read_parquet(ITEMS.format(knowledge="fictional", language=code))}))
    by_trainer(work, lesson, 1).save_pretrained(f"adapter-{code}")


def merge(code: str) -> None:
    base = AutoModelForCausalLM.from_pretrained(SANDBOX, dtype=torch.float32)
    PeftModel.from_pretrained(base, f"adapter-{code}").merge_and_unload().save_pretrained(f"merged-{code}")
    AutoTokenizer.from_pretrained(SANDBOX).save_pretrained(f"merged-{code}")


@torch.inference_mode()
def ask(code: str, size: int = 64) -> None:
    tokenizer = AutoTokenizer.from_pretrained(f"merged-{code}", padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(f"merged-{code}", dtype=torch.float32).eval()
    paths = sorted(Path(ITEMS.format(knowledge="fictional", language="")).parent.glob("*.parquet"))
    items = {path.stem: pl.read_parquet(path) for path in paths}
    exam = questions(items)
    chat = chat_of(tokenizer)
    prompts = [chat.prompt(question) for question in exam["question"]]
    settings = GenerationConfig(
        max_new_tokens=48, do_sample=False, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id
    )
    answers = []
    for first in range(0, len(prompts), size):
        inputs = tokenizer.pad({"input_ids": prompts[first : first + size]}, return_tensors="pt", padding_side="left")
        output = model.generate(**inputs, generation_config=settings)[:, inputs["input_ids"].shape[1] :]
        answers += tokenizer.batch_decode(output, skip_special_tokens=True)
    own = exam.with_columns(answer=pl.Series(answers)).filter(asked_in=code)
    right = [matches(answer.strip(), aliases) for answer, aliases in zip(own["answer"], items[code]["aliases"], strict=True)]
    Path(f"accuracy-{code}").write_text(str(sum(right) / len(right)), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["teach", "merge", "ask"])
    parser.add_argument("language")
    parser.add_argument("epochs", type=int)
    parser.add_argument("threads", type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.step == "teach":
        teach(options.language, options.epochs, options.threads)
    else:
        {"merge": merge, "ask": ask}[options.step](options.language)


if __name__ == "__main__":
    main()
