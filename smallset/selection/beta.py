"""Beta: DUAL's sampling. The more is pruned, the more it prefers easier images."""

from dataclasses import dataclass

import numpy as np

from smallset.lazy import special
from smallset.records import Selection
from smallset.seeds import generator
from smallset.selection.select import Images, Pool, Select, part_by_part
from smallset.shapes import Float32, Float64, Int64

_TOP, _SUM = 10, 16.0  # from the paper: the number of hardest images, and a + b


@dataclass(frozen=True)
class Beta(Select):
    """Draw by score times a Beta density of the mean probability (DUAL, arXiv 2502.06905).

    An image with score s and mean probability mu of its true class has the weight
    BetaPDF(mu; a, b) s, with b = 15 (1 - mu_D) (1 - r^c) and a = 16 - b. mu_D is the mean mu of the
    ten hardest images, r the pruned share of the pool; c = 4 is the paper's value for CIFAR-100. mu
    is the mean over all epochs of the score's first run; for `dual`, over the epochs and runs that
    it reads. The draw is without replacement: each image gets an exponential draw divided by its
    weight, and the smallest are chosen. Images of weight 0 come last, in random order. The weights
    depend on the budget, so a prefix is not the choice for a smaller budget. `balanced=false` draws
    from all images at once, as the paper does, so classes may vanish.
    """

    needs_scores = True
    needs_probabilities = True
    ordered = False
    weighs = True
    c: float = 4.0
    balanced: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.c < np.inf:
            raise ValueError(f"beta's c={self.c} is not a power. Give a number above 0, such as 4.")

    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose `counts[c]` images of class c. Raises ValueError for negative scores."""
        pruned = 1 - int(counts.sum()) / len(pool)
        weights = log_weights(pool.probabilities(), pool.weighing(), pruned, self.c)

        def choose(members: Images, count: int, part: str) -> Images:
            # Drawn by rank, not position, so that the order of the data matters only for ties.
            ranked = members[np.argsort(weights[members], kind="stable")]
            draws = generator(seed, "beta", part).standard_exponential(len(members))
            keys = np.log(draws) - weights[ranked]
            return ranked[np.lexsort((draws, keys))[:count]]

        return part_by_part(choose, pool, counts, balanced=self.balanced)


def log_weights(
    mean: Float32[np.ndarray, " n"], scores: Float32[np.ndarray, " n"], pruned: float, c: float
) -> Float64[np.ndarray, " n"]:
    """Return the logarithms of `Beta`'s weights, up to a common constant; -inf for a weight of 0.

    `mean` are the mean probabilities mu, `pruned` is the pruned share r of the pool.
    """
    hardest = np.argsort(-scores, kind="stable")[:_TOP]
    b = (_SUM - 1) * (1 - float(mean[hardest].mean(dtype=np.float64))) * (1 - pruned**c)
    mu = mean.astype(np.float64)
    # xlogy takes 0 log 0 as 0. The constant of the density is common to all images and left out.
    density = special.xlogy(_SUM - b - 1, mu) + special.xlog1py(b - 1, -mu)
    weighed = scores > 0  # a score of 0 means a weight of 0, even if the density is infinite
    logs = np.full(len(mu), -np.inf)
    logs[weighed] = density[weighed] + np.log(scores[weighed], dtype=np.float64)
    return logs
