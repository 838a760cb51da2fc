"""Compare methods: paired differences, ranks with ties, the replicates needed, and scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smallset.evidence.intervals import Interval, Values, mean_interval, welch_difference
from smallset.evidence.permutation import finite
from smallset.lazy import special

_POWER, _ALPHA = 0.8, 0.05


@dataclass(frozen=True)
class Rank:
    """The ranks that a method may have, from 1: one rank if it is clearly apart from all others."""

    best: int
    worst: int

    def __str__(self) -> str:
        return str(self.best) if self.best == self.worst else f"{self.best}-{self.worst}"


def paired_difference(a: Values, b: Values) -> Interval:
    """Return the mean of a - b, value by value, and its Student-t interval.

    Only for pairs, in which a[i] and b[i] come from the same set and seeds; otherwise use
    `welch_difference`.
    """
    return mean_interval(np.subtract(a, b))


def ranks(groups: Sequence[Values]) -> list[Rank]:
    """Rank groups by their means, largest first, as far as their differences are clear.

    The ranks are in the order of `groups`. `best` is 1 plus the number of clearly better groups.
    `worst` is the number of groups minus the clearly worse ones. A difference is clear if its Welch
    interval excludes 0, so a group of one value is not clearly apart from any other. The intervals
    are not corrected for their number.
    """
    better = [[welch_difference(a, b).low > 0 for b in groups] for a in groups]
    return [
        Rank(1 + sum(row[i] for row in better), len(groups) - sum(better[i]))
        for i in range(len(groups))
    ]


def replicates_needed(a: Values, b: Values) -> float:
    """Return how many replicates each of two methods needs to be told apart.

    The means and variances are taken to be those of `a` and `b`. The result is the least n >= 2
    with n >= (t_{1-alpha/2} + t_power)^2 (s_a^2 + s_b^2) / (mean_a - mean_b)^2 for alpha = 0.05 and
    power = 0.8. The t quantiles have Welch's degrees of freedom for n. This is
    the usual sample-size formula of the two-sided Welch test, with t in place of the normal.

    The result is inf if the means are equal, nan if a side has fewer than two values, and 2 if
    neither varies. Raises ValueError if a value is nan or infinite.
    """
    left, right = finite(a, "a"), finite(b, "b")
    if min(len(left), len(right)) < 2:
        return math.nan
    gap = abs(float(left.mean() - right.mean()))
    parts = [0.0 if np.ptp(side) == 0 else float(side.var(ddof=1)) for side in (left, right)]
    # The same values in another order may have a mean that differs in its last bits.
    if gap <= 1e-12 * max(float(np.abs(left).max()), float(np.abs(right).max())):
        return math.inf
    spread = sum(parts)
    if spread == 0:
        return 2.0
    freedom_each = spread**2 / sum(v**2 for v in parts)
    effect = spread / gap**2
    n = max(2, math.ceil((special.ndtri(1 - _ALPHA / 2) + special.ndtri(_POWER)) ** 2 * effect))
    # t quantiles are larger than normal ones, so the answer is a few steps higher.
    while n < (_quantiles((n - 1) * freedom_each) ** 2) * effect:
        n += 1
    return float(n)


def lrs(hlr: float, ior: float) -> float:
    """Return the label-robust score, (e^a - e^-1) / (e - e^-1) of a = w IOR - (1 - w) HLR, w = 0.5.

    This score and `ars` are from DD-Ranking (arXiv 2505.13300). HLR is the accuracy of the full
    data minus that of the set, both with hard labels. IOR is the accuracy of the set minus that of
    a random set with the same labels. HLR and IOR are fractions in -1..1. The score is in 0..1, and
    larger is better; a set equal to random and to the full data has 0.269.
    """
    return _score((ior - hlr) / 2)


def ars(augmented: float, plain: float) -> float:
    """Return the augmentation-robust score, (e^b - e^-1) / (e - e^-1) of b = g dAug + (1-g) dNoAug.

    `augmented` and `plain` are the improvements over random (see `lrs`) of students trained with
    and without augmentation; g = 0.5. Range 0..1, larger is better.
    """
    return _score((augmented + plain) / 2)


def _quantiles(freedom: float) -> float:
    return float(special.stdtrit(freedom, 1 - _ALPHA / 2) + special.stdtrit(freedom, _POWER))


def _score(value: float) -> float:
    """Map -1..1 onto 0..1 exponentially."""
    least = math.exp(-1)
    return (math.exp(value) - least) / (math.e - least)
