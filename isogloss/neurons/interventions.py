"""A model with some of its activations changed, as long as a context lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from isogloss.neurons import files
from isogloss.neurons.hooks import Hook, gates, hooked, layers, sizes
from isogloss.neurons.record import Activations

# What an activation is multiplied with, and how many times its mean is added, for a strength s.
OPERATIONS: dict[str, Callable[[float], tuple[float, float]]] = {
    "zero": lambda s: (1 - s, 0),
    "flip": lambda s: (1 - 2 * s, 0),
    "mean": lambda s: (1 - s, s),
    "add": lambda s: (1, s),
}


@dataclass(frozen=True)
class NeuronIntervention:
    """Gate activations `a` of chosen neurons [layers, neurons] become, with a strength s and the mean m of each:

    zero: (1 - s) a; flip: (1 - 2s) a, which is 0 at s = .5; mean: (1 - s) a + s m; add: a + s m.

    `values` [layers, neurons] are the means (over the selected languages), which the last two need. ValueError for an operation
    there is not, without values where they are needed, or with others than of these neurons.
    """

    operation: str
    strength: float
    neurons: np.ndarray
    values: np.ndarray | None = None

    def __post_init__(self):
        if self.operation not in OPERATIONS:
            raise ValueError(f"there is no operation {self.operation}; write one of {', '.join(OPERATIONS)}")
        if self.values is None and OPERATIONS[self.operation](1.0)[1]:
            raise ValueError(f"operation {self.operation} needs mean activations; give values")
        if self.values is not None and self.values.shape != self.neurons.shape:
            raise ValueError(f"values {self.values.shape} are not of neurons {self.neurons.shape}")

    def save(self, path: str | Path) -> None:
        """One safetensors file, the same bytes for the same content."""
        arrays = {"neurons": self.neurons} | ({} if self.values is None else {"values": self.values})
        files.write(path, {"operation": self.operation, "strength": self.strength}, arrays)

    def hooks(self, model: PreTrainedModel, language: str | None) -> list[Hook]:
        """Hooks of the layers that have any of the neurons; ValueError if the model has others."""
        if self.neurons.shape != (expected := sizes(model.config)[:2]):
            raise ValueError(f"neurons [layers, neurons] are {self.neurons.shape}, the model has {expected}; record its own")
        times, plus = OPERATIONS[self.operation](self.strength)
        means = np.zeros(self.neurons.shape) if self.values is None else self.values
        return [
            (gate, _affine(np.where(own, times, 1.0), np.where(own, plus * mean, 0.0)))
            for gate, own, mean in zip(gates(model), self.neurons, means, strict=True)
            if own.any()
        ]


@dataclass(frozen=True)
class Steering:
    """`strength` times the vector [width] of the language that is asked in is added to the residual stream after a layer (from
    0)."""

    layer: int
    strength: float
    vectors: dict[str, np.ndarray]

    @classmethod
    def towards(cls, activations: Activations, language: str, layer: int, strength: float) -> "Steering":
        """From where each language's residual stream is on average to where that of `language` is; ValueError if it was not
        recorded or if there is no such layer."""
        means, count = activations.mean_residual, activations.residual.shape[1]
        if language not in means:
            raise ValueError(f"{language} was not recorded; write one of {', '.join(means)}")
        check_layer(layer, count)
        return cls(layer, strength, {own: means[language][layer] - mean[layer] for own, mean in means.items()})

    def save(self, path: str | Path) -> None:
        """One safetensors file, the same bytes for the same content."""
        files.write(path, {"layer": self.layer, "strength": self.strength}, self.vectors)

    def hooks(self, model: PreTrainedModel, language: str | None) -> list[Hook]:
        """The hook of the layer; ValueError if there is no vector for the language, or the model has no such layer or another
        width."""
        if language not in self.vectors:
            raise ValueError(f"there is no vector for language {language}; there are those for {', '.join(self.vectors)}")
        count, _, width = sizes(model.config)
        check_layer(self.layer, count)
        vector = self.vectors[language]
        if vector.shape != (width,):
            raise ValueError(f"a vector has {len(vector)} numbers, the model's residual stream {width}; record its own")
        return [(layers(model)[self.layer], _affine(np.ones(width), self.strength * vector))]


def check_layer(layer: int, count: int) -> None:
    """Raise ValueError unless there is such a layer among `count`, numbered from 0."""
    if not 0 <= layer < count:
        raise ValueError(f"layer {layer} is out of range; the model has layers 0 to {count - 1}")


def load(path: str | Path) -> NeuronIntervention | Steering:
    """What `save` wrote."""
    settings, arrays = files.read(path)
    return NeuronIntervention(**settings, **arrays) if "operation" in settings else Steering(**settings, vectors=arrays)


@contextmanager
def intervened(
    model: PreTrainedModel, intervention: NeuronIntervention | Steering, language: str | None = None
) -> Iterator[None]:
    """`model` with an intervention, of which `language` says in which it is asked if that matters; afterwards it is as it was."""
    with hooked(intervention.hooks(model, language)):
        yield


def _affine(times: np.ndarray, plus: np.ndarray) -> Callable[[torch.Tensor], torch.Tensor]:
    """A hook that makes times * output + plus of an output [rows, tokens, n], for every row and so for every stacked adapter."""
    there: dict[tuple, tuple[torch.Tensor, torch.Tensor]] = {}

    def hook(output: torch.Tensor) -> torch.Tensor:
        kind = output.device, output.dtype
        if kind not in there:
            there[kind] = tuple(torch.as_tensor(array).to(*kind) for array in (times, plus))
        factor, offset = there[kind]
        return torch.addcmul(offset, output, factor)

    return hook
