"""Accuracy class by class, over replicates: what a mean over classes hides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smallset.evidence.intervals import Interval, mean_interval


@dataclass(frozen=True)
class WorstClass:
    """The class that is recognised least: its index, and its accuracy over the replicates."""

    index: int
    accuracy: Interval


def per_class_intervals(
    per_class: Sequence[Sequence[float]], confidence: float = 0.95
) -> tuple[Interval, ...]:
    """Give each class's mean accuracy over replicates and its Student-t interval.

    `per_class` holds the accuracies (fractions) of every class for every replicate. Raises
    ValueError where there is no replicate, or where they have different numbers of classes.
    """
    counts = sorted({len(replicate) for replicate in per_class})
    if len(counts) != 1 or counts[0] == 0:
        raise ValueError(
            f"per-class accuracies of {len(per_class)} replicates with {counts} classes cannot be "
            "averaged: needed the same classes in each. Compare results of one data set."
        )
    columns = np.asarray(per_class, dtype=np.float64).T  # (c, n)
    return tuple(mean_interval(column, confidence) for column in columns)


def worst_class(per_class: Sequence[Sequence[float]], confidence: float = 0.95) -> WorstClass:
    """Give the class whose mean over the replicates is lowest, ties going to the lower index.

    One class for all replicates: the mean of each replicate's own minimum would mostly measure
    chance. Being the lowest of many its accuracy still leans low. A class whose accuracy is nan was
    not tested, and is never the worst. Raises as `per_class_intervals`, and where all are nan.
    """
    found = per_class_intervals(per_class, confidence)
    means = np.array([interval.mean for interval in found])
    if np.isnan(means).all():
        raise ValueError(
            f"all {len(found)} classes have accuracy nan, so none is the worst. "
            "Test on a held-out split that has images."
        )
    index = int(np.nanargmin(means))
    return WorstClass(index, found[index])
