"""Many LoRA adapters over one base model at once: every lesson's rows of a batch go through its own.

The base's products are made once for all lessons, and an adapter's as one batched product, so what differs from as many single
PEFT models is the rounding of sums and nothing else.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from isogloss.config import Teaching
from isogloss.models.local import without_adapter
from isogloss.teaching.coverage import LEAST, coverage

Adapter = dict[str, torch.Tensor]  # weights by their names in PEFT's files
ATTENTION = "attn|attention"  # what models call the parts of which layers: attention adapts the linear layers
PREFIX = "base_model.model."  # of those names, before the name of the layer


def new_adapter(base: PreTrainedModel, teaching: Teaching, seed: int) -> tuple[Adapter, LoraConfig]:
    """A fresh adapter for every linear layer but the output layer, or every one of attention, and its configuration.

    Where all weights are trained (`layers: full`), a layer's adapter is as wide as the layer's narrower side, and one of its two
    matrices the unit matrix, so that the other is what is added to the layer's weights. ValueError if there are no such layers,
    if PEFT puts no adapter on one of them, or if all are meant and they are too small a part of the model.
    """
    torch.manual_seed(seed)
    full = teaching.layers == "full"
    layers = linear(base, within=ATTENTION if teaching.layers == "attention" else "")
    if teaching.layers != "attention" and (found := coverage(base, layers)).share < LEAST:
        raise ValueError(
            f"layers: {teaching.layers} cannot be kept: {found.said(type(base).__name__)}, which are no linear layers that an "
            f"adapter can be put on; {instead(base)}"
        )
    targets = "all-linear" if teaching.layers == "all" else sorted(layers)
    widths = {name: min(layer.weight.shape) for name, layer in layers.items()} if full else {}
    settings = LoraConfig(
        r=1 if full else teaching.rank,
        lora_alpha=1 if full else teaching.alpha,
        rank_pattern=widths,
        alpha_pattern=widths,
        lora_dropout=0.0,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )
    try:
        with warnings.catch_warnings():  # PEFT asks for what transformers calls otherwise by now
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
            model = get_peft_model(base, settings)
    except ValueError as error:
        raise ValueError(f"PEFT puts no adapters on some layers of {type(base).__name__} ({error}); {instead(base)}") from error
    adapter = {name: tensor.clone() for name, tensor in get_peft_model_state_dict(model).items()}
    if full:
        fixed = units(adapter)
        adapter = {name: torch.eye(*w.shape).to(w) if name in fixed else torch.zeros_like(w) for name, w in adapter.items()}
    configuration = model.peft_config["default"]
    without_adapter(model)
    configuration.inference_mode = True  # as PEFT has it in files
    configuration.target_modules = sorted(configuration.target_modules)  # a set is written in another order every time
    return adapter, configuration


def linear(base: PreTrainedModel, within: str) -> dict[str, torch.nn.Linear | Conv1D]:
    """The linear layers but the output layer, by name, within parts called so (a pattern); ValueError if there are none."""
    output = base.get_output_embeddings()
    found = {
        name: layer
        for name, layer in base.named_modules()
        if isinstance(layer, torch.nn.Linear | Conv1D) and layer is not output and re.search(within, name.rpartition(".")[0])
    }
    if not found:
        where = f" within parts called {within}" if within else ""
        raise ValueError(f"{type(base).__name__} has no linear layers{where}; write layers: all")
    return found


def instead(base: PreTrainedModel) -> str:
    """What can be taught where not all of a model can."""
    attention = any(isinstance(layer, torch.nn.Linear) and re.search(ATTENTION, name) for name, layer in base.named_modules())
    first = "write layers: attention under teaching, to teach its attention alone, or " if attention else ""
    return f"{first}name a model without such parts"


def units(adapter: Adapter) -> set[str]:
    """The names of the unit matrices of an adapter as wide as its layers: the first of a layer's two if it is square."""
    square = {name.replace(".lora_A.", ".lora_B."): w.shape[0] == w.shape[1] for name, w in adapter.items() if ".lora_A." in name}
    return {of_b.replace(".lora_B.", ".lora_A.") if first else of_b for of_b, first in square.items()}


