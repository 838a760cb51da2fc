"""95 % Student-t intervals over replicates: of a mean, of a difference, and of each class.

`scipy.stats` has them too, and the tests compare with it. Importing it takes 0.7 s of CPU time,
more than a whole report, so the quantile comes from `scipy.special`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smallset.lazy import special
from smallset.shapes import Float

Values = Sequence[float] | Float[np.ndarray, " _"]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % confidence interval, in the unit of the values (accuracy: a fraction).

    `low` and `high` are `mean -+ half_width`. `n` is the number of replicates, and `std` the sample
    standard deviation of one replicate. For a difference, `n` is the number of the smaller side,
    and `std` is that of one replicate of `a` minus one of `b`. A number is nan if there are too few
    replicates to know it.
    """

    mean: float
    half_width: float
    low: float
    high: float
    n: int
    std: float

    @property
    def ends(self) -> tuple[float, float]:
        """`low` and `high`, or (mean, mean) if there are too few replicates to know them."""
        return (self.mean, self.mean) if math.isnan(self.half_width) else (self.low, self.high)


def mean_interval(values: Values) -> Interval:
    """Return the mean of `values` and its two-sided Student-t interval.

    The width is nan for a single value. Without a value, the mean is nan too.
    """
    n, mean, variance = _moments(values)
    half_width = _t(n - 1) * math.sqrt(variance / n) if n > 1 else math.nan
    return _interval(mean, half_width, n, math.sqrt(variance))


def welch_difference(a: Values, b: Values) -> Interval:
    """Return mean(a) - mean(b) and its interval, without assuming equal variances.

    Welch, Biometrika 34 (1947), with the Welch-Satterthwaite degrees of freedom. The
    width is nan if a side has fewer than two values, and 0 if neither side varies.
    """
    (n_a, mean_a, var_a), (n_b, mean_b, var_b) = _moments(a), _moments(b)
    half_width = math.nan
    if n_a > 1 and n_b > 1:
        # Scaled by the larger part: squares of variances near 1e-200 would underflow to 0/0.
        part_a, part_b = var_a / n_a, var_b / n_b
        largest = max(part_a, part_b)
        half_width = 0.0 if largest == 0 else math.nan
        if largest > 0:
            ratio_a, ratio_b = part_a / largest, part_b / largest
            freedom = (ratio_a + ratio_b) ** 2 / (ratio_a**2 / (n_a - 1) + ratio_b**2 / (n_b - 1))
            half_width = _t(freedom) * math.sqrt(part_a + part_b)
    return _interval(mean_a - mean_b, half_width, min(n_a, n_b), math.sqrt(var_a + var_b))


def _moments(values: Values) -> tuple[int, float, float]:
    """Return the count, the mean and the unbiased variance; nan if undefined."""
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    n = len(array)
    return (
        n,
        float(array.mean()) if n else math.nan,
        # Equal values have no variance, though their rounded mean may differ from each.
        0.0 if n > 1 and np.ptp(array) == 0 else float(array.var(ddof=1)) if n > 1 else math.nan,
    )


def _t(freedom: float) -> float:
    """Return the two-sided Student-t quantile."""
    return float(special.stdtrit(freedom, 0.975))


def _interval(mean: float, half_width: float, n: int, std: float) -> Interval:
    return Interval(mean, half_width, mean - half_width, mean + half_width, n, std)


def per_class_intervals(per_class: Sequence[Sequence[float]]) -> tuple[Interval, ...]:
    """Return each class's mean accuracy over replicates and its Student-t interval.

    `per_class` holds the accuracies (fractions) of every class for every replicate. Raises
    ValueError without a replicate, or if replicates differ in their number of classes.
    """
    counts = sorted({len(replicate) for replicate in per_class})
    if len(counts) != 1 or counts[0] == 0:
        raise ValueError(
            f"per-class accuracies of {len(per_class)} replicates with {counts} classes cannot be "
            "averaged: needed the same classes in each. Compare results of one data set."
        )
    columns = np.asarray(per_class, dtype=np.float64).T  # (c, n)
    return tuple(mean_interval(column) for column in columns)


def worst_class(per_class: Sequence[Sequence[float]]) -> tuple[int, float]:
    """Return the class with the lowest mean over the replicates, and that mean.

    Ties go to the lower index. All replicates share one worst class, because the lowest accuracy
    of each single replicate would mostly measure chance. The mean returned is still biased low,
    because it is the lowest of many. A class with accuracy nan was not tested and is never the
    worst. Raises ValueError as `per_class_intervals` does.
    """
    means = [interval.mean for interval in per_class_intervals(per_class)]
    index = int(np.nanargmin(means))
    return index, means[index]
