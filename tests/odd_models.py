"""Tiny random models that are not made of attention and linear layers alone, as folders."""

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LOCAL_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
DELTA = {"linear_num_value_heads": 2, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
MAMBA2 = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8, "mamba_chunk_size": 16}
SETTINGS = {
    "bamba": MAMBA2 | {"mamba_n_groups": 1, "attn_layer_indices": [1]},
    "falcon_h1": {"mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_chunk_size": 16},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 256},
    "gpt_neo": {"num_layers": 2, "num_heads": 2, "attention_types": [[["global", "local"], 1]], "window_size": 4},
    "gpt_oss": LOCAL_EXPERTS | {"head_dim": 16, "sliding_window": 32},
    "granitemoe": LOCAL_EXPERTS,
    "jamba": {"mamba_dt_rank": 4, "mamba_d_state": 8, "num_experts": 1, "attn_layer_period": 2, "attn_layer_offset": 1},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "mamba": {"state_size": 8},
    "mixtral": LOCAL_EXPERTS,
    "qwen2_moe": EXPERTS | {"shared_expert_intermediate_size": 32},
    "qwen3_5_text": DELTA | {"head_dim": 16, "num_hidden_layers": 4},
    "qwen3_moe": EXPERTS | {"head_dim": 16},
    "recurrent_gemma": {"num_hidden_layers": 3, "lru_width": 32, "attention_window_size": 16},
    "rwkv": {"attention_hidden_size": 32},
}


def publish(name, tokenizer, folder, **settings):
    """A model of a kind with a tokenizer, as files."""
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": len(tokenizer)}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    tokens = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    torch.manual_seed(0)
    own = sizes | heads | tokens | SETTINGS.get(name, {}) | settings
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(name, **own))
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() > 1:
                p.normal_(0, 0.3)
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
