"""EDC: from real images, a pool of observers, and each class's own statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from jaxtyping import Int64

from smallset.lazy import F, Tensor
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.synthesis.layers import Pass, by_class
from smallset.synthesis.matched import ClassTerm, PoolTargets
from smallset.synthesis.pooled import Pooled, PoolNumbers
from smallset.synthesis.recover import Look, Recipe
from smallset.synthesis.starts import RealStart, Start, check_real

if TYPE_CHECKING:
    from smallset.models.network import Network


@dataclass(frozen=True)
class EDC(Pooled):
    """Real images changed by a pool of observers, towards their class too (arXiv 2404.13733).

    As g-vbsm, but each image starts from another real image of its class (`init`), mirrored by
    chance, and the distances from the whole data weigh `shared`, those from the images' own classes
    the rest: as the paper has them or the `code` (`class_term`). With `flatness` the weight of the
    paper's term that keeps the logits near those of an average over iterations; the code and every
    published number have none.
    """

    init: Literal["noise", "real"] = "real"
    shared: float = 0.5
    class_term: ClassTerm = "paper"
    flatness: float = 0.0

    settings: ClassVar[Mapping[str, PoolNumbers]] = {
        "imagenet": PoolNumbers(
            2000, 0.05, 0.1, 80, (0.5, 1), 0.5, (0, 0), 0, 0.8, 0.0, 16,
            Pass(256, (0.08, 1.0), 0.5),
        ),
        "tiny": PoolNumbers(
            2000, 0.05, 0.01, 100, (0.5, 1), 0.5, (0, 0), 0, 0.8, 0.0, 4, Pass(64, (1, 1), 0.5, 8),
        ),
        "cifar": PoolNumbers(
            75, 0.05, 0.01, 0, (0.08, 1), 0.5, (0, 0), 0, 0.8, 0.0, 4, Pass(64, (1, 1), 0.5, 4),
        ),
        "cifar100": PoolNumbers(
            2000, 0.05, 0.01, 100, (0.5, 1), 0.5, (0, 0), 0, 0.8, 0.0, 4, Pass(64, (1, 1), 0.5, 4),
        ),
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.shared <= 1 or self.flatness < 0:
            raise ValueError(
                f"shared={self.shared}, flatness={self.flatness} cannot be used. Give a share in "
                "0..1 and a weight of 0 or more."
            )

    def check(self, counts: Sequence[int], have: Sequence[int], names: Sequence[str]) -> None:
        """Raise ValueError for more images of a class than there are real ones to start from."""
        if self.init == "real":
            check_real("edc", counts, have, names)

    def _targets(self, seen: Observed, observer: AnyObserver, numbers: PoolNumbers) -> PoolTargets:
        targets = super()._targets(seen, observer, numbers)
        if self.shared == 1:
            return targets
        own = by_class(seen, observer, numbers.patch, "all" if self.convolutions else "norms")
        return replace(targets, of_classes=own, shared=self.shared, class_term=self.class_term)

    def _recipe(self, numbers: PoolNumbers) -> Recipe:
        recipe = super()._recipe(numbers)
        if not self.flatness:
            return recipe
        return replace(recipe, terms=(partial(Flatness, self.flatness),))

    def _start(
        self, seen: Observed, network: "Network", counts: Int64[np.ndarray, " c"], seed: int
    ) -> Start:
        if self.init == "noise":
            return super()._start(seen, network, counts, seed)
        return RealStart.drawn(seen, network, counts, seed, flip=0.5)


class Flatness:
    """The divergence of the logits from those of an average of the images over iterations.

    `weight` KL(softmax(logits / tau) || softmax(logits of the average / tau)), mean over images.
    """

    def __init__(self, weight: float, tau: float = 4.0, keep: float = 0.99) -> None:
        self._weight, self._tau, self._keep = weight, tau, keep
        self._average: Tensor | None = None

    def __call__(self, look: Look) -> Tensor:
        """Return the term, and take the images into the average."""
        images = look.images.detach()
        if self._average is None:
            self._average = images.clone()
        self._average.mul_(self._keep).add_(images, alpha=1 - self._keep)
        smooth = F.log_softmax(look.again(self._average) / self._tau, 1)
        own = F.log_softmax(look.logits / self._tau, 1)
        term: Tensor = F.kl_div(smooth, own, reduction="batchmean", log_target=True)
        return self._weight * term
