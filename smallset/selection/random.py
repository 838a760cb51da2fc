"""Random: the baseline in every table."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Int64

from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.counts import check_counts
from smallset.selection.pool import Pool


@dataclass(frozen=True)
class Random:
    """A random draw of each class without replacement, anew for every set seed."""

    needs_scores: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    balanced: ClassVar[bool] = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c; scores change nothing."""
        check_counts(pool, counts)
        chosen = [
            generator(seed, "random", c).permutation(of_class)[:count]
            for c, (of_class, count) in enumerate(zip(pool.members(), counts, strict=True))
        ]
        return Selection(np.concatenate(chosen))
