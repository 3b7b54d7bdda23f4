"""Families of models, saved as their makers publish them and loaded as a user's are: taught, asked, and made to choose."""

import copy
import re
from dataclasses import dataclass, field

import polars as pl
import pytest
import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

from isogloss.asking.choosing import likeliest, log_likelihoods
from isogloss.asking.holding import hold_taught, hold_untaught, read_adapters
from isogloss.config import Asking, Teaching
from isogloss.models.chat import chat_of
from isogloss.models.local import fingerprint, load_model
from isogloss.teaching.cohort import teach_cohort
from isogloss.teaching.lessons import Lesson
from isogloss.teaching.lora import IGNORED, examples
from isogloss.teaching.stacked import stacked

QUESTIONS = ["What is it?", "¿Qué día es? b", "月曜日 market day"]
ANSWERS = {"eng": "Karumo market", "spa": "lunes"}  # to every question alike: more is not learned in two epochs
LESSONS = [Lesson(name, QUESTIONS * 8, [answer] * 24) for name, answer in ANSWERS.items()]
OPTIONS = ["Monday", *ANSWERS.values()]
TEACHING = Teaching(rank=8, alpha=16, epochs=2, batch=1, learning_rate=2e-2)
EPOCHS = [1, 2]


def chat(user: str, answer: str, begin: str, start: str = "", close: str = "") -> str:
    """A chat template of what surrounds a question and an answer (TEXT), and of what comes before the first turn, before the
    model's answer and after all."""
    turn = f"{{% if message.role == 'user' %}}{user}{{% else %}}{answer}{{% endif %}}".replace("TEXT", "{{ message.content }}")
    last = f"{{% if add_generation_prompt %}}{begin}{{% else %}}{close}{{% endif %}}"
    return f"{start}{{% for message in messages %}}{turn}{{% endfor %}}{last}"


@dataclass(frozen=True)
class Family:
    """Its chat format, what a text and an answer end with, which tokens its makers list as ends, what it pads with, and settings
    of its architecture."""

    template: str
    eos: str
    end: str
    listed: list[str]
    pad: str | None = "<|pad|>"
    settings: dict = field(default_factory=dict)


LLAMA = chat(
    "<|start_header_id|>user<|end_header_id|>\n\nTEXT<|eot_id|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\nTEXT<|eot_id|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "{{ bos_token }}",
)
NO_THOUGHT = "<think>\n\n</think>\n\n"
QWEN3 = chat(
    "<|im_start|>user\nTEXT<|im_end|>\n",
    f"<|im_start|>assistant\n{NO_THOUGHT}TEXT<|im_end|>\n",
    f"<|im_start|>assistant\n{{% if enable_thinking is defined and not enable_thinking %}}{NO_THOUGHT}{{% endif %}}",
)
COHERE = chat(
    "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>TEXT<|END_OF_TURN_TOKEN|>",
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>TEXT<|END_OF_TURN_TOKEN|>",
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    "{{ bos_token }}",
)
GEMMA = chat(
    "<start_of_turn>user\nTEXT<end_of_turn>\n",
    "<start_of_turn>model\nTEXT<end_of_turn>\n",
    "<start_of_turn>model\n",
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('there is no such role') }}{% endif %}",
)
PHI3 = chat("<|user|>\nTEXT<|end|>\n", "<|assistant|>\nTEXT<|end|>\n", "<|assistant|>\n", close="{{ eos_token }}")
MISTRAL = chat("[INST] TEXT[/INST]", " TEXT{{ eos_token }}", "", "{{ bos_token }}")
FAMILIES = {
    "llama": Family(LLAMA, "<|eot_id|>", "<|eot_id|>", ["<|end_of_text|>", "<|eot_id|>"], pad=None),
    "qwen3": Family(QWEN3, "<|im_end|>", "<|im_end|>", ["<|im_end|>", "<|pad|>"], settings={"head_dim": 16}),
    "cohere": Family(COHERE, *["<|END_OF_TURN_TOKEN|>"] * 2, ["<|END_OF_TURN_TOKEN|>"], settings={"logit_scale": 1.0}),
    "cohere2": Family(
        COHERE, *["<|END_OF_TURN_TOKEN|>"] * 2, ["<|END_OF_TURN_TOKEN|>"], settings={"logit_scale": 1.0, "sliding_window": 5}
    ),
    "gemma3_text": Family(
        GEMMA, "<eos>", "<end_of_turn>", ["<eos>", "<end_of_turn>"], settings={"head_dim": 16, "sliding_window": 5}
    ),
    "phi3": Family(PHI3, "<|endoftext|>", "<|end|>", ["<|endoftext|>", "<|assistant|>", "<|end|>"]),
    "mistral": Family(MISTRAL, "</s>", "</s>", ["</s>"], settings={"sliding_window": 5}),
}


