"""Selectors: which images stay, class after class, in order of choice; one file a selector."""

from abc import abstractmethod
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from smallset.records import Selection
from smallset.selection.by_score import Easiest, Hardest
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


SELECTORS: dict[str, type[Select]] = {"easiest": Easiest, "hardest": Hardest, "random": Random}

__all__ = ["SELECTORS", "Easiest", "Hardest", "Pool", "Random", "Select"]
