"""The interface of a method: it answers questions about itself and makes canvases."""

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
PNG = "png"
"""The codec of a set if neither the user nor the method names one."""


class Method(ABC):
    """Makes a small set from a dataset. A method is a frozen dataclass; its fields are its options.

    `view` is the augmentation that students use with the set.
    """

    view: View
    codec: str | None = None
    """The codec of the set's files if the user names none. None means `PNG`."""

    @property
    def tiles(self) -> int:
        """The number of source images on a canvas; 1 for a method that draws its own images."""
        return 1

    @property
    def views_an_epoch(self) -> int:
        """The number of views of each written image in an epoch."""
        return self.view.an_epoch(self.tiles)

    @property
    def balanced(self) -> bool:
        """Whether every class gets the number of canvases that is wanted of this class."""
        return True

    @property
    def ordered(self) -> bool:
        """Whether the first files of each class are the set of a smaller budget."""
        return False

    @property
    def observers(self) -> tuple[AnyObserver, ...]:
        """The observers that the set depends on; () if the method uses no network."""
        return ()

    @property
    def looks_through(self) -> AnyObserver | None:
        """The first observer, or None. Scores are read from its run; results record its seed."""
        return next(iter(self.observers), None)

    @property
    def scores(self) -> tuple[Score, ...]:
        """The scores that the method reads from the observer's run."""
        return ()

    def through(self, observer: AnyObserver) -> "Method":
        """Return the same method with another observer, if the method uses one."""
        del observer
        return self

    def under(self, view: View) -> "Method":
        """Return the same method with another view."""
        return replace(self, view=view)  # type: ignore[type-var]

    def written_as(self, codec: str) -> "Method":
        """Return the same method with another codec, if the method names one."""
        return replace(self, codec=codec) if self.codec is not None else self  # type: ignore[type-var]

    def under_bytes(self, *, size: int) -> "Sequence[tuple[Method, int]]":
        """Return the methods to try under a budget in bytes, for a set of `size` pixels.

        Each method comes with the number of images of each class that is enough. The set is made by
        the first method for which this number fits in the bytes, or else by the last method.
        """
        del size
        return ((self, 1),)

    def resolved(self, *, size: int) -> "Method":
        """Return the same method with the observer's "auto" network settled for `size` pixels."""
        looks = self.looks_through
        return self.through(looks.resolved(size=size)) if looks else self

    def check_files(self) -> None:
        """Raise ValueError or OSError if a file or library that the method names cannot be used."""
        for observer in self.observers:
            observer.check_files()

    def check(self, train: ImageDataset, *, size: int, fit: Fit, codec: Codec | None) -> None:
        """Raise ValueError, before anything is scored, if no set of `size` pixels can be made.

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
        """Return the images wanted of each class; `have` counts the training images of each class.

        With `short_classes="keep"`, a class with too few images gives all it has. None is like
        "error", but the error does not suggest the option. Raises ValueError if the classes cannot
        meet the budget, and for "keep" unless the method chooses images.
        """
        del names
        if short_classes == "keep":
            raise ValueError(
                "short_classes='keep' lets small classes give what they have, but this method "
                "draws its own images, as many of each class as are wanted. Leave it out."
            )
        return Wanted(np.array(budget.canvases(have, self.tiles), np.int64) * self.tiles)

    def most(self, have: Sequence[int], *, short_classes: ShortClasses | None = None) -> int | None:
        """Return the most canvases of a class that the method can make; None means any number.

        For a method that is not balanced, return the most canvases of all classes together.
        """
        del have, short_classes
        return None

    @abstractmethod
    def canvases(self, seen: Observed, wanted: Wanted, *, seed: int) -> Canvases:
        """Make the canvases; `seed` is the set seed. Raises ValueError if that is impossible."""

    def choose(self, seen: Observed, wanted: Wanted, *, seed: int) -> Selection:
        """Choose source images. Raises ValueError if the method draws its own images."""
        raise ValueError(
            "this method draws its own images, so there is no list of chosen ones. Needed a method "
            "that chooses images. Leave --plan-only out, or take another method."
        )

    def facts(self, seen: Observed, wanted: Wanted) -> dict[str, str]:
        """Return what the set depends on besides the data and the method's spec."""
        del seen, wanted
        return {}
