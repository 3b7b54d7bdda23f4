"""Where a model is hooked: at the gate activation of each layer, at what each layer hands on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedConfig, PreTrainedModel

Hook = tuple[torch.nn.Module, Callable[[torch.Tensor], torch.Tensor | None]]  # a module, and what sees its output
# By architecture, as transformers names it: the module of a layer whose output is the activation of the gate.
GATES = dict.fromkeys(("cohere", "cohere2", "gemma2", "gemma3_text", "llama", "mistral", "qwen2", "qwen3"), "mlp.act_fn") | {
    "phi3": "mlp.activation_fn"
}


def sizes(config: PreTrainedConfig) -> tuple[int, int, int]:
    """Layers, neurons of a layer, and width of the residual stream; ValueError if it is not known where the gates are."""
    if config.model_type not in GATES:
        raise ValueError(
            f"models of the architecture {config.model_type} have no known gate activation to record or change; "
            f"take one of {', '.join(sorted(GATES))}"
        )
    return config.num_hidden_layers, config.intermediate_size, config.hidden_size


def layers(model: PreTrainedModel) -> list[torch.nn.Module]:
    """The layers, each of which gives the residual stream after it, [rows, tokens, width]; ValueError as in `sizes`, and if there
    are not as many as the configuration has."""
    expected, _, _ = sizes(model.config)
    found = list(model.get_decoder().layers)
    if len(found) != expected:
        raise ValueError(f"{type(model).__name__} has {len(found)} layers where its config.json has {expected}")
    return found


def gates(model: PreTrainedModel) -> list[torch.nn.Module]:
    """The modules whose outputs [rows, tokens, neurons] are the gate activations, one a layer.

    ValueError as in `layers`, and if a layer has no such module or shares it with another: a part of a model is never hooked.
    """
    found, name = [], GATES.get(model.config.model_type, "")
    for number, layer in enumerate(layers(model)):
        try:
            found.append(layer.get_submodule(name))
        except AttributeError:
            raise ValueError(f"layer {number} of {type(model).__name__} has no module {name}, so it cannot be hooked") from None
    if len(set(map(id, found))) < len(found):
        raise ValueError(f"layers of {type(model).__name__} share a module {name}, so they cannot be hooked apart")
    return found


@contextmanager
def hooked(hooks: list[Hook]) -> Iterator[None]:
    """Each hook sees every output of its module, and what it returns, if anything, takes the output's place; none stays."""
    handles = []
    try:
        for module, hook in hooks:
            handles.append(module.register_forward_hook(lambda _, __, output, hook=hook: hook(output)))
        yield
    finally:
        for handle in handles:
            handle.remove()
