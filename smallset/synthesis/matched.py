"""What a pool of observers matches: the inputs of BatchNorm layers and convolutions, with memory.

G-VBSM's matching (arXiv 2311.17950) and EDC's (arXiv 2404.13733), which adds each class's own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from smallset.lazy import Module, Tensor, torch
from smallset.models import Network
from smallset.seeds import generator
from smallset.shapes import Float32, Int64
from smallset.synthesis.layers import LayerStatistics, watched_layers
from smallset.synthesis.recover import Batch
from smallset.synthesis.statistics import (
    Distances,
    Read,
    Watch,
    cell_sums,
    channel_sums,
    moments,
    over_images,
    running,
)

ClassTerm = Literal["paper", "code"]


@dataclass(frozen=True, eq=False)
class PoolTargets:
    """The statistics of the layers of one observer.

    What is compared is an average over iterations: `memory` of the one before, the rest of the
    current statistic. A convolution is left out of an iteration with probability `drop`. `patch` is
    the side of a cell. The first layer counts `first` times.

    `whole` are the targets of the whole batch, but BatchNorm layers have their running statistics;
    None is for these layers alone. They weigh `shared`, and `of_classes` the rest: as the paper has
    them, by class, the distance of its images in the batch by their share of the batch; as the code
    has them, the distance of the whole batch from the mean target of its images' classes.
    """

    whole: LayerStatistics | None = None
    of_classes: LayerStatistics | None = None
    memory: float = 0.8
    drop: float = 0.4
    patch: int = 4
    shared: float = 1.0
    class_term: ClassTerm = "paper"
    first: float = 10.0

    def watch(self, network: Network, batch: Batch) -> Watch:
        """Watch the layers."""
        layers = watched_layers(network.net, "norms" if self.whole is None else "all")
        device = network.mean.device
        classes = _Classes.of(batch.labels, device)
        groups = [(self.shared, self._whole(layers)), *self._by_class(layers, classes)]
        owners, weights, targets = zip(
            *(
                (place, weight * (1.0 if place else self.first), vector.to(device))
                for place in range(len(layers))
                for weight, group in groups
                for vector in group[place]
            ),
            strict=True,
        )
        dropped = {i for i, m in enumerate(layers) if isinstance(m, torch.nn.Conv2d)}
        cost = Remembered(targets, weights, owners, self.memory, self.drop, dropped, batch.seed)
        return Watch([(layer, self._read(layer, classes)) for layer in layers], cost)

    def _whole(self, layers: Sequence[Module]) -> list[list[Tensor]]:
        """Return each layer's targets for the whole batch."""
        kept: list[list[Tensor]] = [[] for _ in layers]
        if self.whole is not None:
            kept = _by_layer(layers, self.whole, self.whole.values[0])
        for own, layer in zip(kept, layers, strict=True):
            if isinstance(layer, torch.nn.BatchNorm2d):
                own[:] = running([layer])
        return kept

    def _by_class(
        self, layers: Sequence[Module], classes: "_Classes"
    ) -> list[tuple[float, list[list[Tensor]]]]:
        """Return a weight and each layer's targets: for each class, or for the mean over images."""
        found = self.of_classes
        if found is None:
            return []
        rows, shares = found.values[classes.labels], classes.shares
        if self.class_term == "code":
            rows, shares = (shares @ rows)[None].astype(np.float32), np.ones(1)
        return [
            ((1 - self.shared) * share, _by_layer(layers, found, row))
            for share, row in zip(shares.tolist(), rows, strict=True)
        ]

    def _read(self, layer: Module, classes: "_Classes") -> Read:
        """Return what reads a layer's statistics: of the whole batch, then by class."""
        cells = isinstance(layer, torch.nn.Conv2d)
        patch = self.patch

        def whole(x: Tensor) -> tuple[Tensor, ...]:
            return (*moments(x), *over_images(*cell_sums(x, patch)))

        def twice(x: Tensor) -> tuple[Tensor, ...]:
            return (whole(x) if cells else moments(x)) * 2

        def by_class(x: Tensor) -> tuple[Tensor, ...]:
            pairs = [channel_sums(x), *([cell_sums(x, patch)] if cells else [])]
            of_batch = [vector for pair in pairs for vector in over_images(*pair)]
            of_class = [
                [v for pair in pairs for v in over_images(*(sums[rows] for sums in pair))]
                for rows in classes.rows
            ]
            return (*of_batch, *(vector for vectors in of_class for vector in vectors))

        if self.of_classes is not None:
            return twice if self.class_term == "code" else by_class
        return whole if cells else moments


class Remembered(Distances):
    """Distances of averages over iterations, some layers left out of some iterations.

    `owners` is the layer of each vector. A layer of `dropped` is left out with probability `drop`.
    An average begins with the first statistic. Its gradient is that of the current statistic.
    """

    def __init__(
        self,
        targets: Sequence[Tensor],
        weights: Sequence[float],
        owners: Sequence[int],
        memory: float,
        drop: float,
        dropped: Collection[int],
        seed: int,
    ) -> None:
        super().__init__(targets, weights)
        self._owners = np.array(owners)
        self._memory, self._drop, self._dropped, self._seed = memory, drop, dropped, seed
        self._value = torch.zeros_like(self._targets)
        self._known = torch.zeros_like(self._targets, dtype=torch.bool)

    def left_out(self, iteration: int) -> Collection[int]:
        """Draw the layers that an iteration leaves out."""
        if not self._drop:
            return ()
        numbers = generator(self._seed, "left out", iteration).random(self._owners.max() + 1)
        return {place for place in self._dropped if numbers[place] < self._drop}

    def __call__(self, flat: Float32[Tensor, " n"], iteration: int = 0) -> Float32[Tensor, ""]:
        """Return the cost of an iteration, and remember it."""
        out = np.isin(self._owners, [*self.left_out(iteration)])
        live = torch.from_numpy(~out).to(flat.device)
        counts = live[self._owner]
        current = flat.detach()
        average = self._memory * self._value + (1 - self._memory) * current
        value = torch.where(self._known, average, current)
        self._value = torch.where(counts, value, self._value)
        self._known |= counts
        return self.sum(flat + (self._value - current), self._weights * live)


@dataclass(frozen=True, eq=False)
class _Classes:
    """The classes in a batch, the share of each, and the positions of its images."""

    labels: Int64[np.ndarray, " k"]
    shares: np.ndarray
    rows: list[Tensor]

    @classmethod
    def of(cls, labels: Int64[np.ndarray, " b"], device: "torch.device") -> "_Classes":
        found, counts = np.unique(labels, return_counts=True)
        rows = [torch.from_numpy(np.flatnonzero(labels == one)).to(device) for one in found]
        return cls(found, counts / len(labels), rows)


def _by_layer(
    layers: Sequence[Module], found: LayerStatistics, row: Float32[np.ndarray, " n"]
) -> list[list[Tensor]]:
    """Cut a row of statistics into the vectors of each layer: two, or four of a convolution."""
    vectors = iter(torch.split(torch.from_numpy(row), found.lengths.tolist()))
    return [
        [next(vectors) for _ in range(4 if isinstance(layer, torch.nn.Conv2d) else 2)]
        for layer in layers
    ]
