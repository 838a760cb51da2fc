"""What a pool of observers matches: the inputs of BatchNorm layers and convolutions, with memory.

G-VBSM (arXiv 2311.17950) matches the whole batch. EDC (arXiv 2404.13733) also matches each class.
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
    """The targets of the statistics of one observer's layers.

    An average over iterations is compared with the targets. It has a share `memory` of the average
    before, and the rest is the current statistic. An iteration leaves a convolution out with
    probability `drop`. `patch` is the side of a cell. The first layer counts `first` times.

    `whole` holds the targets for the whole batch, but BatchNorm layers have their running
    statistics as targets. If it is None, only BatchNorm layers are compared. The distances of the
    whole batch have the weight `shared`.

    `of_classes` holds the targets of each class, whose distances have the remaining weight. With
    class_term="paper", the images of each class in the batch are compared with the targets of the
    class, weighted by their share of the batch. With "code", the whole batch is compared with the
    mean of the targets over its images.
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
        """Watch the BatchNorm layers and, if `whole` is given, the convolutions."""
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
        """Return a function that reads a layer's statistics: of the whole batch, then by class."""
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
    """Distances of averages over iterations from their targets. Iterations may leave layers out.

    `owners` holds the layer of each vector. Each iteration leaves a layer of `dropped` out with
    probability `drop`. An average begins with the first statistic, and later has a share `memory`
    of the average before. Its gradient is that of the current statistic.
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
        """Return the positions of the layers that an iteration leaves out, drawn from the seed."""
        if not self._drop:
            return ()
        numbers = generator(self._seed, "left out", iteration).random(self._owners.max() + 1)
        return {place for place in self._dropped if numbers[place] < self._drop}

    def __call__(self, flat: Float32[Tensor, " n"], iteration: int = 0) -> Float32[Tensor, ""]:
        """Update the averages with the statistics of an iteration, and return the cost."""
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
    """Cut a row of statistics into the vectors of each layer: two, or four for a convolution."""
    vectors = iter(torch.split(torch.from_numpy(row), found.lengths.tolist()))
    return [
        [next(vectors) for _ in range(4 if isinstance(layer, torch.nn.Conv2d) else 2)]
        for layer in layers
    ]
