"""What methods that optimise images have in common: their numbers, and how they use the engine."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Literal

import numpy as np

from smallset.budget import Wanted
from smallset.fingerprint import fingerprint
from smallset.models import Network
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.records import Plan
from smallset.shapes import Int64
from smallset.store import Rows
from smallset.synthesis import crops, layers
from smallset.synthesis.augment import Augment
from smallset.synthesis.batches import labels_of
from smallset.synthesis.layers import Pass
from smallset.synthesis.recover import VERSION, Matching, Recipe, Watched
from smallset.synthesis.recovered import Recovered
from smallset.synthesis.starts import Init, NoiseStart, Start
from smallset.synthesis.statistics import batch_norms
from smallset.synthesis.synthesis import Synthesis, check_numbers

Setting = Literal["auto", "imagenet", "tiny", "cifar"]


@dataclass(frozen=True)
class Numbers:
    """The numbers of a published setting; see the options of the same names.

    Only some methods use the numbers after `flip`. `epochs` is how long the observers of a named
    pool train (None: for their default). `looked` is the pass over the training images from which a
    pool gets its targets. `init` is what images start from. Raises ValueError for a number that is
    out of range.
    """

    iterations: int
    rate: float
    batch: int
    roll: tuple[int, int]
    area: tuple[float, float] = (0.08, 1.0)
    flip: float = 0.5
    r_bn: float = 0.0
    r_var: float = 1.0
    steps: int = 0
    radius: float = 0.0
    r_match: float = 0.0
    pad: int = 0
    memory: float = 0.0
    drop: float = 0.0
    patch: int = 4
    looked: Pass = Pass(64, (1.0, 1.0), 0.5)
    epochs: int | None = None
    init: Init = "noise"

    def __post_init__(self) -> None:
        weight, probability = "a weight of 0 or more", "a probability in 0..1"
        check_numbers(
            self,
            iterations=(self.iterations >= 0, "0 or more"),
            rate=(self.rate > 0, "a learning rate above 0"),
            batch=(self.batch >= 0, "the images made together, or 0 for all"),
            roll=(self.roll[0] <= self.roll[1], "pixels with low <= high"),
            area=(0 < self.area[0] <= self.area[1] <= 1, "shares with 0 < low <= high <= 1"),
            flip=(0 <= self.flip <= 1, probability),
            r_bn=(self.r_bn >= 0, weight),
            r_var=(self.r_var >= 0, weight),
            steps=(self.steps >= 0, "0 or more"),
            radius=(self.radius >= 0, "0 or more"),
            r_match=(self.r_match >= 0, weight),
            pad=(self.pad >= 0, "pixels, 0 or more"),
            memory=(0 <= self.memory < 1, "a share of 0 or more, below 1"),
            drop=(0 <= self.drop <= 1, probability),
            patch=(self.patch >= 1, "the side of a cell in pixels, at least 1"),
        )


class Optimised(Synthesis):
    """Images that are changed until observers see the right classes and statistics in them.

    An option that is None takes its number from the published `setting`. `setting=auto` is chosen
    by the size of the images.
    """

    settings: ClassVar[Mapping[str, Numbers]]
    setting: Setting
    first: float

    def __post_init__(self) -> None:
        check_numbers(self, first=(self.first >= 0, "a weight of 0 or more"))
        for setting in self.settings:
            self._with(setting)

    def numbers(self, size: int) -> Numbers:
        """Return the numbers for images of `size` pixels a side.

        `setting=auto` is cifar up to 32 pixels, tiny up to 64, and imagenet above.
        """
        near = "cifar" if size <= 32 else "tiny" if size <= 64 else "imagenet"
        return self._with(near if self.setting == "auto" else self.setting)

    def recipe(self, size: int) -> Recipe:
        """Return the recipe of the engine for images of `size` pixels a side."""
        numbers = self.numbers(size)
        augment = Augment(numbers.area, numbers.flip, numbers.roll, numbers.pad)
        weight = numbers.r_bn or numbers.r_match  # no method has both
        return Recipe(numbers.iterations, numbers.rate, weight, augment)

    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Recovered:
        """Return canvases that make their images when they are drawn.

        This computes the targets of the observers, and may train the observers first.
        """
        size, counts = seen.images.size, wanted.counts
        numbers = self.numbers(size)
        observers = self.resolved(size=size).observers
        networks = [seen.network(one) for one in observers]
        targets = [self._targets(seen, one, numbers) for one in observers]
        made_from = {
            "versions": [VERSION, layers.VERSION, crops.VERSION],
            "observers": [seen.fingerprint(one, 0) for one in observers],
            "options": repr(self),
            "seed": seed,
            "source": seen.source,
            "machine": [seen.machine.precision, seen.machine.kind, seen.machine.threads],
        }
        return Recovered(
            plan=Plan.without_sources(size, labels_of(counts)),
            batches=self._batches(counts, numbers.batch or int(counts.sum())),
            observers=tuple(map(Watched, networks, targets)),
            recipe=self.recipe(size),
            start=self._start(seen, networks[0], counts, seed),
            machine=seen.machine,
            seed=seed,
            made_from=fingerprint(made_from),
        )

    @abstractmethod
    def _batches(self, counts: Int64[np.ndarray, " c"], images: int) -> tuple[Rows, ...]:
        """Return the rows that are made together, `images` at most."""

    @abstractmethod
    def _targets(self, seen: Observed, observer: AnyObserver, numbers: Numbers) -> Matching:
        """Return what the layers of an observer should see."""

    def _start(
        self, seen: Observed, network: Network, counts: Int64[np.ndarray, " c"], seed: int
    ) -> Start:
        """Return what the images start from. `network` is that of the first observer."""
        return NoiseStart(seen.images.size, counts, seed)

    def _with(self, setting: str) -> Numbers:
        """Return the numbers of a setting, replaced by the options that were given."""
        given = {f.name: getattr(self, f.name, None) for f in fields(Numbers)}
        changed = {name: value for name, value in given.items() if value is not None}
        return replace(self.settings[setting], **changed)

    def _check_norms(self, seen: Observed) -> None:
        """Raise ValueError if an observer has no BatchNorm layer. This trains no observer."""
        for observer in map(seen.settled, self.observers):
            if not batch_norms(seen.built(observer).net):
                raise ValueError(
                    "the images are to match statistics of the observer's BatchNorm layers, but "
                    f"{observer.model!r} has none. Needed a network with BatchNorm, such as "
                    "observer(model=resnet8). Without BatchNorm there are noise and rded, and "
                    "g-vbsm and edc with convolutions=true."
                )
