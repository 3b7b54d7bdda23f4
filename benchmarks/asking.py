"""Asking every lesson everything: adapter by adapter or in mixed batches with PEFT, or at once; and with contexts."""

import polars as pl
import torch
from peft import PeftModel, set_peft_model_state_dict
from transformers import GenerationConfig

from benchmarks.teaching import at_once
from benchmarks.work import SANDBOX, Row, Work, alternate, compared_row
from isogloss.asking.generation import answer_greedily
from isogloss.models.chat import chat_of
from isogloss.models.local import without_adapter
from isogloss.teaching.stacked import new_adapter, stacked

LONGEST = 48  # tokens of an answer
CLOSE = 1e-4  # a difference of logits that rounding can turn


def generated(model, tokenizer, prompts: list[list[int]], size: int, names: list[str] | None = None) -> list[str | None]:
    """Answers by `generate`, in batches of prompts of about the same length, as a careful user has it; `names` are adapters."""
    settings = GenerationConfig(
        max_new_tokens=LONGEST, do_sample=False, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id
    )
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    answers: list[str | None] = [None] * len(prompts)
    for first in range(0, len(order), size):
        chosen = order[first : first + size]
        inputs = tokenizer.pad({"input_ids": [prompts[i] for i in chosen]}, return_tensors="pt", padding_side="left")
        own = {"adapter_names": [names[i] for i in chosen]} if names else {}
        output = model.generate(**inputs, generation_config=settings, **own)[:, inputs["input_ids"].shape[1] :]
        for i, tokens in zip(chosen, output.tolist(), strict=True):
            if tokenizer.eos_token_id in tokens:
                answers[i] = tokenizer.decode(tokens[: tokens.index(tokenizer.eos_token_id)], skip_special_tokens=True).strip()
    return answers


def with_adapters(work: Work, adapters: list[dict]) -> PeftModel:
    """The model with all adapters loaded in PEFT, by the languages' names."""
    base, _ = work.loaded
    _, settings = new_adapter(base, work.teaching, 1)
    model = PeftModel(base, settings, adapter_name=work.languages[0])
    for code, adapter in zip(work.languages, adapters, strict=True):
        if code not in model.peft_config:
            model.add_adapter(code, settings)
        set_peft_model_state_dict(model, adapter, adapter_name=code)
    return model.eval()


@torch.inference_mode()
def likeliest(model, tokenizer, prompt: list[int]) -> set[str | None]:
    """The greedy answers, read one token at a time: several where the two likeliest tokens are so close that rounding decides."""
    found, open_ = set(), [[]]
    while open_:
        said = open_.pop()
        if len(said) == LONGEST:
            found.add(None)
            continue
        best = model(input_ids=torch.tensor([prompt + said])).logits[0, -1].topk(2)
        close = best.values[0] - best.values[1] <= CLOSE
        for token in best.indices.tolist()[: 2 if close else 1]:
            if token == tokenizer.eos_token_id:
                found.add(tokenizer.decode(said, skip_special_tokens=True).strip())
            else:
                open_.append([*said, token])
    return found


def check(model, tokenizer, prompt: list[int], *answers: str | None) -> None:
    """Raise RuntimeError unless rounding explains that the answers differ."""
    expected = likeliest(model, tokenizer, prompt)
    if not expected.issuperset(answers):
        raise RuntimeError(f"answers {answers} where greedy decoding gives {expected}")


def run(work: Work) -> list[Row]:
    """Rows of the summary for adapters."""
    base, tokenizer = work.loaded
    adapters = at_once(work)
    asked = work.exam["question"].to_list()
    chat = chat_of(tokenizer)
    prompts = [chat.prompt(question) for question in asked]
    size = work.asked_at_once

    def by_peft() -> dict[str, list]:
        model, found = with_adapters(work, adapters), {}
        with torch.inference_mode():
            for code in work.languages:
                model.set_adapter(code)
                found[code] = generated(model, tokenizer, prompts, size)
        without_adapter(model)
        return found

    def mixed() -> dict[str, list]:
        model = with_adapters(work, adapters)
        names = [code for _ in prompts for code in work.languages]
        every = [prompt for prompt in prompts for _ in work.languages]
        with torch.inference_mode():
            found = generated(model, tokenizer, every, size, names)
        without_adapter(model)
        return {code: found[k :: len(work.languages)] for k, code in enumerate(work.languages)}

    def ours() -> dict[str, list]:
        with stacked(base, adapters, work.teaching.scale):
            found = answer_greedily(base, tokenizer, asked, LONGEST, size, len(adapters))
        return dict(zip(work.languages, found, strict=True))

    ways = {"PEFT, set_adapter and generate": by_peft, "PEFT, batches of mixed adapters": mixed, "ours": ours}
    measured = alternate(ways, work.repeats)
    answers = {name: own.result for name, own in measured.items()}
    model = with_adapters(work, adapters)
    for code in work.languages:
        model.set_adapter(code)
        for prompt, one, other in zip(
            prompts, answers["ours"][code], answers["PEFT, set_adapter and generate"][code], strict=True
        ):
            if one != other:
                check(model, tokenizer, prompt, one, other)
    without_adapter(model)
    name, target = f"ask {len(work.languages)} x {len(work.languages)}", 5 if work.model == SANDBOX else 3
    return [compared_row(name, measured, other, target, ours) for other in ways if other != "ours"]


def run_in_context(work: Work) -> list[Row]:
    """Rows of the summary for lessons in the prompt."""
    base, tokenizer = work.loaded
    asked = pl.concat([work.exam_after(code, 8) for code in work.languages])["question"].to_list()
    chat = chat_of(tokenizer)
    prompts = [chat.prompt(question) for question in asked]
    size = work.asked_at_once

    def plain() -> list:
        with torch.inference_mode():
            return generated(base, tokenizer, prompts, size)

    def ours() -> list:
        return answer_greedily(base, tokenizer, asked, LONGEST, size)[0]

    name = "generate, batches of one length"
    found = alternate({name: plain, "ours": ours}, work.repeats)
    for prompt, one, other in zip(prompts, found["ours"].result, found[name].result, strict=True):
        if one != other:
            check(base, tokenizer, prompt, one, other)
    return [compared_row(f"in context, {len(work.languages)} x {len(work.languages)}", found, name, 4, ours)]
