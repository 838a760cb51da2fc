"""SRe2L: noise that an observer comes to see as its class, in a batch like its training data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from smallset.budget import Wanted
from smallset.observers import AnyObserver, Observer
from smallset.observers.observed import Observed
from smallset.records import Plan
from smallset.shapes import Int64
from smallset.store import Rows
from smallset.synthesis.augment import Augment
from smallset.synthesis.batches import by_rank, labels_of
from smallset.synthesis.recover import Recipe, Watched
from smallset.synthesis.recovered import Recovered, check_norms, made_from
from smallset.synthesis.starts import NoiseStart, Start
from smallset.synthesis.synthesis import Setting, Synthesis, check_numbers, filled, setting_of
from smallset.synthesis.targets import NormTargets

if TYPE_CHECKING:
    from smallset.models.network import Network


@dataclass(frozen=True)
class Numbers:
    """The numbers of a published setting; see the options of the same names."""

    iterations: int
    rate: float
    r_bn: float
    batch: int
    roll: tuple[int, int]
    area: tuple[float, float] = (0.08, 1.0)
    flip: float = 0.5
    r_var: float = 1.0
    steps: int = 0
    radius: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(
            self,
            iterations=(self.iterations >= 0, "0 or more"),
            rate=(self.rate > 0, "a learning rate above 0"),
            r_bn=(self.r_bn >= 0, "a weight of 0 or more"),
            batch=(self.batch >= 1, "the images made together, at least 1"),
            area=(0 < self.area[0] <= self.area[1] <= 1, "shares with 0 < low <= high <= 1"),
            flip=(0 <= self.flip <= 1, "a probability in 0..1"),
            roll=(self.roll[0] <= self.roll[1], "pixels with low <= high"),
            r_var=(self.r_var >= 0, "a weight of 0 or more"),
            steps=(self.steps >= 0, "0 or more"),
            radius=(self.radius >= 0, "0 or more"),
        )


@dataclass(frozen=True)
class SRe2L(Synthesis):
    """Noise, changed until an observer sees its class and training data in it (arXiv 2306.13092).

    A batch holds one image of each of `batch` classes. The loss is the cross entropy plus `r_bn`
    times the distances of the batch's means and variances from the running ones of the observer's
    BatchNorm layers, of which the first counts `first` times. In each iteration the observer sees a
    random resized crop of a share `area`, mirrored with probability `flip`, shifted by `roll`
    pixels. Numbers that are none are those of the published `setting`; auto takes it by the size.
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
        "imagenet": Numbers(4000, 0.25, 0.01, 100, (0, 32)),
        "tiny": Numbers(4000, 0.1, 1.0, 100, (-4, 4)),
        "cifar": Numbers(1000, 0.25, 0.01, 100, (0, 4), (1.0, 1.0), 0.0),
    }

    def __post_init__(self) -> None:
        check_numbers(self, first=(self.first >= 0, "a weight of 0 or more"))
        for setting in self.settings:
            self._numbers(setting)

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observer."""
        return (self.observer,)

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError for an observer without BatchNorm, unless no statistics are compared."""
        del counts
        if self._numbers(setting_of(self.setting, seen.images.size)).r_bn:
            check_norms(seen, self.observers)

    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Recovered:
        """Look for the observer, which may be trained first; make no image yet."""
        size, counts = seen.images.size, wanted.counts
        numbers = self._numbers(setting_of(self.setting, size))
        network = seen.network(self.observer)
        return Recovered(
            plan=Plan.without_sources(size, labels_of(counts)),
            batches=self._batches(counts, numbers),
            observers=(Watched(network, self._targets(seen, numbers)),),
            recipe=self._recipe(numbers),
            start=self._start(seen, network, counts, seed),
            machine=seen.machine,
            seed=seed,
            made_from=made_from(seen, self.observers, self, seed=seed),
        )

    def recipe(self, size: int) -> Recipe:
        """Return what the engine does at a size in pixels."""
        return self._recipe(self._numbers(setting_of(self.setting, size)))

    def _numbers(self, setting: str) -> Numbers:
        """Return the numbers of a setting, and those that were given in their place."""
        return filled(self.settings[setting], self)

    def _batches(self, counts: Int64[np.ndarray, " c"], numbers: Numbers) -> tuple[Rows, ...]:
        return by_rank(counts, numbers.batch)

    def _targets(self, seen: Observed, numbers: Numbers) -> NormTargets:
        return NormTargets(self.first, numbers.r_var)

    def _augment(self, numbers: Numbers) -> Augment:
        return Augment(numbers.area, numbers.flip, numbers.roll)

    def _recipe(self, numbers: Numbers) -> Recipe:
        return Recipe(numbers.iterations, numbers.rate, numbers.r_bn, self._augment(numbers))

    def _start(
        self, seen: Observed, network: "Network", counts: Int64[np.ndarray, " c"], seed: int
    ) -> Start:
        return NoiseStart(seen.images.size, counts, seed)
