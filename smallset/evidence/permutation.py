"""The permutation test: how often chance alone would separate two methods this far."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations

import numpy as np

from smallset.evidence.intervals import Values
from smallset.shapes import Float, Int

LEAST_REPLICATES = 6
"""The least replicates of each method. With five, the smallest possible p is 0.0079."""

# 10 against 10 replicates have 184,756 splits, which take a tenth of a second.
_MOST_SPLITS = 200_000
_DRAWS = 19_999


@dataclass(frozen=True)
class PermutationTest:
    """A two-sided p-value, and the smallest one possible with this number of replicates.

    If `exact`, every split was counted; otherwise `p` comes from random splits.
    """

    p: float
    smallest: float
    exact: bool


def permutation_test(a: Values, b: Values, *, seed: int) -> PermutationTest | None:
    """Return the share of splits of all replicates whose means differ at least as much as a and b.

    This is Fisher's permutation test of two independent samples (The Design of Experiments, 1935).
    Its statistic is the absolute difference of means. Up to 200,000 splits are all counted. If
    there are more, 19,999 are drawn by `seed`, and p is (as far + 1) / (draws + 1), which is never
    0 (Phipson and Smyth, 2010). Return None if a side has fewer than six replicates. Raises
    ValueError for a value that is nan or infinite.

    `scipy.stats.permutation_test` counts the same splits, but takes 1.4 s instead of 0.01 s for 10
    against 10 replicates, and a report makes hundreds of tests.
    """
    left, right = finite(a, "a"), finite(b, "b")
    if min(len(left), len(right)) < LEAST_REPLICATES:
        return None
    # After centring, the sum of one side stands for the difference of means, with less rounding.
    pooled = np.concatenate([left, right])
    pooled = pooled - pooled.mean()
    n, m = len(left), len(right)
    exact = math.comb(n + m, n) <= _MOST_SPLITS
    if exact:
        sums = pooled[_splits(n, m)].sum(axis=1)
    else:
        draws = np.random.default_rng(seed).permuted(np.tile(pooled, (_DRAWS, 1)), axis=1)
        sums = draws[:, :n].sum(axis=1)
    # Equal splits, summed in another order, differ in their last bits.
    tolerance = 1e-12 * len(pooled) * max(float(np.abs(pooled).max()), 1e-300)
    as_far = int((np.abs(sums) >= abs(float(pooled[:n].sum())) - tolerance).sum())
    if exact:
        # With equal sides, every split has a mirror image with the same statistic.
        return PermutationTest(as_far / len(sums), (2 if n == m else 1) / len(sums), True)
    return PermutationTest((as_far + 1) / (_DRAWS + 1), 1 / (_DRAWS + 1), False)


def holm(p_values: list[float]) -> list[float]:
    """Return p-values corrected for their number, in the given order, each at most 1.

    Holm, Scandinavian Journal of Statistics 6 (1979): the i-th smallest of k p-values is multiplied
    by k - i + 1. A product that is below the one before is raised to that one.
    """
    order = np.argsort(p_values, kind="stable")
    raised = np.minimum(1, np.arange(len(order), 0, -1) * np.asarray(p_values)[order])
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(raised)
    return list(map(float, adjusted))


def finite(values: Values, name: str) -> Float[np.ndarray, " n"]:
    """Return values as a float64 array. Raises ValueError if one is nan or infinite."""
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
    """Return every choice of n positions out of n + m."""
    count = math.comb(n + m, n)
    flat = chain.from_iterable(combinations(range(n + m), n))
    return np.fromiter(flat, np.int8, count * n).reshape(count, n)
