"""How often and how strongly each neuron fires in each language, and what the residual stream is on average."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from isogloss.neurons import files
from isogloss.neurons.hooks import gates, hooked, layers, sizes
from isogloss.neurons.texts import Text, batches


@dataclass(frozen=True)
class Activations:
    """Of each language, over its tokens: how many there are [languages], for how many the activation of a gate is above 0 and the
    sum of it [languages, layers, neurons], and the sum of the residual stream after each layer [languages, layers, width]."""

    languages: list[str]
    tokens: np.ndarray
    active: np.ndarray
    activation: np.ndarray
    residual: np.ndarray

    @property
    def probability(self) -> dict[str, np.ndarray]:
        """By language, the share of tokens for which each neuron's activation is above 0, [layers, neurons]."""
        return self._by_language(self.active)

    @property
    def mean(self) -> dict[str, np.ndarray]:
        """By language, the mean activation of each neuron, [layers, neurons]."""
        return self._by_language(self.activation)

    @property
    def mean_residual(self) -> dict[str, np.ndarray]:
        """By language, the mean of the residual stream after each layer, [layers, width]."""
        return self._by_language(self.residual)

    def mean_over(self, languages: list[str]) -> np.ndarray:
        """Mean activation of each neuron over languages, each of which weighs the same, [layers, neurons]."""
        mean = self.mean
        return np.mean([mean[language] for language in languages], axis=0)

    def _by_language(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self.languages, sums / self.tokens[:, None, None], strict=True))

    def save(self, path: str | Path) -> None:
        """One safetensors file, the same bytes for the same content."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "languages"}
        files.write(path, {"languages": self.languages}, arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Activations":
        """What `save` wrote."""
        settings, arrays = files.read(path)
        return cls(**settings, **arrays)


@torch.inference_mode()
def record(model: PreTrainedModel, texts: dict[str, Iterable[Text]], batch: int) -> Activations:
    """One pass over texts by language, `batch` at a time; a text is let go once it was read.

    A batch is added up in the model's precision, at least 32 bits, and batches in 64. ValueError as in `gates`, and with every
    language that has no text; and where what is recorded is no number.
    """
    sums = {language: _Sums(model) for language in texts}
    for language, own in texts.items():
        sums[language].read(model, own, batch)
        if not (sums[language].activation.isfinite().all() and sums[language].residual.isfinite().all()):
            raise ValueError(
                f"activations in {language} are not finite in {model.dtype}; write dtype: float32 (or bfloat16) for the model"
            )
    if missing := [language for language, own in sums.items() if not own.tokens]:
        raise ValueError(f"there is no text in {', '.join(missing)}; give some, or leave out the language")
    return Activations(
        list(texts),
        np.array([own.tokens for own in sums.values()]),
        *(np.stack([getattr(own, name).numpy() for own in sums.values()]) for name in ("active", "activation", "residual")),
    )


class _Sums:
    """Those of one language."""

    def __init__(self, model: PreTrainedModel):
        count, neurons, width = sizes(model.config)
        self.tokens = 0
        self.active = torch.zeros(count, neurons, dtype=torch.int64)
        self.activation = torch.zeros(count, neurons, dtype=torch.float64)
        self.residual = torch.zeros(count, width, dtype=torch.float64)
        self._counted = torch.zeros(0)  # of the batch that is read, 1 for a token that counts, else 0

    def read(self, model: PreTrainedModel, texts: Iterable[Text], batch: int) -> None:
        """Add texts."""
        hooks = [(gate, lambda output, i=i: self._gate(i, output)) for i, gate in enumerate(gates(model))]
        hooks += [(layer, lambda output, i=i: self._layer(i, output)) for i, layer in enumerate(layers(model))]
        with hooked(hooks):
            for token, counted, _ in batches(texts, batch, model.device):
                self._counted = counted.flatten()
                self.tokens += int(counted.sum())
                model.get_decoder()(input_ids=token, use_cache=False)

    def _gate(self, layer: int, output: torch.Tensor) -> None:
        values, counted = self._of(output)
        # a comparison with numbers for its result and a product count several times as fast as a sum of truths; exact below 2^24
        active = torch.gt(values, 0, out=torch.empty_like(values))
        self.active[layer] += (counted @ active).cpu().long()
        self.activation[layer] += (counted @ values).cpu()

    def _layer(self, layer: int, output: torch.Tensor) -> None:
        values, counted = self._of(output)
        self.residual[layer] += (counted @ values).cpu()

    def _of(self, output: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Values [tokens, n], and which tokens count, in the same precision."""
        values = output.flatten(0, 1)
        values = values.to(torch.promote_types(values.dtype, torch.float32))
        return values, self._counted.to(values.device, values.dtype)
