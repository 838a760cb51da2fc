"""Scores: how hard each training image is, larger is harder; one file a score."""

from abc import abstractmethod
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer, Pretrained
from smallset.scores.aum import AUM
from smallset.scores.cad_prune import CADPrune
from smallset.scores.dual import DUAL
from smallset.scores.dyn_unc import DynUnc
from smallset.scores.el2n import EL2N
from smallset.scores.file import File
from smallset.scores.forgetting import Forgetting
from smallset.scores.grand import GraNd
from smallset.scores.output import Entropy, LeastConfidence, Loss, Margin
from smallset.scores.tdds import TDDS


@runtime_checkable
class Score(Protocol):
    """Gives every training image a number; larger is harder."""

    @property
    def observer(self) -> AnyObserver | None:
        """The network it looks through; None where it looks through none."""

    @abstractmethod
    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image."""


@runtime_checkable
class Checks(Protocol):
    """A score that can say whether it is possible before anything is trained."""

    @abstractmethod
    def check(self, observed: Observed) -> None:
        """Raise ValueError where it is not."""


@runtime_checkable
class Reads(Protocol):
    """A score that reads some of its observer's epochs."""

    @abstractmethod
    def reads(self, observer: AnyObserver) -> tuple[int, ...]:
        """Return the epochs of an observer that are read, counted from 1."""


SCORES: dict[str, type[Score]] = {
    "el2n": EL2N,
    "grand": GraNd,
    "forgetting": Forgetting,
    "aum": AUM,
    "loss": Loss,
    "entropy": Entropy,
    "margin": Margin,
    "least-confidence": LeastConfidence,
    "tdds": TDDS,
    "dyn-unc": DynUnc,
    "dual": DUAL,
    "cad-prune": CADPrune,
    "file": File,
}
UNCERTAINTIES = ("tdds", "dyn-unc", "dual", "cad-prune")
"""Scores of uncertainty, of which their papers keep the largest."""
BELOW_ZERO = ("aum",)
"""Scores that are negative of what is learned, so none that a selection can weigh by."""
OBSERVERS: dict[str, type[AnyObserver]] = {
    "observer": Observer,
    "NETWORK(weights=..., classes=...)": Pretrained,
}

__all__ = [
    "AUM",
    "BELOW_ZERO",
    "DUAL",
    "EL2N",
    "OBSERVERS",
    "SCORES",
    "TDDS",
    "UNCERTAINTIES",
    "AnyObserver",
    "CADPrune",
    "Checks",
    "DynUnc",
    "Entropy",
    "File",
    "Forgetting",
    "GraNd",
    "LeastConfidence",
    "Loss",
    "Margin",
    "Observed",
    "Observer",
    "Pretrained",
    "Reads",
    "Score",
]
