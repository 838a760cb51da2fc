"""k-center: the farthest image from all that are chosen, again and again."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

from smallset.lazy import Tensor, torch
from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.points import among_points, centred, squares
from smallset.selection.pool import Pool
from smallset.selection.select import Select


@dataclass(frozen=True)
class KCenter(Select):
    """Cover each class: the image farthest from all chosen ones, greedily (arXiv 1708.00489).

    The first of a class is drawn by the set seed; ties go to the lower index. Only each image's
    distance to the nearest chosen one is kept. The time is images x budget of a class, the memory
    a copy of one class's features.
    """

    needs_features: ClassVar[bool] = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c."""

        def order(points: Float32[Tensor, "m d"], k: int, part: str) -> Int64[np.ndarray, " k"]:
            start = int(generator(seed, "k-center", part).integers(len(points)))
            return farthest(centred(points), start, k)

        return among_points(order, pool, counts)


def farthest(points: Float32[Tensor, "m d"], start: int, count: int) -> Int64[np.ndarray, " k"]:
    """Choose the start, then the point with the largest distance to its nearest chosen one."""
    lengths = squares(points)
    nearest = torch.full_like(lengths, torch.inf)
    chosen = np.empty(count, np.int64)
    for step in range(count):
        chosen[step] = centre = int(nearest.argmax()) if step else start
        away = torch.addmv(lengths, points, points[centre], alpha=-2).add_(lengths[centre])
        torch.minimum(nearest, away, out=nearest)
        nearest[centre] = -torch.inf
    return chosen
