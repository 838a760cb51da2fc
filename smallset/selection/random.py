"""Random: the baseline in every table."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.counts import check_counts
from smallset.selection.pool import Pool
from smallset.selection.select import Select


@dataclass(frozen=True)
class Random(Select):
    """A random draw of each class without replacement, anew for every set seed."""

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c; scores change nothing."""
        check_counts(pool, counts)
        chosen = [
            generator(seed, "random", c).permutation(of_class)[:count]
            for c, (of_class, count) in enumerate(zip(pool.members(), counts, strict=True))
        ]
        return Selection(np.concatenate(chosen))
