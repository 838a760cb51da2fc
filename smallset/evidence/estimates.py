"""Estimates: a number with its 95 % interval, of a mean, a share, a quantile or a rank correlation.

The interval of a mean assumes a normal distribution. The other intervals assume none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smallset.evidence.intervals import Values, mean_interval
from smallset.evidence.permutation import finite
from smallset.lazy import special
from smallset.seeds import generator
from smallset.shapes import Float, Float64, Shaped

LEAST_PAIRS = 3
"""Fewer pairs have no rank correlation."""

RESAMPLES = 2000
ENDS = (0.025, 0.975)
"""The ends of a 95 % interval as shares of the distribution."""
# Fewer pairs have so few different resamples that the interval would be too narrow.
_LEAST_RESAMPLED = 5


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its 95 % interval over `n` items.

    The ends are None if `n` items are too few for an interval.
    """

    value: float
    low: float | None
    high: float | None
    n: int


def mean_estimate(values: Values) -> Estimate:
    """Return the mean and its Student-t interval; a single value has no interval."""
    found = mean_interval(values)
    if found.n < 2:
        return Estimate(found.mean, None, None, found.n)
    return Estimate(found.mean, found.low, found.high, found.n)


def share_estimate(hits: Sequence[bool] | Shaped[np.ndarray, " n"]) -> Estimate:
    """Return the share of true items and its exact interval (Clopper and Pearson, 1934)."""
    n, k = len(hits), int(np.sum(hits))
    low = float(special.betaincinv(k, n - k + 1, ENDS[0])) if k else 0.0
    high = float(special.betaincinv(k + 1, n - k, ENDS[1])) if k < n else 1.0
    return Estimate(k / n, low, high, n)


def quantile_estimate(values: Values, share: float) -> Estimate:
    """Return the quantile at `share` (0.5: the median) and its exact interval.

    The ends of the interval are two of the values: the number of values below the quantile is
    binomial, whatever their distribution. There is no interval if an end would lie beyond the
    smallest or the largest value.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    n = len(ordered)
    below = special.bdtr(np.arange(n), n, share)  # P(at most k values below), k = 0 .. n - 1
    first = int(np.searchsorted(below, ENDS[0], "right"))
    last = int(np.searchsorted(below, ENDS[1])) + 1
    value = float(np.quantile(ordered, share))
    if first < 1 or last > n:
        return Estimate(value, None, None, n)
    return Estimate(value, float(ordered[first - 1]), float(ordered[last - 1]), n)


def spearman(a: Values, b: Values, *, seed: int) -> Estimate:
    """Return Spearman's rank correlation of pairs and its bootstrap interval; ties share a rank.

    The interval holds the middle 95 % of 2,000 resamples of the pairs (Efron, 1979), drawn by
    `seed`. Resamples in which a side is constant have no correlation and are left out. Fewer than
    five pairs have no interval. Raises ValueError for fewer than three pairs, for a side that is
    constant, and for a value that is nan or infinite.
    """
    left, right = finite(a, "a"), finite(b, "b")
    n = len(left)
    if n != len(right) or n < LEAST_PAIRS or np.ptp(left) == 0 or np.ptp(right) == 0:
        raise ValueError(
            f"{n} and {len(right)} values have no rank correlation. Needed {LEAST_PAIRS} pairs or "
            "more, with different values on both sides. Give more."
        )
    value = _correlation(left, right)
    if n < _LEAST_RESAMPLED:
        return Estimate(value, None, None, n)
    draws = generator(seed, "spearman").integers(n, size=(RESAMPLES, n))
    varied = [d for d in draws if np.ptp(left[d]) > 0 and np.ptp(right[d]) > 0]
    low, high = np.quantile([_correlation(left[d], right[d]) for d in varied], ENDS)
    return Estimate(value, float(low), float(high), n)


def _correlation(a: Float64[np.ndarray, " n"], b: Float64[np.ndarray, " n"]) -> float:
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: Float64[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return ranks from 1; equal values have the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Float[np.ndarray, " n"] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks
