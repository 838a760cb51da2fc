"""Selectors by geometry: herding, k-center and moderate choose by an observer's features alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smallset.lazy import Tensor, torch
from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.select import Images, Pool, Select, part_by_part
from smallset.shapes import Float32, Int64

Order = Callable[[Float32[Tensor, "m d"], int, str], Int64[np.ndarray, " k"]]
"""Takes a copy of a class's features, the number of images wanted, and the class as "class 3",
which is a key of random draws. Returns the positions of the chosen images in the class."""


def among_points(order: Order, pool: Pool, counts: Int64[np.ndarray, " c"]) -> Selection:
    """Choose `counts[c]` images of class c by features alone, one class at a time."""
    features = pool.featured()

    def choose(members: Images, count: int, part: str) -> Images:
        return members[order(points_of(features, members), count, part)]

    return part_by_part(choose, pool, counts, balanced=True)


def points_of(
    features: Float32[np.ndarray, "n d"], members: Int64[np.ndarray, " m"]
) -> Float32[Tensor, "m d"]:
    """Gather the features of some images: a copy of 4 m d bytes."""
    return torch.from_numpy(np.ascontiguousarray(features[members], np.float32))


def centred(points: Float32[Tensor, "m d"]) -> Float32[Tensor, "m d"]:
    """Subtract the mean in place, so that float32 keeps more digits of the distances."""
    return points.sub_(points.mean(0))


def squares(points: Float32[Tensor, "m d"]) -> Float32[Tensor, " m"]:
    """Return the squared lengths, without a second array of the points' size."""
    lengths: Float32[Tensor, " m"] = torch.linalg.vector_norm(points, dim=1)
    return lengths.square_()


@dataclass(frozen=True)
class Herding(Select):
    """Greedily keep the mean feature of the chosen close to the class's mean (Welling 2009).

    After t choices, the next is the image x that minimises ||(t + 1) mean - sum of chosen - x||. No
    image is chosen twice; ties go to the lower index. Time is proportional to the images times the
    budget of a class. Memory holds a copy of one class's features.
    """

    needs_features = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c. Nothing is random."""
        return among_points(lambda points, k, _: herd(centred(points), k), pool, counts)


def herd(points: Float32[Tensor, "m d"], count: int) -> Int64[np.ndarray, " k"]:
    """Choose among points with mean 0: each choice brings the sum of the chosen closest to 0."""
    lengths = squares(points)
    total = torch.zeros(points.shape[1], dtype=torch.float64)
    chosen = np.empty(count, np.int64)
    for step in range(count):
        # ||total + x||^2 minus ||total||^2, which is the same for all x
        after = torch.addmv(lengths, points, total.float(), alpha=2)
        chosen[step] = nearest = int(after.argmin())
        total += points[nearest]
        lengths[nearest] = torch.inf
    return chosen


@dataclass(frozen=True)
class KCenter(Select):
    """Cover each class: greedily take the image farthest from all chosen ones (arXiv 1708.00489).

    The set seed draws the first image of a class; ties go to the lower index. Time is proportional
    to the images times the budget of a class. Memory holds a copy of one class's features.
    """

    needs_features = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c."""

        def order(points: Float32[Tensor, "m d"], k: int, part: str) -> Int64[np.ndarray, " k"]:
            start = int(generator(seed, "k-center", part).integers(len(points)))
            return farthest(centred(points), start, k)

        return among_points(order, pool, counts)


def farthest(points: Float32[Tensor, "m d"], start: int, count: int) -> Int64[np.ndarray, " k"]:
    """Choose `start`, then each time the point that is farthest from its nearest chosen point."""
    lengths = squares(points)
    nearest = torch.full_like(lengths, torch.inf)
    chosen = np.empty(count, np.int64)
    for step in range(count):
        chosen[step] = centre = int(nearest.argmax()) if step else start
        away = torch.addmv(lengths, points, points[centre], alpha=-2).add_(lengths[centre])
        torch.minimum(nearest, away, out=nearest)
        nearest[centre] = -torch.inf
    return chosen


@dataclass(frozen=True)
class Moderate(Select):
    """Images at the median distance from the class's median feature (Moderate-DS, ICLR 2023).

    Images are taken in order of how close their distance is to the median distance; ties go to the
    lower index. Memory holds a copy of one class's features.
    """

    needs_features = True

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c. Nothing is random."""
        return among_points(lambda points, k, _: usual(points)[:k], pool, counts)


def usual(points: Float32[Tensor, "m d"]) -> Int64[np.ndarray, " m"]:
    """Order points by how far their distance to the median is from the median distance."""
    # A few columns at a time: single columns cost many calls, all columns cost memory.
    parts = points.numpy()
    middle = [np.median(parts[:, j : j + 16], axis=0) for j in range(0, parts.shape[1], 16)]
    points = points.sub_(torch.from_numpy(np.concatenate(middle)))
    # In float64, the two middle distances of an even class are exactly as far from the median.
    away = torch.linalg.vector_norm(points, dim=1).numpy().astype(np.float64)
    return np.argsort(np.abs(away - np.median(away)), kind="stable")
