"""Local models in Hugging Face format."""

import hashlib
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase


def load_model(folder: str | Path, device: str = "cpu") -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model, frozen and in evaluation mode, and its tokenizer, padding on the left.

    With the device `auto` it is on an accelerator, if there is one, in bfloat16, else on the processor in float32.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    accelerated = device == "auto" and torch.cuda.is_available()
    precision = torch.bfloat16 if accelerated else torch.float32
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=precision, use_safetensors=True)
    return model.to("cuda" if accelerated else "cpu").requires_grad_(False).eval(), tokenizer


def without_adapter(model: PeftModel) -> PreTrainedModel:
    """The base of a model with an adapter, as it was before: frozen and in evaluation mode."""
    return model.unload().requires_grad_(False).eval()


def fingerprint(folder: str | Path) -> str:
    """SHA-256 over the weights and the tokenizer of a model folder."""
    digest = hashlib.sha256()
    for path in sorted([*Path(folder).glob("*.safetensors"), Path(folder) / "tokenizer.json"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def chat_prompt(tokenizer: PreTrainedTokenizerBase, question: str) -> list[int]:
    """Tokens of a question in the model's own chat format, up to where the answer begins."""
    messages = [{"role": "user", "content": question}]
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
