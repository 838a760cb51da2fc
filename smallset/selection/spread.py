"""Spread: one image of each part of what an observer sees, among the easier images."""

import warnings
from dataclasses import dataclass

import numpy as np

from smallset.numbers import check_share, share_of
from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.geometry import centred, points_of
from smallset.selection.select import Images, Pool, Select, check_left, part_by_part
from smallset.shapes import Float32, Int64

_ROUNDS = 20
"""Rounds of k-means. Most of the gain comes in the first ones."""


@dataclass(frozen=True)
class Spread(Select):
    """The image nearest to each centre of k-means among the easiest share of each class.

    To choose k of a class's n images, the features of the easiest `allow` n images are put into k
    clusters. By default, allow = (k / n)^(1/5): the more images are wanted, the harder they may be.
    In a class of 5,000 images, the easiest 29 % are clustered for k = 10, 38 % for 40 and 53 % for
    200.

    The image of the largest cluster comes first, so a prefix shows what most images look like. A
    prefix is not the choice for a smaller budget, whose clusters are larger. If equal features
    leave clusters empty, the easiest images that are left come last. Ties go to the easier image,
    then to the lower index. The set seed draws the first centres. Memory holds three copies of the
    features of one class's allowed images. Time is proportional to k times their number.
    """

    needs_scores = True
    needs_features = True
    ordered = False
    allow: float | None = None

    def __post_init__(self) -> None:
        if self.allow is not None:
            check_share("spread's allow", self.allow)

    def leaves(self, of: int) -> int:
        """Return how many of a class's `of` images may be chosen, regardless of the budget."""
        return of if self.allow is None else share_of(self.allow, of)

    def facts(
        self, have: Int64[np.ndarray, " c"], counts: Int64[np.ndarray, " c"]
    ) -> dict[str, str]:
        """Return the share of each class that may be chosen, or its range over the classes."""
        pairs = zip(have.tolist(), counts.tolist(), strict=True)
        shares = sorted(self._share(k, n) for n, k in pairs if k)
        few, many = f"{shares[0]:.3f}", f"{shares[-1]:.3f}"
        return {"allow": few if few == many else f"{few} to {many}"}

    def _share(self, count: int, of: int) -> float:
        return (count / of) ** 0.2 if self.allow is None else self.allow

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c. Raises ValueError if `allow` leaves too few."""
        values, features = pool.scored(), pool.featured()

        def choose(members: Images, count: int, part: str) -> Images:
            ranked = members[np.argsort(values[members], kind="stable")]
            allowed = ranked[: share_of(self._share(count, len(members)), len(members))]
            option = f"spread's allow={self.allow}"
            check_left(len(allowed), count, option=option, part=part, of=len(members))
            if len(allowed) == count:
                return allowed
            start = int(generator(seed, "spread", part).integers(2**31))
            # By rank, not position, so that the order of the data matters only for ties.
            points = centred(points_of(features, allowed)).numpy()
            chosen = medoids(points, count, seed=start)
            others = np.setdiff1d(np.arange(len(allowed)), chosen)
            return allowed.take(np.concatenate([chosen, others[: count - len(chosen)]]))

        return part_by_part(choose, pool, counts, balanced=True)


def medoids(
    points: Float32[np.ndarray, "m d"], count: int, *, seed: int
) -> Int64[np.ndarray, " k"]:
    """Return the point nearest to each of `count` centres, the one of the largest cluster first.

    If there are fewer than `count` different points, return fewer. Ties go to the lower index.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # Not MiniBatchKMeans: with few images a cluster, it leaves many clusters with one or none.
    means = KMeans(count, n_init=1, max_iter=_ROUNDS, random_state=seed)
    # Several threads would add up in any order, and so end at other centres.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different points than centres
        cluster = means.fit(points).labels_
    away = np.linalg.norm(points - means.cluster_centers_[cluster], axis=1)
    order = np.lexsort((away, cluster))
    _, first, sizes = np.unique(cluster[order], return_index=True, return_counts=True)
    nearest = order[first]
    return nearest[np.lexsort((nearest, -sizes))]
