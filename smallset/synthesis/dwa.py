"""DWA: SRe2L from real images, with an observer whose weights move a little for each batch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from smallset.lazy import F, Tensor, torch
from smallset.models import Network
from smallset.observers.observed import Observed
from smallset.shapes import Float32, Int64
from smallset.synthesis.optimised import Numbers
from smallset.synthesis.recover import Recipe
from smallset.synthesis.sre2l import SRe2L
from smallset.synthesis.starts import Start, check_real, real_start


@dataclass(frozen=True)
class DWA(SRe2L):
    """SRe2L from real images, with observer weights moved for each batch (arXiv 2409.17612).

    An image starts from noise or from a real image of its class (`init`). The distance of the
    variances counts `r_var` times. Before a batch is made, a copy of the observer's weights takes
    `steps` steps that increase the cross entropy of the batch. The steps have the total length
    `radius`. An option that is None takes its number from the published `setting`.
    """

    init: Literal["noise", "real"] = "real"
    r_var: float | None = None
    steps: int | None = None
    radius: float | None = None

    settings: ClassVar[Mapping[str, Numbers]] = {
        "imagenet": Numbers(2000, 0.25, 100, (0, 32), r_bn=0.01, r_var=2, steps=15, radius=0.015),
        "tiny": Numbers(2000, 0.1, 200, (0, 4), r_bn=0.01, r_var=11, steps=12, radius=0.015),
        "cifar": Numbers(
            1000, 0.25, 100, (0, 4), (1, 1), 0, r_bn=0.01, r_var=11, steps=12, radius=0.015
        ),
    }

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError if SRe2L would, or if there are too few real images to start from."""
        super().check(seen, counts)
        if self.init == "real":
            check_real("dwa", seen, counts)

    def recipe(self, size: int) -> Recipe:
        """Return the recipe of the engine. It moves the weights first if `steps` is above 0."""
        recipe, numbers = super().recipe(size), self.numbers(size)
        if not numbers.steps:
            return recipe
        return replace(recipe, ascent=Directed(numbers.steps, numbers.radius))

    def _start(
        self, seen: Observed, network: Network, counts: Int64[np.ndarray, " c"], seed: int
    ) -> Start:
        if self.init == "noise":
            return super()._start(seen, network, counts, seed)
        return real_start(seen, network, counts, seed)


@dataclass(frozen=True)
class Directed:
    """Directed weight adjustment: `steps` steps up the cross entropy, of total length `radius`."""

    steps: int
    radius: float

    def __call__(
        self, network: Network, view: Float32[Tensor, "b 3 s s"], labels: Int64[Tensor, " b"]
    ) -> None:
        """Move all parameters of the network in place."""
        parameters = [*network.requires_grad_(True).parameters()]
        for _ in range(self.steps):
            loss = F.cross_entropy(network.logits(view).float(), labels)
            found = torch.autograd.grad(loss, parameters, materialize_grads=True)
            far = torch.linalg.vector_norm(
                torch.stack([torch.linalg.vector_norm(g) for g in found])
            )
            with torch.no_grad():
                for parameter, gradient in zip(parameters, found, strict=True):
                    parameter.add_(gradient * (self.radius / self.steps / (far + 1e-12)))
        network.requires_grad_(False)
