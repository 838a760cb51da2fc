"""CCS: coverage-centric coreset selection, a draw stratified by score."""

from dataclasses import dataclass

import numpy as np

from smallset.numbers import check_number, share_of
from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.select import Images, Pool, Select, check_left, part_by_part
from smallset.shapes import Float32, Int64
from smallset.store.plan_table import class_ranks

_MOST_STRATA = 1_000_000  # even an empty stratum takes memory


@dataclass(frozen=True)
class CCS(Select):
    """Drop the hardest, then draw evenly from equal-width strata of the score (arXiv 2210.15809).

    The hardest share `beta` is dropped. The score range of the rest is cut into `strata` ranges of
    equal width. The strata give images in turn, the stratum with the fewest images first: each
    gives floor(images still wanted / strata left), or all its images (Algorithm 1). The
    paper uses AUM with beta 0.3 at 90 % pruning and 0.2 at 80 %. It draws from all classes at once,
    as `balanced=false` does, so classes may vanish. The order of choice goes round the strata, the
    fullest first. With the same beta, a prefix is therefore exactly what the algorithm chooses for
    a smaller budget.
    """

    needs_scores = True
    beta: float = 0.3
    strata: int = 50
    balanced: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.beta < 1:
            raise ValueError(
                f"ccs's beta={self.beta} is not a share to drop. Give 0 <= beta < 1, such as 0.3."
            )
        unit = "the ranges of the score"
        check_number("ccs's strata", self.strata, least=1, unit=unit, most=_MOST_STRATA)

    def leaves(self, of: int) -> int:
        """Return how many of a class's `of` images `beta` leaves, whatever the budget."""
        return of - share_of(self.beta, of)

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c. Raises ValueError if beta leaves too few."""
        values = pool.scored()

        def choose(members: Images, count: int, part: str) -> Images:
            ranked = members[np.argsort(values[members], kind="stable")]
            kept = ranked[: self.leaves(len(members))]
            option = f"ccs's beta={self.beta}"
            check_left(len(kept), count, option=option, part=part, of=len(members))
            # Drawn by rank, not position, so that the order of the data matters only for ties.
            drawn = generator(seed, "ccs", part).permutation(kept)
            turns = _turns(stratum(values[drawn], self.strata), self.strata)
            return drawn.take(turns[:count])

        return part_by_part(choose, pool, counts, balanced=self.balanced)


def stratum(values: Float32[np.ndarray, " m"], strata: int) -> Int64[np.ndarray, " m"]:
    """Return the equal-width stratum of each value, from 0 for the easiest."""
    wide = values.astype(np.float64)
    low, high = wide.min(), wide.max()
    if low == high:
        return np.zeros(len(values), np.int64)
    place = (wide - low) * (strata / (high - low))
    of: Int64[np.ndarray, " m"] = np.minimum(place, strata - 1).astype(np.int64)
    return of


def _turns(of: Int64[np.ndarray, " m"], strata: int) -> Int64[np.ndarray, " m"]:
    """Order images by going round the strata, the fullest first, taking the next image of each.

    The paper's allocation is water-filling: every stratum gives images up to a common level. The
    images left over by rounding down come from the fullest strata, which are treated last.
    """
    place = np.argsort(np.argsort(np.bincount(of, minlength=strata), kind="stable"))
    return np.lexsort((-place[of], class_ranks(of)))
