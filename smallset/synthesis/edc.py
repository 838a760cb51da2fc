"""EDC: real images, changed by a pool of observers and by the statistics of each class."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from smallset.budget import Wanted
from smallset.lazy import F, Tensor
from smallset.models import Network
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.shapes import Int64
from smallset.synthesis.layers import Pass, by_class
from smallset.synthesis.matched import ClassTerm, PoolTargets
from smallset.synthesis.optimised import Numbers
from smallset.synthesis.pools import Pooled
from smallset.synthesis.rded import RDED
from smallset.synthesis.recover import Look, Recipe
from smallset.synthesis.starts import Init, PixelStart, Start, check_real, real_start
from smallset.synthesis.synthesis import check_numbers


@dataclass(frozen=True)
class EDC(Pooled):
    """Real images changed by a pool of observers, towards their class too (arXiv 2404.13733).

    EDC is g-vbsm with these differences. `init` is what images start from: different real images of
    their class, mirrored by chance, or at ImageNet's sizes canvases of rded through the first
    observer. The distances from the statistics of all data have the weight `shared`, and those from
    the statistics of the images' classes have the rest. `class_term` computes the latter as the
    paper or as its code does. `flatness` is the weight of the paper's term that keeps the logits
    near those of an average over iterations; it is 0 in the code and in all published numbers. The
    numbers of `cifar` are for CIFAR-10. For CIFAR-100, give iterations=2000, batch=100 and
    area=(0.5, 1).
    """

    init: Init | None = None
    shared: float = 0.5
    class_term: ClassTerm = "paper"
    flatness: float = 0.0

    settings: ClassVar[Mapping[str, Numbers]] = {
        "imagenet": Numbers(
            2000, 0.05, 80, (0, 0), (0.5, 1), r_match=0.1, memory=0.8, patch=16,
            looked=Pass(256, (0.08, 1.0), 0.5), init="rded",
        ),
        "tiny": Numbers(
            2000, 0.05, 100, (0, 0), (0.5, 1), r_match=0.01, memory=0.8,
            looked=Pass(64, (1, 1), 0.5, 8), init="real",
        ),
        "cifar": Numbers(
            75, 0.05, 0, (0, 0), r_match=0.01, memory=0.8,
            looked=Pass(64, (1, 1), 0.5, 4), init="real",
        ),
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(
            self,
            shared=(0 <= self.shared <= 1, "a share in 0..1"),
            flatness=(self.flatness >= 0, "a weight of 0 or more"),
        )

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError if Pooled would, or if there are too few real images to start from."""
        super().check(seen, counts)
        init = self.numbers(seen.images.size).init
        if init == "real":
            check_real("edc", seen, counts)
        elif init == "rded":
            try:
                self._rded(seen).check(seen, counts)
            except ValueError as error:
                why = f"edc starts from canvases of rded: {error} Or give init=noise."
                raise ValueError(why) from error

    def _targets(self, seen: Observed, observer: AnyObserver, numbers: Numbers) -> PoolTargets:
        targets = super()._targets(seen, observer, numbers)
        if self.shared == 1:
            return targets
        own = by_class(seen, observer, numbers.patch, "all" if self.convolutions else "norms")
        return replace(targets, of_classes=own, shared=self.shared, class_term=self.class_term)

    def recipe(self, size: int) -> Recipe:
        """Return the recipe of the engine, with the paper's further term if `flatness` is not 0."""
        recipe = super().recipe(size)
        if not self.flatness:
            return recipe
        return replace(recipe, terms=(partial(Flatness, self.flatness),))

    def _start(
        self, seen: Observed, network: Network, counts: Int64[np.ndarray, " c"], seed: int
    ) -> Start:
        init = self.numbers(seen.images.size).init
        if init == "rded":
            canvases = self._rded(seen).canvases(seen, Wanted(counts), seed=seed)
            return PixelStart(network, canvases.draw)
        if init == "real":
            return real_start(seen, network, counts, seed, flip=0.5)
        return super()._start(seen, network, counts, seed)

    def _rded(self, seen: Observed) -> RDED:
        return RDED(self.resolved(size=seen.images.size).observers[0])


class Flatness:
    """The divergence of the logits from those of an average of the images over iterations.

    `weight` x KL(softmax(logits / tau) || softmax(logits of the average / tau)), the mean over the
    images. The average has a share `keep` of the average before.
    """

    def __init__(self, weight: float, tau: float = 4.0, keep: float = 0.99) -> None:
        self._weight, self._tau, self._keep = weight, tau, keep
        self._average: Tensor | None = None

    def __call__(self, look: Look) -> Tensor:
        """Add the images to the average, and return the term."""
        images = look.images.detach()
        if self._average is None:
            self._average = images.clone()
        self._average.mul_(self._keep).add_(images, alpha=1 - self._keep)
        smooth = F.log_softmax(look.again(self._average) / self._tau, 1)
        own = F.log_softmax(look.logits / self._tau, 1)
        term: Tensor = F.kl_div(smooth, own, reduction="batchmean", log_target=True)
        return self._weight * term
