"""Herding: images whose running mean stays closest to the class's."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

from smallset.lazy import Tensor, torch
from smallset.records import Selection
from smallset.selection.points import among_points, centred, squares
from smallset.selection.pool import Pool
from smallset.selection.select import Select


@dataclass(frozen=True)
class Herding(Select):
    """Greedily keep the class's mean feature: argmin ||(t + 1) mean - sum chosen - x|| (Welling).

    Without replacement; ties go to the lower index. The time is images x budget of a class, the
    memory a copy of one class's features.
    """

    needs_features: ClassVar[bool] = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c; no draw."""
        return among_points(lambda points, k, _: herd(centred(points), k), pool, counts)


def herd(points: Float32[Tensor, "m d"], count: int) -> Int64[np.ndarray, " k"]:
    """Choose among points whose mean is 0: each next one brings the sum closest to 0."""
    lengths = squares(points)
    total = torch.zeros(points.shape[1], dtype=torch.float64)
    chosen = np.empty(count, np.int64)
    for step in range(count):
        # ||total + x||^2 less ||total||^2, which is the same for all x
        after = torch.addmv(lengths, points, total.float(), alpha=2)
        chosen[step] = nearest = int(after.argmin())
        total += points[nearest]
        lengths[nearest] = torch.inf
    return chosen
