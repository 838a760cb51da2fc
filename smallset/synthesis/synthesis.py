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
    """Draws the images of a set itself. A frozen dataclass whose fields are its options."""

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observers that the images rest on; none if no network looks."""
        return ()

    def through(self, observer: AnyObserver) -> "Synthesis":
        """Return the same synthesis looking through another observer, if it looks at all."""
        if not self.observers:
            return self
        return replace(self, observer=observer)  # type: ignore[type-var]

    def resolved(self, *, size: int) -> "Synthesis":
        """Return the same synthesis with its observers' networks named, as at a size in pixels."""
        looks = self.observers
        return self.through(looks[0].resolved(size=size)) if looks else self

    @property
    def tiles(self) -> int:
        """The source images on a canvas; 1 for images without a source."""
        return 1

    def check(self, seen: Observed, counts: Int64[np.ndarray, " c"]) -> None:
        """Raise ValueError, before any network is trained, if the images cannot be drawn.

        `counts` are the images wanted of each class.
        """

    @abstractmethod
    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Canvases:
        """Make the canvases; `seed` is the set seed. Call `check` first."""


def check_numbers(numbers: object, **needed: tuple[bool, str]) -> None:
    """Raise ValueError for the first number that is not what is needed: (it is, what that is)."""
    for name, (holds, what) in needed.items():
        if not holds:
            raise ValueError(f"{name}={getattr(numbers, name)} cannot be used. Give {what}.")
