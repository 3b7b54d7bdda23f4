"""Muon (Jordan et al. 2024) in a precision of choice.

torch's own works in bfloat16, in which processors that have no instructions for it are a hundred times slower than in float32.
"""

import itertools
from collections.abc import Iterable

import torch

COEFFICIENTS = 3.4445, -4.7750, 2.0315  # of the quintic iteration, as published: steep at zero, about one everywhere else
ITERATIONS = 5


def orthogonalised(matrices: torch.Tensor) -> torch.Tensor:
    """Matrices [n, rows, columns] with their singular values brought to about one, by Newton-Schulz iteration."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum whose update is orthogonalised; matrices of one shape are updated together."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float, momentum: float, precision: torch.dtype):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})
        self.precision = precision

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter by its gradient."""
        for group in self.param_groups:
            parameters = sorted(group["params"], key=lambda p: p.shape)
            for (rows, columns), same in itertools.groupby(parameters, key=lambda p: p.shape):
                same = list(same)
                updates = torch.stack([self._with_momentum(p, group["momentum"]) for p in same])
                updates = orthogonalised(updates.to(self.precision)).float()
                for p, update in zip(same, updates, strict=True):
                    p.add_(update, alpha=-group["lr"] * max(1, rows / columns) ** 0.5)

    def _with_momentum(self, p: torch.nn.Parameter, momentum: float) -> torch.Tensor:
        average = self.state[p].setdefault("momentum", torch.zeros_like(p))
        average.lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(average, momentum)
