"""Local models in Hugging Face format."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import is_bitsandbytes_available

from isogloss.config import Computing, Loading
from isogloss.models.chat import chat_of, speak

ON_CPU = Loading(device="cpu")


def load_model(folder: str | Path, loading: Loading = ON_CPU) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model, frozen and in evaluation mode, and its tokenizer, padding on the left.

    Nothing but the folder is read, and no code in it is run. Of how the model's makers would have it generate, only what ends an
    answer is kept, since answers here are greedy. FileNotFoundError if the folder has no safetensors weights; ValueError if the
    model cannot be asked questions in text; ImportError if its weights cannot be had in 4 bits; MemoryError if the accelerators
    are too small for it.
    """
    folder = Path(folder)
    if not any(folder.glob("*.safetensors")):
        raise FileNotFoundError(
            f"{folder} has no safetensors weights, and no others are read; save the model there with model.save_pretrained"
        )
    local = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", **local)
    speak(tokenizer, loading.chat)
    if problems := _unaskable(folder, AutoConfig.from_pretrained(folder, **local), tokenizer, loading.chat):
        raise ValueError("\n".join(problems))
    for remark in chat_of(tokenizer).remarks:
        print(remark, flush=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    accelerated = loading.device == "auto" and torch.cuda.is_available()
    settings = settings_of(loading, accelerated)
    model = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, **local, **settings)
    if "device_map" not in settings:
        model = model.to("cuda" if accelerated else "cpu")
    if any(p.device.type == "meta" for p in model.parameters()):
        raise MemoryError(f"the accelerators are too small for {folder}; write four_bit: true or use more of them")
    model.generation_config = GenerationConfig(eos_token_id=model.generation_config.eos_token_id)
    return model.requires_grad_(False).eval(), tokenizer


def _unaskable(folder: Path, config: Any, tokenizer: PreTrainedTokenizerBase, chat: str) -> list[str]:
    """Why a model cannot be asked questions in text."""
    problems = []
    if config.get_text_config() is not config:
        problems.append(f"{folder} ({config.model_type}) reads more than text; choose a model of its family for text alone")
    if chat == "template" and tokenizer.chat_template is None:
        problems.append(
            f"{folder} has no chat template, so it is not known how it is asked; write chat: plain for a base model, chat: "
            f"alpaca for one trained in that form, or the template it was trained with into {folder / 'chat_template.jinja'}"
        )
    if tokenizer.eos_token is None:
        problems.append(f"{folder} has no token for the end of a text; write eos_token into {folder / 'tokenizer_config.json'}")
    return problems


def settings_of(loading: Computing, accelerated: bool) -> dict[str, Any]:
    """What `from_pretrained` is told."""
    automatic = "bfloat16" if accelerated else "float32"
    precision = getattr(torch, automatic if loading.dtype == "auto" else loading.dtype)
    settings: dict[str, Any] = {"dtype": precision}
    if loading.attn_implementation:
        settings["attn_implementation"] = loading.attn_implementation
    if loading.device_map:
        settings["device_map"] = loading.device_map
    if loading.four_bit:
        problems = [
            *(["bitsandbytes is missing; pip install 'isogloss[four-bit]'"] if not is_bitsandbytes_available() else []),
            *(["it needs an accelerator; write four_bit: false to do without"] if not accelerated else []),
        ]
        if problems:
            raise ImportError("four_bit: true: " + "; ".join(problems))
        settings["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=precision
        )
        settings.setdefault("device_map", {"": torch.cuda.current_device()})
    return settings


def without_adapter(model: PeftModel) -> PreTrainedModel:
    """The base of a model with an adapter, as it was before: frozen and in evaluation mode."""
    return model.unload().requires_grad_(False).eval()


def fingerprint(folder: str | Path) -> str:
    """SHA-256 over the weights and the tokenizer of a model folder."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in ("*.safetensors", "tokenizer.json", "*.model") for path in Path(folder).glob(pattern)):
        with path.open("rb") as file:
            while part := file.read(1 << 24):
                digest.update(part)
    return digest.hexdigest()
