"""Protocols: how a network is trained, as named and versioned constants."""

from dataclasses import dataclass
from math import cos, pi
from typing import Literal

import torch
from torch import nn

from smallset.spec import nearest


@dataclass(frozen=True)
class Protocol:
    """Everything about training but the data, the network, the view and the seeds.

    The rate of epoch e of E is `rate * 0.5 (1 + cos(pi e / E))`; weight decay acts on tensors with
    more than one dimension only; the loss is cross-entropy with hard labels; the last epoch counts.
    """

    name: str
    line: str
    batch: int
    epochs: int
    optimizer: Literal["adamw", "sgd"]
    rate: float
    weight_decay: float
    momentum: tuple[float, float]

    def rate_at(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 0."""
        return self.rate * 0.5 * (1 + cos(pi * epoch / self.epochs))

    def optimizer_for(self, model: nn.Module) -> torch.optim.Optimizer:
        """Give the optimiser, with decay on matrices and kernels and none on norms and biases."""
        parameters = [p for p in model.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        if self.optimizer == "adamw":
            return torch.optim.AdamW(groups, self.rate, betas=self.momentum, fused=True)
        return torch.optim.SGD(
            groups, self.rate, momentum=self.momentum[0], nesterov=True, fused=True
        )


STANDARD_V1 = Protocol(
    "standard-v1",
    "AdamW 1e-3, cosine, 300 epochs, batch 128, hard labels (arXiv 2502.06434, last epoch)",
    batch=128, epochs=300, optimizer="adamw", rate=1e-3, weight_decay=0.01, momentum=(0.9, 0.999),
)  # fmt: skip
SMALL_V1 = Protocol(
    "small-v1",
    "standard-v1 with batch 50, for sets of under 1,280 images",
    batch=50, epochs=300, optimizer="adamw", rate=1e-3, weight_decay=0.01, momentum=(0.9, 0.999),
)  # fmt: skip
PROTOCOLS: dict[str, Protocol] = {p.name: p for p in (STANDARD_V1, SMALL_V1)}


def protocol_for(name: str | None, *, images: int) -> Protocol:
    """Give the named protocol, or by default the one for a set of so many images."""
    if name is None:
        return SMALL_V1 if images < 1280 else STANDARD_V1
    if name not in PROTOCOLS:
        raise ValueError(f"there is no protocol {name!r}. {nearest(name, PROTOCOLS)}")
    return PROTOCOLS[name]
