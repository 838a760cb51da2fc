"""Scores: how hard each training image is, larger is harder; one file a score."""

from abc import abstractmethod
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from smallset.scores.el2n import EL2N
from smallset.scores.file import File
from smallset.scores.observed import Observed
from smallset.scores.observer import AnyObserver, Observer, Pretrained


@runtime_checkable
class Score(Protocol):
    """Gives every training image a number; larger is harder."""

    @property
    def observer(self) -> AnyObserver | None:
        """The network it looks through; None where it looks through none."""

    @abstractmethod
    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image."""


SCORES: dict[str, type[Score]] = {"el2n": EL2N, "file": File}
OBSERVERS: dict[str, type[AnyObserver]] = {
    "observer": Observer,
    "NETWORK(weights=..., classes=...)": Pretrained,
}

__all__ = [
    "EL2N",
    "OBSERVERS",
    "SCORES",
    "AnyObserver",
    "File",
    "Observed",
    "Observer",
    "Pretrained",
    "Score",
]
