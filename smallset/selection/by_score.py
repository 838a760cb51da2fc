"""Easiest and hardest: the two ends of a score."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

from smallset.records import Selection
from smallset.selection.counts import part_by_part
from smallset.selection.pool import Pool
from smallset.selection.select import Select


@dataclass(frozen=True)
class Easiest(Select):
    """The smallest scores of each class, smallest first; ties go to the lower index.

    `balanced=false` takes as many of all images, whatever their class: some may vanish.
    """

    needs_scores: ClassVar[bool] = True
    balanced: bool = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c (their sum, where not balanced); no draw."""
        return _first(pool.scored(), pool, counts, self.balanced)


@dataclass(frozen=True)
class Hardest(Select):
    """The largest scores of each class, largest first; ties go to the lower index.

    `balanced=false` takes as many of all images, whatever their class: some may vanish.
    """

    needs_scores: ClassVar[bool] = True
    balanced: bool = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c (their sum, where not balanced); no draw."""
        return _first(-pool.scored(), pool, counts, self.balanced)


def _first(
    keys: Float32[np.ndarray, " n"], pool: Pool, counts: Int64[np.ndarray, " c"], balanced: bool
) -> Selection:
    def choose(members: Int64[np.ndarray, " m"], count: int, _: str) -> Int64[np.ndarray, " k"]:
        # stable: equal keys stay in index order
        first: Int64[np.ndarray, " k"] = members[np.argsort(keys[members], kind="stable")[:count]]
        return first

    return part_by_part(choose, pool, counts, balanced=balanced)
