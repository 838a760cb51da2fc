"""The one training loop: students, observers and teachers all pass through `fit`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol as Shape
from typing import runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Int32, Int64, UInt8
from torch import Tensor, nn

from smallset.records import Progress
from smallset.seeds import generator
from smallset.train.device import Machine
from smallset.train.protocol import Protocol
from smallset.train.render import render
from smallset.train.views import View, draw_epoch


@runtime_checkable
class Images(Shape):
    """What the loop asks of a set: how many, their side in pixels, and any batch as uint8."""

    @property
    def size(self) -> int:
        """Side in pixels."""

    def __len__(self) -> int: ...

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Give the images at `indices`."""


@dataclass(frozen=True)
class InMemory:
    """A small set as one uint8 tensor, on the device where it is used."""

    pixels: UInt8[Tensor, "m 3 s s"]

    @property
    def size(self) -> int:
        """Side in pixels."""
        return int(self.pixels.shape[-1])

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, indices: Int64[np.ndarray, " b"]) -> UInt8[Tensor, "b 3 s s"]:
        """Give the images at `indices`, on the device."""
        return self.pixels[torch.from_numpy(indices).to(self.pixels.device)]


@dataclass(frozen=True)
class Fitted:
    """What a training run was: steps, images seen, seconds, the last epoch's mean loss."""

    steps: int
    images: int
    seconds: float
    loss: float


@dataclass(frozen=True)
class Order:
    """The seeds of a run: `student` orders the batches, `view` draws the views."""

    student: int
    view: int


def fit(
    model: nn.Module,
    images: Images,
    labels: Int64[np.ndarray, " m"],
    tile_box: Int32[np.ndarray, "m tiles 4"],
    *,
    protocol: Protocol,
    view: View,
    seeds: Order,
    machine: Machine,
    run: nn.Module | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    epochs: range | None = None,
    progress: Progress | None = None,
    after_epoch: Callable[[int], None] | None = None,
) -> Fitted:
    """Train `model` in place; same seeds and machine, same weights.

    `run` is what is called (the compiled twin of `model`, say), `epochs` a part of the protocol's
    (a resumed run, with its `optimizer`), `after_epoch` is told each finished epoch. Raises
    FloatingPointError, with the epoch and step, when the loss is no longer finite.
    """
    optimizer = protocol.optimizer_for(model) if optimizer is None else optimizer
    run = model if run is None else run
    target = torch.tensor(labels).to(machine.device)
    span = range(protocol.epochs) if epochs is None else epochs
    steps, loss, seconds = 0, float("nan"), 0.0
    seen = span.start * len(images)
    for epoch in span:
        started = time.perf_counter()
        model.train()
        for group in optimizer.param_groups:
            group["lr"] = protocol.rate_at(epoch)
        losses = []
        drawn = draw_epoch(view, tile_box, seed=seeds.view, epoch=epoch)
        for indices in batches(len(images), protocol.batch, seed=seeds.student, epoch=epoch):
            pixels = images.batch(indices).to(machine.device)
            pixels = render(pixels, drawn.take(indices), size=images.size)
            with machine.autocast():
                logits = run(pixels)
            step_loss = F.cross_entropy(
                logits.float(), target[torch.from_numpy(indices).to(target.device)]
            )
            optimizer.zero_grad(set_to_none=True)
            step_loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(step_loss.detach())
            seen += len(indices)
            if progress is not None:
                progress("train", seen, protocol.epochs * len(images))
        loss = _mean_finite(torch.stack(losses), epoch, protocol)
        steps += len(losses)
        seconds += time.perf_counter() - started
        if after_epoch is not None:
            after_epoch(epoch)
    return Fitted(steps, len(span) * len(images), seconds, loss)


def batches(images: int, batch: int, *, seed: int, epoch: int) -> list[Int64[np.ndarray, " b"]]:
    """Cut one epoch's permutation into batches, the last one kept.

    A last batch of a single image joins the one before it: BatchNorm has no variance of one value.
    """
    order = generator(seed, "order", epoch).permutation(images)
    cuts = list(range(batch, images, batch))
    if cuts and images - cuts[-1] == 1:
        cuts.pop()
    return np.split(order, cuts)


def _mean_finite(losses: Tensor, epoch: int, protocol: Protocol) -> float:
    bad = (~losses.isfinite()).nonzero()
    if len(bad):
        step = int(bad[0, 0])
        raise FloatingPointError(
            f"the loss became {float(losses[step])} in epoch {epoch + 1} of {protocol.epochs}, "
            f"step {step + 1} of {len(losses)} (protocol {protocol.name}). "
            "Try --precision float32, or another protocol or student."
        )
    return float(losses.mean())
