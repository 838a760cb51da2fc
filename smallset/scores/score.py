"""What every score is: a number for each training image, and what the number rests on."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float32

from smallset.data import ImageDataset
from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver


class Score(ABC):
    """Gives every training image a number; larger is harder.

    `observer` is the network that the score looks through, or None. `runs` counts the trainings of
    that network over which the score is averaged.
    """

    largest_first: ClassVar[bool] = False
    """Whether the paper keeps the largest values: the score is an uncertainty."""
    below_zero: ClassVar[bool] = False
    """Whether values may be negative, so that no selector can weigh by them."""
    observer: AnyObserver | None = None
    runs: int = 1

    @abstractmethod
    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image."""

    def check_files(self) -> None:
        """Raise ValueError or OSError if a file that the score names cannot be used."""

    def check(self, observed: Observed) -> None:
        """Raise ValueError if the score is impossible on this data; nothing is trained."""

    def reads(self, observer: AnyObserver) -> tuple[int, ...]:
        """Return the epochs of an observer that are read, from 1; () if the score reads all."""
        return ()

    def probability(self, observed: Observed) -> Float32[np.ndarray, " n"] | None:
        """Return the mean probability of the true class that `beta` reads; None for the default.

        The default is the mean over all epochs of the score's first run.
        """
        return None

    def made_by(self) -> dict[str, str]:
        """Say what the values depend on besides the data and the observer."""
        return {}

    def files(self, dataset: ImageDataset) -> Mapping[str, str]:
        """Return the sha256 of each file that the values depend on, by its path.

        Raises ValueError or OSError if a file does not fit the data.
        """
        return {}
