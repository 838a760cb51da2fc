"""Easiest and hardest: the two ends of a score, class by class."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

from smallset.records import Selection
from smallset.selection.counts import check_counts


@dataclass(frozen=True)
class Easiest:
    """The smallest scores of each class, smallest first; ties go to the lower index."""

    needs_scores: ClassVar[bool] = True

    def __call__(
        self,
        values: Float32[np.ndarray, " n"] | None,
        labels: Int64[np.ndarray, " n"],
        *,
        classes: int,
        per_class: int,
        seed: int,
    ) -> Selection:
        """Choose `per_class` of every class; the seed changes nothing."""
        return _first(_finite(values), labels, classes, per_class)


@dataclass(frozen=True)
class Hardest:
    """The largest scores of each class, largest first; ties go to the lower index."""

    needs_scores: ClassVar[bool] = True

    def __call__(
        self,
        values: Float32[np.ndarray, " n"] | None,
        labels: Int64[np.ndarray, " n"],
        *,
        classes: int,
        per_class: int,
        seed: int,
    ) -> Selection:
        """Choose `per_class` of every class; the seed changes nothing."""
        return _first(-_finite(values), labels, classes, per_class)


def _finite(values: Float32[np.ndarray, " n"] | None) -> Float32[np.ndarray, " n"]:
    if values is None:
        raise ValueError(
            "selecting by score needs scores, but none were given. Name one: score=el2n."
        )
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise ValueError(
            f"{len(bad)} scores are not finite (the first: image {bad[0]}, {values[bad[0]]}). "
            "Selection needs a number for every image; score again."
        )
    return values


def _first(
    keys: Float32[np.ndarray, " n"], labels: Int64[np.ndarray, " n"], classes: int, per_class: int
) -> Selection:
    check_counts(labels, classes=classes, per_class=per_class)
    order = np.lexsort((keys, labels))  # stable: equal keys stay in index order
    starts = np.searchsorted(labels[order], np.arange(classes))
    return Selection(np.concatenate([order[s : s + per_class] for s in starts]))
