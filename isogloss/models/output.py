"""The output layer, which for a large vocabulary is as dear as many layers: it computes what is wanted alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel


@contextmanager
def only_at(model: PreTrainedModel, row: list[int] | torch.Tensor, place: list[int] | torch.Tensor) -> Iterator[None]:
    """Within it, the model's logits are those after these places of these rows alone, in their order: [1, places, vocabulary].

    What is done to hidden states before the output layer and to logits after it stays the model's own. The chosen states lie
    side by side in memory: of a slice torch would make a product for every row, each with a copy of the layer's matrix.
    """
    layer = model.get_output_embeddings()

    def choose(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        hidden, *others = given
        rows, places = (torch.as_tensor(each, device=hidden.device) for each in (row, place))
        return hidden[rows, places][None], *others

    handle = layer.register_forward_pre_hook(choose)
    try:
        yield
    finally:
        handle.remove()
