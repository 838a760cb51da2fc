"""Scores: how hard each training image is, larger is harder; one file a score."""

from abc import abstractmethod
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from smallset.scores.aum import AUM
from smallset.scores.cad_prune import CADPrune
from smallset.scores.dual import DUAL
from smallset.scores.dyn_unc import DynUnc
from smallset.scores.el2n import EL2N
from smallset.scores.entropy import Entropy
from smallset.scores.forgetting import Forgetting
from smallset.scores.grand import GraNd
from smallset.scores.least_confidence import LeastConfidence
from smallset.scores.loss import Loss
from smallset.scores.margin import Margin
from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.tdds import TDDS


@runtime_checkable
class Score(Protocol):
    """Gives every training image a number; larger is harder."""

    @property
    def observer(self) -> Observer:
        """The network it looks through."""

    @abstractmethod
    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image."""


SCORES: dict[str, type[Score]] = {
    "el2n": EL2N,
    "grand": GraNd,
    "forgetting": Forgetting,
    "aum": AUM,
    "entropy": Entropy,
    "margin": Margin,
    "least-confidence": LeastConfidence,
    "loss": Loss,
    "tdds": TDDS,
    "dyn-unc": DynUnc,
    "dual": DUAL,
    "cad-prune": CADPrune,
}
OBSERVERS: dict[str, type[Observer]] = {"observer": Observer}

__all__ = ["EL2N", "OBSERVERS", "SCORES", "Observed", "Observer", "Score"]
