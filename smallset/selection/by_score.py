"""Random, easiest, hardest and middle: a random draw, and three ranges of a score."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smallset.numbers import share_of
from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.select import Images, Pool, Select, check_counts, check_left, part_by_part
from smallset.shapes import Int64


@dataclass(frozen=True)
class Random(Select):
    """A random draw from each class without replacement; every set seed gives another draw."""

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c, without looking at scores."""
        check_counts(pool, counts)
        chosen = [
            generator(seed, "random", c).permutation(of_class)[:count]
            for c, (of_class, count) in enumerate(zip(pool.members(), counts, strict=True))
        ]
        return Selection(np.concatenate(chosen))


@dataclass(frozen=True)
class _End(Select):
    """The images with the smallest values of `sign` times the score; ties go to the lower index."""

    sign: ClassVar[int]
    needs_scores = True
    balanced: bool = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c, or their sum if not balanced. Nothing is random."""
        keys = self.sign * pool.scored()

        def choose(members: Images, count: int, _: str) -> Images:
            return members[np.argsort(keys[members], kind="stable")[:count]]

        return part_by_part(choose, pool, counts, balanced=self.balanced)


class Easiest(_End):
    """The smallest scores of each class, smallest first; ties go to the lower index.

    `balanced=false` takes the same total from all images, so classes may vanish.
    """

    sign = 1


class Hardest(_End):
    """The largest scores of each class, largest first; ties go to the lower index.

    `balanced=false` takes the same total from all images, so classes may vanish.
    """

    sign = -1


@dataclass(frozen=True)
class Middle(Select):
    """A random draw from a window of each class's scores; every set seed gives another draw.

    The m images of a class are ranked from the easiest, from 0. For quantiles=(a, b), the window
    starts at rank round(a m) and ends before rank round(b m). Halves round up; ties go to the lower
    index. The window does not depend on the budget. The draw goes by rank, so the order of the data
    matters only for ties.
    `balanced=false` takes one window of all images, so classes may vanish.
    """

    needs_scores = True
    quantiles: tuple[float, float] = (0.25, 0.75)
    balanced: bool = True

    def __post_init__(self) -> None:
        low, high = self.quantiles
        if not 0 <= low < high <= 1:
            raise ValueError(
                f"middle's quantiles={self.quantiles} are not a window of the scores. "
                "Give (low, high) with 0 <= low < high <= 1."
            )

    def leaves(self, of: int) -> int:
        """Return how many of `of` images of a part can be chosen, regardless of the budget."""
        low, high = self._window(of)
        return high - low

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c. Raises ValueError if the window has too few."""
        values = pool.scored()

        def choose(members: Images, count: int, part: str) -> Images:
            ranked = members[np.argsort(values[members], kind="stable")]
            low, high = self._window(len(members))
            option = f"middle's quantiles={self.quantiles}"
            check_left(high - low, count, option=option, part=part, of=len(members))
            return generator(seed, "middle", part).permutation(ranked[low:high])[:count]

        return part_by_part(choose, pool, counts, balanced=self.balanced)

    def _window(self, of: int) -> tuple[int, int]:
        low, high = self.quantiles
        return share_of(low, of), share_of(high, of)
