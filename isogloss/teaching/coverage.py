"""Which part of a model's weights adapters change."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

LEAST = 0.95  # of the weights that adapters have to reach where all are meant; small filters and routers may be left out


@dataclass(frozen=True)
class Coverage:
    """The share of a model's weights that is adapted, from 0 to 1, and the names of those that are not, the largest first.

    Weights are all matrices but embeddings and the output layer, whatever module they are in: linear layers, experts, routers,
    filters.
    """

    share: float
    left_out: list[str]

    def said(self, model: str) -> str:
        """In words."""
        rest = f"; the rest is {_kinds(self.left_out)}" if self.left_out else ""
        return f"adapters reach {100 * self.share:.1f} % of the weights of {model} (without embeddings and output layer){rest}"


def coverage(base: PreTrainedModel, adapted: Iterable[str]) -> Coverage:
    """How much of a model the layers so named are."""
    reached, output, sizes = set(adapted), base.get_output_embeddings(), {}
    for name, module in base.named_modules():
        if isinstance(module, torch.nn.Embedding) or module is output or module is base.get_input_embeddings():
            continue
        for own, p in module.named_parameters(recurse=False):
            if isinstance(module, torch.nn.Linear) and own == "weight":  # in 4 bits, it is not stored as a matrix
                sizes[f"{name}.{own}"] = module.in_features * module.out_features
            elif p.dim() > 1:
                sizes[f"{name}.{own}"] = math.prod(p.shape)
    left = {name: size for name, size in sizes.items() if not (name.endswith(".weight") and name[: -len(".weight")] in reached)}
    whole = sum(sizes.values())
    share = 1 - sum(left.values()) / whole if whole else 0.0
    return Coverage(share, sorted(left, key=lambda name: (-left[name], name)))


def _kinds(names: list[str]) -> str:
    """Names of weights without the numbers of their layers, once each."""
    kinds = list(dict.fromkeys(".".join("*" if part.isdigit() else part for part in name.split(".")) for name in names))
    more = f" and {len(kinds) - 4} more kinds" if len(kinds) > 4 else ""
    return ", ".join(kinds[:4]) + more