def layer_of(name: str) -> str:
    """The layer that a weight of an adapter belongs to."""
    return name.removeprefix(PREFIX).rsplit(".lora_", 1)[0]


class StackedLinear(torch.nn.Module):
    """A linear layer with an adapter for each lesson: of an input [lessons x rows, t, in] every lesson's rows go through its own.

    `down` is [lessons, rank, in] and `up` [lessons, out, rank]; an input has rows of the lessons `chosen` (None: of all), in
    their order and as many of each.
    """

    def __init__(self, base: torch.nn.Linear, down: torch.Tensor, up: torch.Tensor, scale: float):
        super().__init__()
        self.base = base
        self.down, self.up = torch.nn.Parameter(down), torch.nn.Parameter(up)
        self.scale = scale
        self.chosen: list[int] | None = None

    @property
    def weight(self) -> torch.Tensor:
        """ValueError: there are models that take a layer's weights past the layer, where adapters would have no effect."""
        raise ValueError(
            "this model takes the weights of a linear layer past the layer, where an adapter would have no effect; write layers: "
            "attention under teaching, or name another model"
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [lessons x rows, t, in] to [lessons x rows, t, out]."""
        down, up = (self.down, self.up) if self.chosen is None else (self.down[self.chosen], self.up[self.chosen])
        inner = x.reshape(len(down), -1, x.shape[-1]) @ down.transpose(1, 2)
        whole = self.base(x)
        by_lesson = whole.view(len(down), -1, whole.shape[-1])
        return torch.baddbmm(by_lesson, inner, up.transpose(1, 2), alpha=self.scale).view_as(whole)


class Stack:
    """The stacked layers of a model, and the adapters in them."""

    def __init__(self, layers: dict[str, StackedLinear], count: int):
        self._layers = layers
        sides = {"A": "down", "B": "up"}
        self.weights = {
            f"{PREFIX}{name}.lora_{side}.weight": getattr(layer, of)
            for name, layer in layers.items()
            for side, of in sides.items()
        }
        # a lesson's adapter shares memory with the stack, so it can have an optimizer of its own
        self.adapters = [{name: torch.nn.Parameter(p.data[k]) for name, p in self.weights.items()} for k in range(count)]

    def fix(self, names: set[str]) -> None:
        """Keep these weights as they are in every adapter."""
        for weights in (self.weights, *self.adapters):
            for name in names:
                weights[name].requires_grad_(False)

    def choose(self, lessons: list[int]) -> None:
        """Of which lessons the next inputs have rows."""
        for layer in self._layers.values():
            layer.chosen = None if len(lessons) == len(self.adapters) else lessons

    def hand_on_gradients(self, lessons: list[int]) -> None:
        """Give these lessons' adapters their part of the gradients."""
        for k in lessons:
            for name, p in self.adapters[k].items():
                if p.requires_grad:
                    p.grad = self.weights[name].grad[k]

    def forget_gradients(self) -> None:
        """Free them."""
        for p in (*self.weights.values(), *(p for adapter in self.adapters for p in adapter.values())):
            p.grad = None


@contextmanager
def stacked(
    base: PreTrainedModel, adapters: list[Adapter], scale: float, precision: torch.dtype | None = None
) -> Iterator[Stack]:
    """`base` with several adapters at once, each scaled by `scale`, in a precision (None: their own); afterwards it is as it
    was."""
    names = sorted({layer_of(name) for name in adapters[0]})

    def stack(name: str, side: str) -> torch.Tensor:
        return torch.stack([adapter[f"{PREFIX}{name}.lora_{side}.weight"] for adapter in adapters]).to(
            base.get_submodule(name).weight.device, precision
        )

    layers = {name: StackedLinear(base.get_submodule(name), stack(name, "A"), stack(name, "B"), scale) for name in names}
    count, adapters = len(adapters), []  # they were copied, and may have no other use
    try:
        for name, layer in layers.items():
            base.set_submodule(name, layer)
        yield Stack(layers, count)
    finally:
        for name, layer in layers.items():
            base.set_submodule(name, layer.base)
