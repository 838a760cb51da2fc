"""Selectors: which images stay, class after class, in order of choice; one file a selector."""

from abc import abstractmethod
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from smallset.records import Selection
from smallset.selection.beta import Beta
from smallset.selection.by_score import Easiest, Hardest
from smallset.selection.ccs import CCS
from smallset.selection.d2 import D2
from smallset.selection.herding import Herding
from smallset.selection.k_center import KCenter
from smallset.selection.middle import Middle
from smallset.selection.moderate import Moderate
from smallset.selection.pool import Pool
from smallset.selection.random import Random


@runtime_checkable
class Select(Protocol):
    """Chooses images of a pool, class after class, in order of choice within each.

    `balanced` ones give exactly `counts[c]` images of class c, the others the sum of `counts` in
    all. Those that need features have an option `observer` (None: the score's).
    """

    needs_scores: ClassVar[bool]
    needs_features: ClassVar[bool]

    @property
    def balanced(self) -> bool:
        """Whether every class gets the count that is wanted of it."""

    @abstractmethod
    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose; `seed` is the set seed."""


@runtime_checkable
class Narrows(Protocol):
    """What a selector also is that looks at a part of the images only, whatever is wanted."""

    @abstractmethod
    def leaves(self, of: int) -> int:
        """Give how many images of a part of so many may be chosen."""


SELECTORS: dict[str, type[Select]] = {
    "easiest": Easiest,
    "hardest": Hardest,
    "random": Random,
    "middle": Middle,
    "ccs": CCS,
    "herding": Herding,
    "k-center": KCenter,
    "moderate": Moderate,
    "d2": D2,
    "beta": Beta,
}
WEIGHING = ("d2", "beta")
"""Selections that weigh by the score, which then has to be 0 or more."""

__all__ = [
    "CCS",
    "D2",
    "SELECTORS",
    "WEIGHING",
    "Beta",
    "Easiest",
    "Hardest",
    "Herding",
    "KCenter",
    "Middle",
    "Moderate",
    "Narrows",
    "Pool",
    "Random",
    "Select",
]
