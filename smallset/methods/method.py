"""What a method is to everybody else: it answers questions, and makes canvases."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from smallset.budget import Budget, Wanted
from smallset.data import ImageDataset
from smallset.observers import AnyObserver
from smallset.observers.observed import Observed
from smallset.records import Fit, Selection
from smallset.scores import Score
from smallset.store import Canvases, Codec
from smallset.train.views import View

ShortClasses = Literal["error", "keep"]


class Method(ABC):
    """Makes a small set of a dataset. A frozen dataclass whose fields are its options.

    `view` belongs to the set: how a student looks at it.
    """

    view: View

    @property
    def tiles(self) -> int:
        """The source images that a canvas takes; 1 for a method that draws its own."""
        return 1

    @property
    def balanced(self) -> bool:
        """Whether every class gets the canvases that are asked of it."""
        return True

    @property
    def views_an_epoch(self) -> int:
        """How often a student sees each written image in an epoch."""
        return self.view.an_epoch(self.tiles)

    @property
    def looks_through(self) -> AnyObserver | None:
        """The observer that the set rests on, or None if no network looks."""
        return None

    @property
    def scores(self) -> tuple[Score, ...]:
        """The scores that are read from the observer's run."""
        return ()

    def through(self, observer: AnyObserver) -> "Method":
        """Return the same method looking through another observer, if it looks at all."""
        del observer
        return self

    def under(self, view: View) -> "Method":
        """Return the same method with another view."""
        return replace(self, view=view)  # type: ignore[type-var]

    def resolved(self, *, size: int) -> "Method":
        """Return the same method with its observer's network named, as at a size in pixels."""
        looks = self.looks_through
        return self.through(looks.resolved(size=size)) if looks else self

    def check_files(self) -> None:
        """Raise ValueError or OSError if a file that the method names cannot be used."""

    def check(self, train: ImageDataset, *, size: int, fit: Fit, codec: Codec | None) -> None:
        """Raise ValueError if no set of `size` pixels can be made, before anything is scored.

        A codec of None means that no pixels are written.
        """

    def files(self, train: ImageDataset) -> Mapping[str, str]:
        """Return the sha256 of each file that the set depends on, by its path.

        Raises ValueError or OSError if a file does not fit the data.
        """
        del train
        return {}

    def wanted(
        self,
        budget: Budget,
        have: Sequence[int],
        names: Sequence[str],
        *,
        short_classes: ShortClasses | None = None,
    ) -> Wanted:
        """Say what is wanted of each class, which has `have` training images and a name.

        With `short_classes="keep"` a class that has too few images gives what it has. None is
        "error" if there is no such option to offer. Raises ValueError if the budget cannot be met.
        """
        del names, short_classes
        return Wanted(np.array(budget.canvases(have, self.tiles), np.int64) * self.tiles)

    @abstractmethod
    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Canvases:
        """Make the canvases; `seed` is the set seed. Raises ValueError for whatever is wrong."""

    def choose(self, seen: Observed, wanted: Wanted, *, seed: int) -> Selection:
        """Choose source images, for a method that chooses. Raises ValueError for any other."""
        raise ValueError(
            "this method draws its own images, so there is no list of chosen ones. Needed a method "
            "that chooses images. Leave --plan-only out, or take another method."
        )

    def facts(self, seen: Observed) -> dict[str, str]:
        """Say what the set rests on, besides the data and the method's spec."""
        del seen
        return {}
