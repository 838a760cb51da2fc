"""What every selector is: the rule that chooses, and what it has to be given."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from jaxtyping import Int64

from smallset.records import Selection
from smallset.selection.pool import Pool


class Select(ABC):
    """Chooses images of a pool, class after class, in order of choice within each class.

    A balanced selector gives exactly `counts[c]` images of class c. Any other one gives the sum of
    `counts` from all classes together.
    """

    needs_scores: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False
    """Of the true class, while an observer trained."""
    weighs: ClassVar[bool] = False
    """Whether the score is a weight, and so may not be negative."""
    ordered: ClassVar[bool] = True
    """Whether a prefix of each class is what a smaller budget chooses."""
    balanced: bool = True

    @abstractmethod
    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose; `seed` is the set seed."""

    def leaves(self, of: int) -> int:
        """Return how many of `of` images of a part may be chosen, whatever the budget."""
        return of
