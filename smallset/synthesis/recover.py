"""The engine: it changes the images of a batch by gradients.

This is SRe2L's second stage (arXiv 2306.13092). At the end, an observer recognises the class of
each image, and its layers see statistics like those of its training data. The variable is one
float32 tensor of normalised pixels. The engine uses a copy of the observer, in eval mode with
frozen weights, and leaves the given network as it was.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from smallset.lazy import F, Tensor, torch
from smallset.models import Network
from smallset.records import Progress
from smallset.shapes import Float, Float32, Int64, UInt8
from smallset.store.past import COLUMNS
from smallset.synthesis.augment import Augment, Draws
from smallset.synthesis.statistics import Watch
from smallset.train.device import Machine

VERSION = "recover-2"
"""It changes when the same batch would give other pixels."""

BETAS = (0.5, 0.9)


@dataclass(frozen=True)
class Batch:
    """The images that are made together: their first pixels, their classes, and the batch's seed.

    `start` holds normalised pixels. `turn` is the number of iterations of all batches before this
    one. If there are several observers, it decides whose turn is first.
    """

    start: Float32[np.ndarray, "b 3 s s"]
    labels: Int64[np.ndarray, " b"]
    seed: int
    turn: int = 0


@runtime_checkable
class Matching(Protocol):
    """What the layers of an observer should see in a batch."""

    def watch(self, network: Network, batch: Batch) -> Watch:
        """Start to watch the layers of a network, which must be on its device already."""


@dataclass(frozen=True)
class Look:
    """The state of an iteration: images, labels, what the observer sees of them, and its logits."""

    images: Float32[Tensor, "b 3 s s"]
    view: Float32[Tensor, "b 3 s s"]
    logits: Float32[Tensor, "b c"]
    labels: Int64[Tensor, " b"]
    again: Callable[[Tensor], Tensor]
    """Returns the logits of other images under the same view, without gradients."""


Term = Callable[[Look], Tensor]
"""A further term of the loss. One object serves one batch and may remember iterations."""

Ascent = Callable[[Network, Tensor, Tensor], None]
"""Moves the weights of a copy of an observer, given a view and its labels, before a batch."""


@dataclass(frozen=True)
class Recipe:
    """The numbers of a recovery.

    `weight` is the weight of the statistics in the loss; the cross entropy has weight 1. Each
    function of `terms` makes a further term for one batch. `ascent` moves the weights of each
    observer's copy before the first iteration.
    """

    iterations: int
    rate: float
    weight: float
    augment: Augment
    terms: tuple[Callable[[], Term], ...] = ()
    ascent: Ascent | None = None

    def rate_at(self, iteration: int) -> float:
        """Return the learning rate: a cosine from `rate` towards 0, changed every iteration."""
        return self.rate * (1 + math.cos(math.pi * iteration / self.iterations)) / 2


@dataclass(frozen=True)
class Watched:
    """An observer and what its layers should see."""

    network: Network
    matching: Matching


def recover(
    batch: Batch,
    observers: Sequence[Watched],
    recipe: Recipe,
    *,
    machine: Machine,
    progress: Progress | None = None,
    past: Sequence[int] = (),
) -> UInt8[np.ndarray, "k s s 3"]:
    """Return the images of a batch after the last iteration.

    After them come the first `COLUMNS` images as they were after each number of iterations in
    `past`. These numbers ascend, and all are below `recipe.iterations`.

    Each iteration uses one observer, in turn. Pixels are normalised as the first observer does.
    `progress` gets ("recover", iterations done, all iterations). Raises FloatingPointError if the
    images are no longer finite.
    """
    space = Space.of(observers[0].network, machine)
    black, white = -space.mean / space.std, (1 - space.mean) / space.std
    images = torch.from_numpy(batch.start).to(machine.device, copy=True).requires_grad_()
    labels = torch.from_numpy(batch.labels).to(machine.device)
    draws = recipe.augment.drawn(batch.seed, max(recipe.iterations, 1))
    first = draws.view(images.detach(), 0)
    eyes = [_Eye(one, batch, recipe, space, machine, first) for one in observers]
    terms = [start() for start in recipe.terms]
    optimizer = torch.optim.Adam([images], recipe.rate, BETAS, eps=1e-8, fused=True)
    seen = []
    for t in range(recipe.iterations):
        if t in past:
            seen.append(space.pixels(images.detach()[:COLUMNS]))
        eye = eyes[(batch.turn + t) % len(eyes)]
        view = draws.view(images, t)
        logits = eye.look(view, t)
        loss = F.cross_entropy(logits, labels)
        for term in terms:
            again = partial(eye.again, draws, t)
            loss = loss + term(Look(images, view, logits, labels, again))
        images.grad = None
        eye.backward(loss)
        optimizer.param_groups[0]["lr"] = recipe.rate_at(t)
        optimizer.step()
        with torch.no_grad():
            torch.clamp(images, black, white, out=images)
        if progress is not None:
            progress("recover", t + 1, recipe.iterations)
    return np.concatenate([space.pixels(images.detach()), *seen])


@dataclass(frozen=True)
class Space:
    """The normalisation in which the images of a batch are changed."""

    mean: Float32[Tensor, "1 3 1 1"]
    std: Float32[Tensor, "1 3 1 1"]

    @classmethod
    def of(cls, network: Network, machine: Machine) -> "Space":
        """Return the normalisation of a network."""
        return cls(network.mean.to(machine.device), network.std.to(machine.device))

    def moved(self, images: Float[Tensor, "b 3 s s"], to: "Space") -> Float[Tensor, "b 3 s s"]:
        """Return the same images in another normalisation."""
        if torch.equal(self.mean, to.mean) and torch.equal(self.std, to.std):
            return images
        return (images * self.std + self.mean - to.mean) / to.std

    def pixels(self, images: Float32[Tensor, "b 3 s s"]) -> UInt8[np.ndarray, "b s s 3"]:
        """Return the images as bytes, rounded down.

        Raises FloatingPointError if a pixel is not finite.
        """
        if not bool(images.isfinite().all()):
            raise FloatingPointError(
                "the images of a batch are no longer finite. Needed finite pixels. Try a smaller "
                "rate, --precision float32, or another observer."
            )
        shown = (images * self.std + self.mean).clamp(0, 1).mul(255).to(torch.uint8)
        return shown.permute(0, 2, 3, 1).cpu().contiguous().numpy()


class _Eye:
    """A copy of one observer for one batch, whose layers are watched."""

    def __init__(
        self,
        watched: Watched,
        batch: Batch,
        recipe: Recipe,
        space: Space,
        machine: Machine,
        first: Float32[Tensor, "b 3 s s"],
    ) -> None:
        network = copy.deepcopy(watched.network).requires_grad_(False).eval()
        machine.place(network)
        self._network, self._machine = network, machine
        self._own, self._space = Space.of(network, machine), space
        if recipe.ascent is not None:
            labels = torch.from_numpy(batch.labels).to(machine.device)
            with machine.autocast():
                recipe.ascent(network, space.moved(first, self._own), labels)
        self._weight = recipe.weight
        self._watch = watched.matching.watch(network, batch) if recipe.weight else None
        self._pulled: tuple[list[Tensor], list[Tensor]] = ([], [])
        if machine.precision == "bfloat16":
            # Autocast would convert the same weights again in each iteration.
            for module in network.modules():
                if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
                    module.to(torch.bfloat16)

    def look(self, view: Tensor, iteration: int) -> Float32[Tensor, "b c"]:
        """Return the logits of a view, and keep the gradient of what the layers see."""
        if self._watch is None:
            return self._logits(view)
        self._watch.begin(iteration)
        logits = self._logits(view)
        self._pulled = self._watch.pull(self._weight, iteration)
        return logits

    def again(self, draws: Draws, iteration: int, images: Tensor) -> Float32[Tensor, "b c"]:
        """Return the logits of other images under the view of an iteration, without gradients."""
        with torch.no_grad():
            return self._logits(draws.view(images, iteration))

    def backward(self, loss: Tensor) -> None:
        """Find the gradient to the images, from a loss and from what the layers saw."""
        vectors, gradients = self._pulled
        torch.autograd.backward([loss, *vectors], [torch.ones_like(loss), *gradients])

    def _logits(self, view: Tensor) -> Float32[Tensor, "b c"]:
        with self._machine.autocast():
            return self._network.logits(self._space.moved(view, self._own)).float()
