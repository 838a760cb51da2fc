"""What a selector is: its needs, the pool that it chooses from, and the choice by class."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from smallset.records import Selection
from smallset.shapes import Bool, Float32, Int64

_LARGEST = 1e15
"""The largest feature: float32 can hold the sum of 3e8 squares of this size."""


@dataclass(frozen=True)
class Pool:
    """The images that a selector chooses from; `labels` are class indices below `classes`.

    `values` are scores, larger is harder. `features` returns the inputs of an observer's last
    linear layer, `probability` the mean probability of the true class during an observer's
    training. Both may be costly, so a selector calls them only if it needs them, and only once. If
    the pool is a part of another pool (`take`), `taken` are the positions of its images in the
    original pool. Errors name these positions.
    """

    labels: Int64[np.ndarray, " n"]
    classes: int
    values: Float32[np.ndarray, " n"] | None = None
    features: Callable[[], Float32[np.ndarray, "n d"]] | None = None
    probability: Callable[[], Float32[np.ndarray, " n"]] | None = None
    taken: Int64[np.ndarray, " n"] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def members(self) -> list[Int64[np.ndarray, " m"]]:
        """Return the images of each class, in order."""
        order = np.argsort(self.labels, kind="stable")
        return np.split(order, np.searchsorted(self.labels[order], np.arange(1, self.classes)))

    def scored(self) -> Float32[np.ndarray, " n"]:
        """Return the scores. Raises ValueError if one is not finite."""
        assert self.values is not None  # a method has a score if its selector needs one
        self._check_finite(self.values, "scores", "Selection needs a number for every image")
        return self.values

    def weighing(self) -> Float32[np.ndarray, " n"]:
        """Return the scores as weights. Raises ValueError if one is negative or not finite."""
        values = self.scored()
        needed = "This selection weighs by the score, so all must be 0 or more. Take one such as"
        self._check(values < 0, "scores are negative", f"{needed} score=el2n.")
        return values

    def featured(self) -> Float32[np.ndarray, "n d"]:
        """Return the features. Raises ValueError if one is too large or not finite."""
        assert self.features is not None  # a method has an observer if its selector needs one
        features = self.features()
        largest = np.maximum(features.max(1, initial=0), -features.min(1, initial=0))
        self._check_finite(largest, "images' features", "Distances need a number everywhere")
        self._check(
            largest > _LARGEST,
            f"images' features go beyond {_LARGEST:g}",
            "Sums of their squares do not fit in 32 bits. Take another observer, or divide all of "
            "them by one number.",
        )
        return features

    def probabilities(self) -> Float32[np.ndarray, " n"]:
        """Return the mean probabilities of the true class. Raises ValueError outside 0..1."""
        assert self.probability is not None  # a method checks that its score's observer trains
        mean = self.probability()
        self._check_finite(mean, "probabilities", "Selection needs one for every image")
        outside = (mean < 0) | (mean > 1)
        given = "".join(f", such as {value}" for value in mean[outside][:1])
        self._check(
            outside,
            f"mean probabilities are not in 0..1{given}",
            "Give probabilities of the true class.",
        )
        return mean

    def take(self, indices: Int64[np.ndarray, " k"]) -> "Pool":
        """Return a pool of only these images, in the given order."""
        features, probability = self.features, self.probability
        return replace(
            self,
            labels=self.labels[indices],
            values=None if self.values is None else self.values[indices],
            features=None if features is None else lambda: features()[indices],
            probability=None if probability is None else lambda: probability()[indices],
            taken=indices if self.taken is None else self.taken[indices],
        )

    def _check_finite(self, values: Float32[np.ndarray, " n"], what: str, needed: str) -> None:
        remedy = "score again, or mend the file that they are from."
        self._check(~np.isfinite(values), f"{what} are not finite", f"{needed}; {remedy}")

    def _check(self, bad: Bool[np.ndarray, " n"], what: str, needed: str) -> None:
        """Raise ValueError if some images are bad, with their positions in the original pool."""
        images = np.flatnonzero(bad)
        if len(images):
            named = images if self.taken is None else self.taken[images]
            some = ", ".join(map(str, named[:5])) + (", ..." if len(named) > 5 else "")
            raise ValueError(f"{len(images)} {what} (at the positions {some}). {needed}")


class Select(ABC):
    """Chooses images of a pool, class after class, in order of choice within each class.

    A balanced selector chooses exactly `counts[c]` images of class c. An unbalanced selector
    chooses the sum of `counts` from all classes together.
    """

    needs_scores: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False
    """Whether the selector reads the pool's scores, features or probabilities."""
    weighs: ClassVar[bool] = False
    """Whether the scores are weights and may not be negative."""
    ordered: ClassVar[bool] = True
    """Whether a prefix of each class is the choice for a smaller budget."""
    balanced: bool = True

    @abstractmethod
    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose images; `seed` is the set seed. Raises ValueError if there are too few."""

    def facts(
        self, have: Int64[np.ndarray, " c"], counts: Int64[np.ndarray, " c"]
    ) -> dict[str, str]:
        """Return what the selector decides from the budget, for the record of the set.

        `counts[c]` of the `have[c]` images of class c are wanted.
        """
        del have, counts
        return {}

    def leaves(self, of: int) -> int:
        """Return how many of `of` images of a part can be chosen, regardless of the budget."""
        return of


Images = Int64[np.ndarray, " _"]
"""Positions of images in a pool."""
Choose = Callable[[Images, int, str], Images]
"""Takes the images of a part, the number wanted and the part's name; returns chosen images."""


def check_counts(pool: Pool, counts: Int64[np.ndarray, " c"]) -> None:
    """Raise ValueError if a class has too few images. The error names the class that lacks most."""
    have = np.bincount(pool.labels, minlength=pool.classes)
    if len(counts) != pool.classes or counts.min(initial=0) < 0 or counts.sum() < 1:
        raise ValueError(
            f"the images wanted of each class are {counts.tolist()}. Needed {pool.classes} counts, "
            "none negative and not all 0. Give one for each class."
        )
    short = np.flatnonzero(have < counts)
    if len(short):
        c = int(short[np.argmin(have[short] - counts[short])])
        raise ValueError(
            f"{counts[c]} images of class {c} were asked for, but it has {have[c]}. "
            f"Ask for at most {have[c]}."
        )


def part_by_part(
    choose: Choose, pool: Pool, counts: Int64[np.ndarray, " c"], *, balanced: bool
) -> Selection:
    """Choose `counts[c]` images of each class or, if not balanced, their sum from all images.

    A part is called "class 3" or "all classes"; that name is also a key of its random draws.
    """
    if balanced:
        check_counts(pool, counts)
        each = enumerate(zip(pool.members(), counts, strict=True))
        parts = [choose(members, int(k), f"class {c}") for c, (members, k) in each if k]
        return Selection(np.concatenate(parts))
    total = int(counts.sum())
    if not 1 <= total <= len(pool):
        raise ValueError(
            f"{total} images were asked for, but there are {len(pool)}. "
            f"Ask for at least 1 and at most {len(pool)}."
        )
    chosen = choose(np.arange(len(pool)), total, "all classes")
    return Selection(chosen[np.argsort(pool.labels[chosen], kind="stable")])


def check_left(left: int, count: int, *, option: str, part: str, of: int) -> None:
    """Raise ValueError if an option leaves fewer images of a part than wanted."""
    if left < count:
        raise ValueError(
            f"{option} leaves {left} of the {of} images of {part}, but {count} were asked for. "
            f"Ask for at most {left}, or let the option leave more."
        )
