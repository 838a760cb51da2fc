"""Points: the features of a class, gathered for distances, and a choice among them."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, Int64

from smallset.lazy import Tensor, torch
from smallset.records import Selection
from smallset.selection.counts import part_by_part
from smallset.selection.pool import Pool

Order = Callable[[Float32[Tensor, "m d"], int, str], Int64[np.ndarray, " k"]]
"""Given the features of a class, its own to change, how many are wanted of it and its name in draws
("class 3"), gives the places of those it chooses."""


def among_points(order: Order, pool: Pool, counts: Int64[np.ndarray, " c"]) -> Selection:
    """Choose `counts[c]` of class c by features alone: a copy of a class's at a time."""
    features = pool.featured()

    def choose(members: Int64[np.ndarray, " m"], count: int, part: str) -> Int64[np.ndarray, " k"]:
        chosen: Int64[np.ndarray, " k"] = members[order(points_of(features, members), count, part)]
        return chosen

    return part_by_part(choose, pool, counts, balanced=True)


def points_of(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"]
) -> Float32[Tensor, "m d"]:
    """Gather the features of some images: a copy of 4 m d bytes."""
    return torch.from_numpy(np.ascontiguousarray(features[members], np.float32))


def centred(points: Float32[Tensor, "m d"]) -> Float32[Tensor, "m d"]:
    """Take their mean off, in place: distances stay, and float32 keeps more digits of them."""
    return points.sub_(points.mean(0))


def squares(points: Float32[Tensor, "m d"]) -> Float32[Tensor, " m"]:
    """Give the squared lengths, without a second array of the size of the points."""
    lengths: Float32[Tensor, " m"] = torch.linalg.vector_norm(points, dim=1)
    return lengths.square_()
