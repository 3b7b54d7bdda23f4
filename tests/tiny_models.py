"""Random models of every architecture whose gates are known, small and in float64."""

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from isogloss.neurons.hooks import GATES

SETTINGS = {
    "cohere": {"logit_scale": 0.5},
    "cohere2": {"logit_scale": 0.5, "sliding_window": 5},
    "gemma2": {"head_dim": 16, "sliding_window": 5},
    "gemma3_text": {"head_dim": 16, "sliding_window": 5},
    "mistral": {"sliding_window": 5},
    "qwen3": {"head_dim": 16},
}
ARCHITECTURES = sorted(GATES)


def build(name, vocabulary=200):
    """A model of an architecture: 3 layers of 48 neurons, width 32."""
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "vocab_size": vocabulary}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    tokens = {"pad_token_id": 0, "eos_token_id": None, "bos_token_id": None}
    torch.manual_seed(0)
    config = AutoConfig.for_model(name, **sizes, **heads, **tokens, initializer_range=0.3, **SETTINGS.get(name, {}))
    return AutoModelForCausalLM.from_config(config).double().requires_grad_(False).eval()
