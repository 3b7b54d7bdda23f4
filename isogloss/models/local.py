"""Local models in Hugging Face format."""

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

from isogloss.asking.trying import try_out
from isogloss.config import Computing, Loading
from isogloss.models.chat import chat_of, speak
from isogloss.models.folder import ADAPTER, folder_problems, shortened
from isogloss.models.folder import fingerprint as fingerprint

TABLES = ("inv_freq", "masked_bias")  # what old models have saved beside their weights, though it can be computed
ON_CPU = Loading(device="cpu")


def load_model(folder: str | Path, loading: Loading = ON_CPU) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model, frozen and in evaluation mode, and its tokenizer, padding on the left.

    Nothing but the folder is read, and no code in it is run. Of how the model's makers would have it generate, only what ends an
    answer is kept, since answers here are greedy. ValueError if the folder is not a whole model (see
    `isogloss.models.folder.folder_problems`), if its weights are not those of the model, or if it cannot be asked questions in
    text; ImportError if its weights cannot be had in 4 bits; MemoryError if the accelerators are too small for it. Where the
    model's logits are no numbers when it is asked, that is a ValueError, too.
    """
    folder = Path(folder)
    check_folder(folder)
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
    model = loaded(AutoModelForCausalLM, folder, **local, **settings)
    if "device_map" not in settings:
        model = model.to("cuda" if accelerated else "cpu")
    if any(p.device.type == "meta" for p in model.parameters()):
        raise MemoryError(f"the accelerators are too small for {folder}; write four_bit: true or use more of them")
    model.generation_config = GenerationConfig(eos_token_id=model.generation_config.eos_token_id)
    model.requires_grad_(False).eval()
    try_out(model)
    return model, tokenizer


def check_folder(folder: Path) -> None:
    """FileNotFoundError or ValueError unless a folder has a whole model."""
    if not (any(folder.glob("*.safetensors")) or (folder / ADAPTER).is_file()):
        raise FileNotFoundError(
            f"{folder} has no safetensors weights, and no others are read; save the model there with model.save_pretrained"
        )
    if problems := folder_problems(folder):
        raise ValueError("\n".join(problems))


def loaded(kind: type, folder: str | Path, **settings: Any) -> PreTrainedModel:
    """A model of a kind (a class for `from_pretrained`) with the weights of a folder, which must be those of the model:
    ValueError names some that are missing, left over or of another shape, which would be drawn at random or not be read. The
    model raises one, too, where its logits are no numbers.
    """
    settings = {"use_safetensors": True, "output_loading_info": True, "ignore_mismatched_sizes": True} | settings
    model, found = kind.from_pretrained(folder, **settings)
    mismatched = [f"{name} {tuple(there)}, not {tuple(wanted)}" for name, there, wanted in sorted(found["mismatched_keys"])]
    buffers = {name for name, _ in model.named_buffers()}  # computed anew by models that once saved them, as are TABLES
    surplus = [name for name in found["unexpected_keys"] if name.split(".")[-1] not in TABLES]
    prefix = f"{model.base_model_prefix}."
    kinds = {
        "lacking": sorted(found["missing_keys"]),
        "left over": sorted(name for name in surplus if not buffers & {name, prefix + name, name.removeprefix(prefix)}),
        "of another shape": mismatched,
    }
    if told := [f"{kind}: {shortened(names)}" for kind, names in kinds.items() if names]:
        raise ValueError(
            f"the weights in {folder} are not those of the model that its config.json describes ({type(model).__name__}): "
            f"{'; '.join(told)}. Save the whole model there with model.save_pretrained, under the names that transformers has"
        )
    output = model.get_output_embeddings()
    (model if output is None else output).register_forward_hook(_watch)
    return model


def _watch(module: torch.nn.Module, _: Any, output: Any) -> None:
    """A hook: ValueError if logits that are read, not learned from, are no numbers."""
    logits = getattr(output, "logits", output)
    # where one of them is no number, so is the maximum, which costs less than to look at each
    if not torch.is_grad_enabled() and logits.numel() and not logits.amax(dim=-1).isfinite().all():
        raise ValueError(
            f"the model's logits are not finite in {logits.dtype}; write dtype: float32 (or bfloat16) for it, and if it was "
            "taught a lesson, a smaller learning_rate under teaching"
        )


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


def chat_prompt(tokenizer: PreTrainedTokenizerBase, question: str | list[str]) -> list[int]:
    """Tokens of a question, or of what was said in turns with the question last, up to where the answer begins."""
    return chat_of(tokenizer).prompt(question)


def answer_end(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that a model's format has after an answer."""
    return chat_of(tokenizer).end


def ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens each of which ends an answer."""
    return chat_of(tokenizer, model).ends
