"""Selectors: which images stay, equally many of every class, in order of choice."""

from abc import abstractmethod
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from smallset.records import Selection
from smallset.selection.by_score import Easiest, Hardest
from smallset.selection.random import Random


@runtime_checkable
class Select(Protocol):
    """Chooses `per_class` images of every class, class after class, in order of choice."""

    needs_scores: ClassVar[bool]

    @abstractmethod
    def __call__(
        self,
        values: Float32[np.ndarray, " n"] | None,
        labels: Int64[np.ndarray, " n"],
        *,
        classes: int,
        per_class: int,
        seed: int,
    ) -> Selection:
        """Choose; `values` may be None unless `needs_scores`."""


SELECTORS: dict[str, type[Select]] = {"easiest": Easiest, "hardest": Hardest, "random": Random}

__all__ = ["SELECTORS", "Easiest", "Hardest", "Random", "Select"]
