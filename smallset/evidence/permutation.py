"""The permutation test: how often chance alone would part two methods this far."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations

import numpy as np
from jaxtyping import Float, Int

from smallset.evidence.intervals import Values

LEAST_REPLICATES = 6
"""Below six a side even the clearest difference has no p worth printing (0.0079 at five)."""

# 10 against 10 replicates are 184,756 splits: a tenth of a second, and the p is exact.
_MOST_SPLITS = 200_000
_DRAWS = 19_999


@dataclass(frozen=True)
class PermutationTest:
    """A two-sided p, the smallest it could have been with so many replicates, and how it was found.

    `exact` means that every split was counted; otherwise `p` comes of random splits.
    """

    p: float
    smallest: float
    exact: bool


def permutation_test(a: Values, b: Values, *, seed: int) -> PermutationTest | None:
    """Give the share of splits of all replicates whose means differ as much as those of a and b.

    `scipy.stats.permutation_test` counts the same splits, but takes 1.4 s where this takes 0.01 s
    (10 against 10 replicates), and a report makes hundreds of tests.

    Fisher's permutation test of two independent samples (The Design of Experiments, 1935), with the
    absolute difference of means as its statistic. All splits are counted where there are at most
    200,000; beyond that 19,999 are drawn by `seed` and p is (as far + 1) / (draws + 1) (Phipson and
    Smyth, 2010), which is never 0. None where a side has fewer than six replicates. Raises
    ValueError for a value that is nan or infinite.
    """
    left, right = finite(a, "a"), finite(b, "b")
    if min(len(left), len(right)) < LEAST_REPLICATES:
        return None
    # Centred, sums of one side differ as the means do, and rounding is that of the spread.
    pooled = np.concatenate([left, right])
    pooled = pooled - pooled.mean()
    n, m = len(left), len(right)
    exact = math.comb(n + m, n) <= _MOST_SPLITS
    if exact:
        sums = pooled[_splits(n, m)].sum(axis=1)
    else:
        draws = np.random.default_rng(seed).permuted(np.tile(pooled, (_DRAWS, 1)), axis=1)
        sums = draws[:, :n].sum(axis=1)
    # Equal splits summed in another order differ in their last bits.
    tolerance = 1e-12 * len(pooled) * max(float(np.abs(pooled).max()), 1e-300)
    as_far = int((np.abs(sums) >= abs(float(pooled[:n].sum())) - tolerance).sum())
    if exact:
        # With equal sides every split has its mirror image, which is as far.
        return PermutationTest(as_far / len(sums), (2 if n == m else 1) / len(sums), True)
    return PermutationTest((as_far + 1) / (_DRAWS + 1), 1 / (_DRAWS + 1), False)


def holm(p_values: list[float]) -> list[float]:
    """Give the p-values corrected for their number, in their own order, each at most 1.

    Holm, Scandinavian Journal of Statistics 6 (1979): the i-th smallest of k times k - i + 1, and
    never less than a smaller one's. Raises ValueError for one that is nan or outside 0..1.
    """
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(
                f"p={p} among the p-values to correct is no probability between 0 and 1. "
                "Leave tests without a p out."
            )
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def finite(values: Values, name: str) -> Float[np.ndarray, " n"]:
    """Give values as an array; raises ValueError, naming them, where one is nan or infinite."""
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    bad = array[~np.isfinite(array)]
    if len(bad):
        raise ValueError(
            f"{name} holds {bad[0]}, but a comparison needs finite accuracies. "
            "Leave out the replicates that have none."
        )
    return array


@lru_cache(maxsize=4)
def _splits(n: int, m: int) -> Int[np.ndarray, "splits n"]:
    """Every choice of n out of n + m."""
    count = math.comb(n + m, n)
    flat = chain.from_iterable(combinations(range(n + m), n))
    return np.fromiter(flat, np.int8, count * n).reshape(count, n)
