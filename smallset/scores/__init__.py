"""Scores: how hard each training image is, larger is harder; one file a score."""

from abc import abstractmethod
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from smallset.scores.el2n import EL2N
from smallset.scores.observed import Observed
from smallset.scores.observer import Observer


@runtime_checkable
class Score(Protocol):
    """Gives every training image a number; larger is harder."""

    @property
    def observer(self) -> Observer:
        """The network it looks through."""

    @abstractmethod
    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image."""


SCORES: dict[str, type[Score]] = {"el2n": EL2N}
OBSERVERS: dict[str, type[Observer]] = {"observer": Observer}

__all__ = ["EL2N", "OBSERVERS", "SCORES", "Observed", "Observer", "Score"]
