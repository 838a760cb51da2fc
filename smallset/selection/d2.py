"""D2: hard images of hard neighbourhoods, each next one away from those that are chosen."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Float64, Int64

from smallset.records import Selection
from smallset.selection.counts import part_by_part
from smallset.selection.neighbours import nearest
from smallset.selection.pool import Pool
from smallset.selection.select import Select


@dataclass(frozen=True)
class D2(Select):
    """Pass scores over the nearest-neighbour graph, then pick greedily (D2, arXiv 2310.07931).

    Forward: g_i = s_i + sum exp(-d_ij) s_j over the `k` nearest j of the same class (all others,
    where there are fewer). Then, again and again, the largest g_i is chosen (ties: the lower index)
    and g_j -= exp(-gamma d_ij) g_i for its neighbours. Distances are Euclidean, in the features'
    own units. The time is that of all distances within a class, the memory 12 k bytes an image
    of a class and a tile of distances.
    `balanced=false` makes one graph of all images: some classes may vanish.
    """

    needs_scores: ClassVar[bool] = True
    weighs: ClassVar[bool] = True
    needs_features: ClassVar[bool] = True
    gamma: float = 0.1
    k: int = 5
    balanced: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < math.inf:
            raise ValueError(
                f"d2's gamma={self.gamma} is no decay. Give a number from 0, such as 0.1."
            )
        if self.k < 1:
            raise ValueError(f"d2's k={self.k} makes no graph. Give at least 1 neighbour.")

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c; no score may be negative, no draw."""
        values, features = pool.weighing(), pool.featured()

        def choose(
            members: Int64[np.ndarray, " m"], count: int, part: str
        ) -> Int64[np.ndarray, " k"]:
            own = values[members].astype(np.float64)
            neighbours, distances = nearest(features, members, self.k)
            passed = own.copy()
            for at, away in zip(neighbours.T, distances.T, strict=True):
                passed += np.exp(-away.astype(np.float64)) * own[at]
            order = pick(passed, neighbours, distances, self.gamma, count)
            chosen: Int64[np.ndarray, " k"] = members[order]
            return chosen

        return part_by_part(choose, pool, counts, balanced=self.balanced)


def pick(
    passed: Float64[np.ndarray, " m"],
    neighbours: Int64[np.ndarray, "m near"],
    distances: Float32[np.ndarray, "m near"],
    gamma: float,
    count: int,
) -> Int64[np.ndarray, " k"]:
    """Choose the largest, again and again, each taking some of its own from its neighbours."""
    peaks = _Peaks(passed)
    chosen = np.empty(count, np.int64)
    for step in range(count):
        chosen[step] = i = peaks.largest()
        value = peaks.take(i)
        peaks.add(neighbours[i], -np.exp(-gamma * distances[i].astype(np.float64)) * value)
    return chosen


class _Peaks:
    """Numbers whose largest is found in O(sqrt m) after any change: rows, and each row's largest.

    A heap would hold an entry for every change.
    """

    def __init__(self, values: Float64[np.ndarray, " m"]) -> None:
        self._width = math.isqrt(len(values) - 1) + 1
        padded = np.full((-(-len(values) // self._width), self._width), -np.inf)
        self._flat = padded.reshape(-1)
        self._flat[: len(values)] = values
        self._rows = padded
        self._tops = padded.max(1)

    def largest(self) -> int:
        """Give the position of the largest number, the lowest such."""
        row = int(self._tops.argmax())
        return row * self._width + int(self._rows[row].argmax())

    def take(self, at: int) -> float:
        """Give a number and leave it out from now on."""
        value, self._flat[at] = float(self._flat[at]), -np.inf
        self._tops[at // self._width] = self._rows[at // self._width].max()
        return value

    def add(self, at: Int64[np.ndarray, " k"], more: Float64[np.ndarray, " k"]) -> None:
        """Change the numbers at some positions, each named once."""
        self._flat[at] += more
        rows = at // self._width
        self._tops[rows] = self._rows[rows].max(1)
