"""What repeated runs prove: intervals, tests, ranks, and accuracy class by class."""

from smallset.evidence.comparison import (
    Rank,
    ars,
    lrs,
    paired_difference,
    ranks,
    replicates_needed,
)
from smallset.evidence.intervals import (
    Interval,
    mean_interval,
    per_class_intervals,
    welch_difference,
    worst_class,
)
from smallset.evidence.permutation import PermutationTest, holm, permutation_test

__all__ = [
    "Interval",
    "PermutationTest",
    "Rank",
    "ars",
    "holm",
    "lrs",
    "mean_interval",
    "paired_difference",
    "per_class_intervals",
    "permutation_test",
    "ranks",
    "replicates_needed",
    "welch_difference",
    "worst_class",
]