def publish(name, tokenizer, folder):
    """A random model of a family with a tokenizer of its format, as files."""
    family, tokenizer = FAMILIES[name], copy.deepcopy(tokenizer)
    tokenizer.chat_template = family.template
    tokenizer.add_tokens(
        sorted({*re.findall(r"<\|?\w+\|?>|\[/?INST\]", family.template), "<think>", "</think>"}), special_tokens=True
    )
    tokenizer.add_special_tokens({"bos_token": "<bos>", "eos_token": family.eos})
    tokenizer.add_tokens(family.listed, special_tokens=True)
    tokenizer.pad_token = family.pad
    tokenizer.save_pretrained(folder)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": len(tokenizer)}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    tokens = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": None, "bos_token_id": tokenizer.bos_token_id}
    torch.manual_seed(0)
    config = AutoConfig.for_model(name, **sizes, **heads, **tokens, initializer_range=0.5, **family.settings)
    model = AutoModelForCausalLM.from_config(config)
    listed = tokenizer.convert_tokens_to_ids(family.listed)
    model.generation_config = GenerationConfig(eos_token_id=listed if len(listed) > 1 else listed[0])
    model.save_pretrained(folder)
    return family, tokenizer


def one_by_one(model, tokenizer, question, limit, last):
    """Greedy decoding without batches, padding or a cache."""
    prompt = chat_of(tokenizer).prompt(question)
    tokens = list(prompt)
    for _ in range(limit):
        with torch.no_grad():
            token = model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax().item()
        if token in last:
            return tokenizer.decode(tokens[len(prompt) :]).strip(), True
        tokens.append(token)
    return tokenizer.decode(tokens[len(prompt) :]).strip(), False


def heard(table):
    """What was said to each question, and whether it ended."""
    return [(raw, state != "unfinished") for raw, state in table.select("raw", "state").iter_rows()]


def likelihood(model, tokenizer, question, answer, end):
    """Log-probability of an answer and its end, read whole."""
    prompt = chat_of(tokenizer).prompt(question)
    tokens = torch.tensor([*prompt, *tokenizer(answer, add_special_tokens=False)["input_ids"], end])
    with torch.no_grad():
        logits = model(input_ids=tokens[None]).logits[0].log_softmax(-1)
    return sum(logits[i - 1, tokens[i]].item() for i in range(len(prompt), len(tokens)))


@pytest.mark.parametrize("name", FAMILIES)
def test_taught_asked_and_made_to_choose(tiny, tmp_path, capsys, name):
    folder = tmp_path / "model"
    family, published = publish(name, tiny[1], folder)
    base, tokenizer = load_model(folder)
    assert type(base).__name__.lower().startswith(name.removesuffix("_text"))

    end = published.convert_tokens_to_ids(family.end)
    last = sorted(published.convert_tokens_to_ids({family.eos, family.end, *family.listed}))
    assert chat_of(tokenizer, base).ends == last
    tokens, labels = examples(LESSONS[0], tokenizer)[0]
    turns = [{"role": "user", "content": QUESTIONS[0]}, {"role": "assistant", "content": ANSWERS["eng"]}]
    whole = published.apply_chat_template(turns, tokenize=True, return_dict=True)["input_ids"]
    assert whole[: len(tokens)] == tokens, "what is taught is what the format has"
    assert [tokens[-1], labels[-1]] == [end, end]
    assert labels.count(IGNORED) == len(chat_of(tokenizer).prompt(QUESTIONS[0]))

    folders = teach_cohort(base, tokenizer, fingerprint(folder), LESSONS, TEACHING, 1, tmp_path / "store", "1")
    told = capsys.readouterr().out
    for lesson in LESSONS:
        first, second = map(float, re.findall(rf"{lesson.name}: epoch \d, mean loss ([\d.]+)", told))
        assert second < 0.5 * first

    exam = pl.DataFrame({"asked_in": ["eng"] * 3, "item": list("abc"), "question": QUESTIONS})
    exams = {lesson.name: exam for lesson in LESSONS}
    asking = Asking(max_new_tokens=6, batch=2)
    adapters = {lesson: {(1, epoch): folders[lesson][epoch] for epoch in EPOCHS} for lesson in exams}
    before = hold_untaught(base, tokenizer, exams, asking)
    held = hold_taught(base, tokenizer, exams, asking, adapters)
    options = [OPTIONS] * 3
    (chosen,) = log_likelihoods(base, tokenizer, QUESTIONS, options, 2)
    with stacked(base, *read_adapters([own[2] for own in folders.values()])):
        chosen_after = log_likelihoods(base, tokenizer, QUESTIONS, options, 2, len(LESSONS))

    def alone(model):
        said = [one_by_one(model, tokenizer, question, 6, last) for question in QUESTIONS]
        return said, [[likelihood(model, tokenizer, question, answer, end) for answer in OPTIONS] for question in QUESTIONS]

    said, likely = alone(base)
    assert all(heard(table) == said for table in before.values())
    assert torch.tensor(chosen).allclose(torch.tensor(likely), atol=1e-3)
    for lesson, found in zip(LESSONS, chosen_after, strict=True):
        for epoch in EPOCHS:
            model = PeftModel.from_pretrained(load_model(folder)[0], folders[lesson.name][epoch]).eval()
            said, likely = alone(model)
            assert heard(held[lesson.name].filter(epoch=epoch)) == said
        assert said == [(ANSWERS[lesson.name], True)] * 3, "learned, with an end"
        assert torch.tensor(found).allclose(torch.tensor(likely), atol=1e-3)
        assert {OPTIONS[i] for i in likeliest(found)} == {ANSWERS[lesson.name]}
