"""D2: hard images of hard neighbourhoods, each away from the images already chosen."""

import math
from dataclasses import dataclass

import numpy as np

from smallset.lazy import F, Tensor, torch
from smallset.numbers import check_number
from smallset.records import Selection
from smallset.selection.geometry import points_of, squares
from smallset.selection.select import Images, Pool, Select, part_by_part
from smallset.shapes import Float32, Float64, Int64


@dataclass(frozen=True)
class D2(Select):
    """Pass scores over the nearest-neighbour graph, then pick greedily (D2, arXiv 2310.07931).

    Forward: g_i = s_i + sum exp(-d_ij) s_j over the `k` nearest images j of the same class (all
    others if there are fewer). Then the largest g_i is chosen again and again, and each time
    g_j -= exp(-gamma d_ij) g_i for its neighbours; ties go to the lower index. Distances are
    Euclidean, in the units of the features. All distances within a class are computed; memory
    holds 12 k bytes for each image of a class and one tile of distances.
    `balanced=false` makes one graph of all images, so classes may vanish.
    """

    needs_scores = True
    weighs = True
    needs_features = True
    gamma: float = 0.1
    k: int = 5
    balanced: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < math.inf:
            raise ValueError(
                f"d2's gamma={self.gamma} is not a decay. Give a number from 0, such as 0.1."
            )
        check_number("d2's k", self.k, least=1, unit="the neighbours of each image")

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c. Raises ValueError for negative scores."""
        values, features = pool.weighing(), pool.featured()

        def choose(members: Images, count: int, part: str) -> Images:
            own = values[members].astype(np.float64)
            neighbours, distances = nearest(features, members, self.k)
            passed = own.copy()
            for at, away in zip(neighbours.T, distances.T, strict=True):
                passed += np.exp(-away.astype(np.float64)) * own[at]
            return members.take(pick(passed, neighbours, distances, self.gamma, count))

        return part_by_part(choose, pool, counts, balanced=self.balanced)


def pick(
    passed: Float64[np.ndarray, " m"],
    neighbours: Int64[np.ndarray, "m near"],
    distances: Float32[np.ndarray, "m near"],
    gamma: float,
    count: int,
) -> Int64[np.ndarray, " k"]:
    """Choose the largest value `count` times, each time lowering the values of its neighbours.

    The values to choose from are `passed`. Returns their positions in order of choice. Each choice
    looks at all values: about a millisecond for a million.
    """
    left = passed.copy()
    chosen = np.empty(count, np.int64)
    for step in range(count):
        chosen[step] = i = int(left.argmax())
        value, left[i] = left[i], -np.inf
        left[neighbours[i]] -= np.exp(-gamma * distances[i].astype(np.float64)) * value
    return chosen


_ROWS, _COLUMNS = 256, 8192  # of a tile of distances: 8 MiB
_GROUP = 16


def nearest(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"], k: int
) -> tuple[Int64[np.ndarray, "m near"], Float32[np.ndarray, "m near"]]:
    """Return the k nearest others of each member, as positions among members, and their distances.

    Distances are Euclidean, nearest first. With k members or fewer, all others are neighbours.
    Among equal distances, `torch.topk` decides. Memory holds the result (12 k bytes a member), one
    tile of distances and the features of the tile's rows and columns.
    """
    m = len(members)
    k = min(k, m - 1)
    centre = _mean(features, members)
    best, at = torch.full((m, k), torch.inf), torch.zeros((m, k), dtype=torch.int64)
    for left in range(0, m if k else 0, _COLUMNS):
        columns = points_of(features, members[left : left + _COLUMNS]).sub_(centre)
        lengths = squares(columns)
        for top in range(0, m, _ROWS):
            here = slice(top, top + _ROWS)
            rows = points_of(features, members[here]).sub_(centre)
            # Squared distances minus the row's squared length, which keeps their order.
            tile = torch.addmm(lengths, rows, columns.T, alpha=-2)
            tile.diagonal(top - left).fill_(torch.inf)  # no point is its own neighbour
            values, places = _smallest(tile, k)
            values = torch.cat([best[here], values], 1)
            places = torch.cat([at[here], places + left], 1)
            best[here], kept = values.topk(k, largest=False, sorted=False)
            at[here] = places.gather(1, kept)
    _measure(features, members, at, best)
    return at.numpy(), best.numpy()


def _smallest(
    tile: Float32[Tensor, "r c"], k: int
) -> tuple[Float32[Tensor, "r near"], Int64[Tensor, "r near"]]:
    """Return the k smallest values of each row and their columns, in any order.

    If a row has fewer than k values, return all. The k smallest values are in the k groups of
    columns with the smallest minima, and these groups are quick to find.
    """
    width = -(-tile.shape[1] // _GROUP)
    if width <= k:
        values, places = tile.topk(min(k, tile.shape[1]), largest=False, sorted=False)
        return values, places
    if tile.shape[1] % _GROUP:
        tile = F.pad(tile, (0, width * _GROUP - tile.shape[1]), value=torch.inf)
    lowest = tile.view(-1, _GROUP, width).amin(1).topk(k, largest=False, sorted=False).indices
    members = torch.arange(_GROUP)[:, None] * width + lowest[:, None]  # (r, group, k)
    candidates = members.flatten(1)
    values, kept = tile.gather(1, candidates).topk(k, largest=False, sorted=False)
    return values, candidates.gather(1, kept)


def _measure(
    features: Float32[np.ndarray, "n d"],
    members: Int64[np.ndarray, " m"],
    at: Int64[Tensor, "m near"],
    best: Float32[Tensor, "m near"],
) -> None:
    """Recompute the distances in `best` from differences, and sort `best` and `at` by them.

    The distances of a tile come from dot products, which lose digits for close points.
    """
    for top in range(0, len(members), _ROWS):
        here = slice(top, top + _ROWS)
        rows = points_of(features, members[here])
        for j, column in enumerate(at[here].T.numpy()):
            apart = points_of(features, members[column]).sub_(rows)
            best[here, j] = torch.linalg.vector_norm(apart, dim=1)
        best[here], order = best[here].sort(dim=1, stable=True)
        at[here] = at[here].gather(1, order)


def _mean(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"]
) -> Float32[Tensor, " d"]:
    total = np.zeros(features.shape[1], np.float64)
    for left in range(0, len(members), _COLUMNS):
        total += features[members[left : left + _COLUMNS]].sum(0, dtype=np.float64)
    return torch.from_numpy((total / len(members)).astype(np.float32))
