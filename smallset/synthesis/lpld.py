"""LPLD: SRe2L with one class in a batch, and that class's own statistics."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.shapes import Int64
from smallset.store import Rows
from smallset.synthesis import layers
from smallset.synthesis.batches import by_class, by_rank
from smallset.synthesis.optimised import Numbers
from smallset.synthesis.sre2l import NormTargets, SRe2L


@dataclass(frozen=True)
class LPLD(SRe2L):
    """SRe2L with one class in a batch and the statistics of that class (arXiv 2410.15919).

    `together` says what a batch holds: up to `batch` images of one class, or one image of each of
    `batch` classes as in SRe2L (rank). `statistics` says what the images should match: the
    statistics of their class over all its training images, or the observer's running statistics.
    """

    together: Literal["class", "rank"] = "class"
    statistics: Literal["class", "running"] = "class"

    settings: ClassVar[Mapping[str, Numbers]] = {
        "imagenet": Numbers(4000, 0.25, 100, (0, 32), r_bn=0.01),
        "tiny": Numbers(4000, 0.1, 100, (-4, 4), r_bn=0.05),
        # Nothing is published for CIFAR: SRe2L's numbers.
        "cifar": SRe2L.settings["cifar"],
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.statistics == "class" and self.together == "rank":
            raise ValueError(
                "lpld(together=rank) puts many classes in a batch, but statistics=class are those "
                "of one. Give statistics=running, or together=class."
            )

    def _batches(self, counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
        return (by_class if self.together == "class" else by_rank)(counts, images)

    def _targets(self, seen: Observed, observer: AnyObserver, numbers: Numbers) -> NormTargets:
        targets = super()._targets(seen, observer, numbers)
        if self.statistics == "running" or not numbers.r_bn:
            return targets
        return replace(targets, of_classes=layers.by_class(seen, observer, 1, "norms").values)
