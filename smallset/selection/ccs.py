"""CCS: coverage-centric coreset selection, a stratified draw over the score."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

from smallset.numbers import share_of
from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.select import Pool, Select, check_left, part_by_part

_MOST_STRATA = 1_000_000


@dataclass(frozen=True)
class CCS(Select):
    """Drop the hardest, then draw evenly from equal-width strata of the score (arXiv 2210.15809).

    The `beta` share that is hardest is dropped; the rest, cut into `strata` over its range, gives
    floor(images left to give / strata left) of each from the one with fewest on, or all of it
    (Algorithm 1). The paper's beta is 0.3 at 90 % pruning and 0.2 at 80 %, its score AUM, and its
    draw over all classes at once, which is `balanced=false`: some may vanish.
    The order of choice goes round the strata, the fullest first: one image more is one of one
    stratum, none fewer of another, so a prefix is exactly what the algorithm gives a smaller
    budget (of the same beta, which the paper moves with it).
    """

    needs_scores: ClassVar[bool] = True
    beta: float = 0.3
    strata: int = 50
    balanced: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.beta < 1:
            raise ValueError(
                f"ccs's beta={self.beta} is no share to drop. Give 0 <= beta < 1, such as 0.3."
            )
        if self.strata < 1:
            raise ValueError(f"ccs's strata={self.strata} hold nothing. Give at least 1.")
        if self.strata > _MOST_STRATA:  # each takes memory, images or not
            raise ValueError(
                f"ccs's strata={self.strata} is too large. Give at most {_MOST_STRATA}."
            )

    def leaves(self, of: int) -> int:
        """Return how many of `of` images of a part may be chosen, whatever the budget."""
        return of - share_of(self.beta, of)

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c; raises ValueError where beta leaves fewer."""
        values = pool.scored()

        def choose(
            members: Int64[np.ndarray, " m"], count: int, part: str
        ) -> Int64[np.ndarray, " k"]:
            ranked = members[np.argsort(values[members], kind="stable")]
            kept = ranked[: self.leaves(len(members))]
            option = f"ccs's beta={self.beta}"
            check_left(len(kept), count, option=option, part=part, of=len(members))
            # Drawn over ranks, not positions: the order of the data matters to ties only.
            drawn = generator(seed, "ccs", part).permutation(kept)
            turns = _turns(stratum(values[drawn], self.strata), self.strata)
            chosen: Int64[np.ndarray, " k"] = drawn[turns[:count]]
            return chosen

        return part_by_part(choose, pool, counts, balanced=self.balanced)


def stratum(values: Float32[np.ndarray, " m"], strata: int) -> Int64[np.ndarray, " m"]:
    """Give the equal-width stratum of each value, 0 the easiest; the largest is in the last."""
    wide = values.astype(np.float64)
    low, high = wide.min(), wide.max()
    if low == high:
        return np.zeros(len(values), np.int64)
    place = (wide - low) * (strata / (high - low))
    of: Int64[np.ndarray, " m"] = np.minimum(place, strata - 1).astype(np.int64)
    return of


def _turns(of: Int64[np.ndarray, " m"], strata: int) -> Int64[np.ndarray, " m"]:
    """Go round the strata, the fullest first, taking the next of each that still has one.

    The paper's allocation is water-filling: every stratum gives up to some level, and what the
    floors leave over goes to the fullest, which are filled last.
    """
    grouped = np.argsort(of, kind="stable")
    sizes = np.bincount(of, minlength=strata)
    turn = np.empty(len(of), np.int64)
    turn[grouped] = np.arange(len(of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.empty(strata, np.int64)
    place[np.argsort(sizes, kind="stable")] = np.arange(strata)
    return np.lexsort((-place[of], turn))
