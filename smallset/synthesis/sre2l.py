"""SRe2L: noise, changed until an observer sees its class in it, and training data in the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smallset.lazy import Tensor, torch
from smallset.models import Network
from smallset.observers import AnyObserver, Observer
from smallset.observers.observed import Observed
from smallset.shapes import Float32, Int64
from smallset.store import Rows
from smallset.synthesis.batches import by_rank
from smallset.synthesis.optimised import Numbers, Optimised, Setting
from smallset.synthesis.recover import Batch
from smallset.synthesis.statistics import Distances, Watch, batch_norms, moments, running
from smallset.synthesis.synthesis import check_numbers


@dataclass(frozen=True)
class SRe2L(Optimised):
    """Noise, changed until an observer sees its class and training data in it (arXiv 2306.13092).

    A batch holds one image of each of `batch` classes. The loss is the cross entropy plus `r_bn`
    times the distances of the batch's means and variances from the running statistics of the
    observer's BatchNorm layers. The first layer counts `first` times. In each iteration the
    observer sees a random resized crop of a share `area`, mirrored with probability `flip`, and
    shifted by `roll` pixels. An option that is None takes its number from the published `setting`,
    which auto chooses by the size of the images.
    """

    observer: AnyObserver = Observer()
    setting: Setting = "auto"
    iterations: int | None = None
    rate: float | None = None
    r_bn: float | None = None
    first: float = 10.0
    batch: int | None = None
    area: tuple[float, float] | None = None
    flip: float | None = None
    roll: tuple[int, int] | None = None

    settings: ClassVar[Mapping[str, Numbers]] = {
        "imagenet": Numbers(4000, 0.25, 100, (0, 32), r_bn=0.01),
        "tiny": Numbers(4000, 0.1, 100, (-4, 4), r_bn=1.0),
        "cifar": Numbers(1000, 0.25, 100, (0, 4), (1.0, 1.0), 0.0, r_bn=0.01),
    }

    def __post_init__(self) -> None:
        whole = self.batch is None or self.batch >= 1
        check_numbers(self, batch=(whole, "the images made together, at least 1"))
        super().__post_init__()

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observer."""
        return (self.observer,)

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError if the observer has no BatchNorm layer, unless `r_bn` is 0."""
        del counts
        if self.numbers(seen.images.size).r_bn:
            self._check_norms(seen)

    def _batches(self, counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
        return by_rank(counts, images)

    def _targets(self, seen: Observed, observer: AnyObserver, numbers: Numbers) -> "NormTargets":
        return NormTargets(self.first, numbers.r_var)


@dataclass(frozen=True, eq=False)
class NormTargets:
    """The mean and variance that the input of each BatchNorm layer should have.

    The cost of a layer is the distance of the means plus `variance` times that of the variances.
    The first layer counts `first` times. The targets are the running statistics of the observer.
    With `of_classes`, they are the row of the only class in the batch.
    """

    first: float = 10.0
    variance: float = 1.0
    of_classes: Float32[np.ndarray, "c n"] | None = None

    def watch(self, network: Network, batch: Batch) -> Watch:
        """Watch the BatchNorm layers."""
        norms = batch_norms(network.net)
        weights: list[float] = []
        for place in range(len(norms)):
            factor = 1.0 if place else self.first
            weights += [factor, factor * self.variance]
        distances = Distances(self._targets(norms, batch, network.mean.device), weights)
        return Watch([(norm, moments) for norm in norms], distances)

    def _targets(
        self, norms: "Sequence[torch.nn.BatchNorm2d]", batch: Batch, device: "torch.device"
    ) -> list[Tensor]:
        """Return the mean and the variance of each layer."""
        if self.of_classes is None:
            return running(norms)
        own = torch.from_numpy(self.of_classes[int(batch.labels[0])]).to(device)
        return [*torch.split(own, [n for norm in norms for n in (norm.num_features,) * 2])]
