"""What every way of drawing images for a set has in common."""

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np

from smallset.budget import Wanted
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.shapes import Int64
from smallset.store import Canvases


class Synthesis(ABC):
    """A method that draws its own images: a frozen dataclass whose fields are its options."""

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observers that the images depend on. Empty if the method needs no network."""
        return ()

    def through(self, observer: AnyObserver) -> "Synthesis":
        """Return the same synthesis with another observer, or itself if it has no observer."""
        if not self.observers:
            return self
        return replace(self, observer=observer)  # type: ignore[type-var]

    def resolved(self, *, size: int) -> "Synthesis":
        """Return the same synthesis with its observer's network named, for `size` pixels."""
        looks = self.observers
        return self.through(looks[0].resolved(size=size)) if looks else self

    @property
    def tiles(self) -> int:
        """The number of source images on a canvas. 1 if images have no source."""
        return 1

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError, before any network is trained, if the images cannot be drawn.

        `counts` holds the number of images wanted of each class.
        """

    @abstractmethod
    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Canvases:
        """Return the canvases of a set. `seed` is the set seed. Call `check` first."""


def check_numbers(numbers: object, **needed: tuple[bool, str]) -> None:
    """Raise ValueError for the first field of `numbers` whose value cannot be used.

    `needed` says for each field whether its value can be used, and in words which values can.
    """
    for name, (holds, what) in needed.items():
        if not holds:
            raise ValueError(f"{name}={getattr(numbers, name)} cannot be used. Give {what}.")
