"""What G-VBSM and EDC share: a pool of observers that take turns, and match all their layers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from smallset.budget import Wanted
from smallset.observers import AnyObserver, Observer
from smallset.observers.observed import Observed
from smallset.records import Plan
from smallset.shapes import Int64
from smallset.store import Rows
from smallset.synthesis.augment import Augment
from smallset.synthesis.batches import by_rank, class_major, labels_of
from smallset.synthesis.layers import Pass, over_batches
from smallset.synthesis.matched import PoolTargets
from smallset.synthesis.pools import SMALL, Pool, pool_of
from smallset.synthesis.recover import Recipe, Watched
from smallset.synthesis.recovered import Recovered, check_norms, made_from
from smallset.synthesis.starts import Init, NoiseStart, Start
from smallset.synthesis.synthesis import Setting, Synthesis, check_numbers, filled, setting_of

if TYPE_CHECKING:
    from smallset.models.network import Network


@dataclass(frozen=True)
class PoolNumbers:
    """The numbers of a published setting; see the options of the same names.

    `epochs` is how long the observers of a named pool train (None: as long as any observer).
    `looked` is the pass over the training images that the targets come from. `init` is what images
    start from.
    """

    iterations: int
    rate: float
    r_match: float
    batch: int
    area: tuple[float, float]
    flip: float
    roll: tuple[int, int]
    pad: int
    memory: float
    drop: float
    patch: int
    looked: Pass
    epochs: int | None = None
    init: Init = "noise"

    def __post_init__(self) -> None:
        check_numbers(
            self,
            iterations=(self.iterations >= 0, "0 or more"),
            rate=(self.rate > 0, "a learning rate above 0"),
            r_match=(self.r_match >= 0, "a weight of 0 or more"),
            batch=(self.batch >= 0, "the images made together, or 0 for all"),
            area=(0 < self.area[0] <= self.area[1] <= 1, "shares with 0 < low <= high <= 1"),
            flip=(0 <= self.flip <= 1, "a probability in 0..1"),
            roll=(self.roll[0] <= self.roll[1], "pixels with low <= high"),
            pad=(self.pad >= 0, "pixels, 0 or more"),
            memory=(0 <= self.memory < 1, "a share of 0 or more, below 1"),
            drop=(0 <= self.drop <= 1, "a probability in 0..1"),
            patch=(self.patch >= 1, "the side of a cell in pixels, at least 1"),
        )


@dataclass(frozen=True)
class Pooled(Synthesis):
    """Images that several observers take turns to change."""

    pool: Pool = SMALL
    setting: Setting = "auto"
    epochs: int | None = None
    iterations: int | None = None
    rate: float | None = None
    r_match: float | None = None
    first: float = 10.0
    batch: int | None = None
    together: Literal["class", "rank"] = "class"
    area: tuple[float, float] | None = None
    flip: float | None = None
    roll: tuple[int, int] | None = None
    pad: int | None = None
    memory: float | None = None
    convolutions: bool = True
    drop: float | None = None
    patch: int | None = None

    settings: ClassVar[Mapping[str, PoolNumbers]]

    def __post_init__(self) -> None:
        check_numbers(self, first=(self.first >= 0, "a weight of 0 or more"))
        for setting in self.settings:
            self._numbers(setting)
        pool_of(self.pool, epochs=self.epochs)

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observers of the pool, in turn."""
        return pool_of(self.pool, epochs=self.epochs)

    def through(self, observer: AnyObserver) -> "Pooled":
        """Return the same synthesis with another first observer, and its seed for the others."""
        rest = [
            replace(one, seed=observer.seed) if isinstance(one, Observer) else one
            for one in self.observers[1:]
        ]
        return replace(self, pool=(observer, *rest), epochs=None)

    def resolved(self, *, size: int) -> "Pooled":
        """Return the same synthesis with every observer's network named."""
        epochs = self._numbers(setting_of(self.setting, size)).epochs
        named = isinstance(self.pool, str)
        own = pool_of(self.pool, epochs=epochs if named else self.epochs)
        return replace(self, pool=tuple(one.resolved(size=size) for one in own), epochs=None)

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError for an observer without anything to compare."""
        del counts
        if not self.convolutions:
            check_norms(seen, self.observers)

    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Recovered:
        """Look for the observers, which may be trained first, and for their targets."""
        size, counts = seen.images.size, wanted.counts
        numbers = self._numbers(setting_of(self.setting, size))
        pool = self.resolved(size=size).observers
        networks = [seen.network(one) for one in pool]
        targets = [self._targets(seen, one, numbers) for one in pool]
        return Recovered(
            plan=Plan.without_sources(size, labels_of(counts)),
            batches=self._batches(counts, numbers.batch or int(counts.sum())),
            observers=tuple(map(Watched, networks, targets)),
            recipe=self._recipe(numbers),
            start=self._start(seen, networks[0], counts, seed),
            machine=seen.machine,
            seed=seed,
            made_from=made_from(seen, pool, self, seed=seed),
        )

    def _numbers(self, setting: str) -> PoolNumbers:
        return filled(self.settings[setting], self)

    def _batches(self, counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
        return (class_major if self.together == "class" else by_rank)(counts, images)

    def _targets(self, seen: Observed, observer: AnyObserver, numbers: PoolNumbers) -> PoolTargets:
        whole = None
        if self.convolutions:
            whole = over_batches(seen, observer, numbers.looked, numbers.patch)
        return PoolTargets(
            whole=whole,
            memory=numbers.memory,
            drop=numbers.drop,
            patch=numbers.patch,
            first=self.first,
        )

    def _recipe(self, numbers: PoolNumbers) -> Recipe:
        augment = Augment(numbers.area, numbers.flip, numbers.roll, numbers.pad)
        return Recipe(numbers.iterations, numbers.rate, numbers.r_match, augment)

    def _start(
        self, seen: Observed, network: "Network", counts: Int64[np.ndarray, " c"], seed: int
    ) -> Start:
        return NoiseStart(seen.images.size, counts, seed)
