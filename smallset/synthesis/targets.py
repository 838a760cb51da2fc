"""Targets of a whole batch: what the observer's layers should see, from its running statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smallset.lazy import Tensor, torch
from smallset.shapes import Float32
from smallset.synthesis.recover import Batch
from smallset.synthesis.statistics import Distances, Watch, batch_norms, moments

if TYPE_CHECKING:
    from torch.nn import BatchNorm2d

    from smallset.models.network import Network


@dataclass(frozen=True, eq=False)
class NormTargets:
    """The mean and variance of each BatchNorm layer's input.

    The cost of a layer is `variance` times the distance of the variances plus that of the means;
    that of the first layer counts `first` times. The targets are the running statistics of the
    observer or, if there are moments of each class, those of the one class in the batch.
    """

    first: float = 10.0
    variance: float = 1.0
    of_classes: Float32[np.ndarray, "c n"] | None = None

    def watch(self, network: "Network", batch: Batch) -> Watch:
        """Watch the BatchNorm layers."""
        norms = batch_norms(network.net)
        weights: list[float] = []
        for place in range(len(norms)):
            factor = 1.0 if place else self.first
            weights += [factor, factor * self.variance]
        distances = Distances(self._targets(norms, batch, network.mean.device), weights)
        return Watch([(norm, moments) for norm in norms], distances)

    def _targets(
        self, norms: "Sequence[BatchNorm2d]", batch: Batch, device: "torch.device"
    ) -> list[Tensor]:
        """Return the mean and the variance of each layer."""
        running = [(norm.running_mean, norm.running_var) for norm in norms]
        if self.of_classes is None:
            return [one for pair in running for one in pair if one is not None]
        own = torch.from_numpy(self.of_classes[int(batch.labels[0])]).to(device)
        return [*torch.split(own, [n for norm in norms for n in (norm.num_features,) * 2])]
