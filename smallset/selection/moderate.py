"""Moderate: images at the usual distance from the middle of their class."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

from smallset.lazy import Tensor, torch
from smallset.records import Selection
from smallset.selection.points import among_points
from smallset.selection.pool import Pool
from smallset.selection.select import Select


@dataclass(frozen=True)
class Moderate(Select):
    """Distances to the class's median feature closest to their median (Moderate-DS, ICLR 2023).

    Ties go to the lower index. The memory is a copy of one class's features.
    """

    needs_features: ClassVar[bool] = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` of class c; no draw."""
        return among_points(lambda points, k, _: usual(points)[:k], pool, counts)


def usual(points: Float32[Tensor, "m d"]) -> Int64[np.ndarray, " m"]:
    """Order points by how far their distance to the median is from the median distance."""
    # A copy of some columns at a time; of each by itself costs many calls, of all the memory.
    parts = points.numpy()
    middle = [np.median(parts[:, j : j + 16], axis=0) for j in range(0, parts.shape[1], 16)]
    points = points.sub_(torch.from_numpy(np.concatenate(middle)))
    # float64: the two middle distances of an even class are then exactly as far off.
    away = torch.linalg.vector_norm(points, dim=1).numpy().astype(np.float64)
    return np.argsort(np.abs(away - np.median(away)), kind="stable")
