"""What a selector is: its pool of images, its needs, and a choice class by class."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

from smallset.records import Selection

_LARGEST = 1e15
"""Of a feature: float32 holds 3e8 squares of it, an image's or those that herding adds up."""


@dataclass(frozen=True)
class Pool:
    """Candidates: `labels` are class indices below `classes`; the position is an image's index.

    `values` are scores, larger is harder. `features` gives what an observer's last linear layer
    reads, `probability` the mean probability of the true class while an observer trained; both
    may be costly and are asked once, by the selectors that need them. `taken` are the places of
    the images in the pool that they were taken from, by which errors call them.
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
        """Give the images of each class, in order; one sort, not a scan a class."""
        order = np.argsort(self.labels, kind="stable")
        return np.split(order, np.searchsorted(self.labels[order], np.arange(1, self.classes)))

    def scored(self) -> Float32[np.ndarray, " n"]:
        """Give the scores. Raises ValueError where there are none, or some are not finite."""
        if self.values is None:
            raise ValueError(
                "selecting by score needs scores, but none were given. Name one: score=el2n."
            )
        return self._finite(self.values, "scores", "Selection needs a number for every image")

    def weighing(self) -> Float32[np.ndarray, " n"]:
        """Give the scores to selectors that weigh by them. Raises as `scored`, and below 0."""
        values = self.scored()
        below = np.flatnonzero(values < 0)
        if len(below):
            raise ValueError(
                f"{len(below)} scores are negative (at the positions {self._some(below)}). This "
                "selection weighs by the score, so needs 0 or more; take one such as score=el2n."
            )
        return values

    def featured(self) -> Float32[np.ndarray, "n d"]:
        """Give the features. Raises ValueError for none, too few, too large or not finite ones."""
        if self.features is None:
            raise ValueError(
                "selecting by geometry needs features of every image, but none were given. "
                "Name an observer: observer=observer(model=resnet8)."
            )
        features = self.features()
        if features.ndim != 2 or len(features) != len(self):
            raise ValueError(
                f"the features have the shape {features.shape}, but needed are ({len(self)}, d), "
                "a row an image. Give those of the same images."
            )
        largest = np.maximum(features.max(1, initial=0), -features.min(1, initial=0))
        self._finite(largest, "features", "Distances need a number everywhere")
        beyond = np.flatnonzero(largest > _LARGEST)
        if len(beyond):
            raise ValueError(
                f"the features of {len(beyond)} images go beyond {_LARGEST:g} (at the positions "
                f"{self._some(beyond)}), so sums of their squares leave 32 bits. Take another "
                "observer, or divide all of them by one number."
            )
        return features

    def probabilities(self) -> Float32[np.ndarray, " n"]:
        """Give the mean probabilities of the true class, in 0..1. Raises as `scored`."""
        if self.probability is None:
            raise ValueError(
                "this selection needs the probabilities of an observer's training, but the score "
                "has no observer that trains. Name one that has: score=dual."
            )
        mean = self._finite(self.probability(), "probabilities", "Selection needs all of them")
        outside = np.flatnonzero((mean < 0) | (mean > 1))
        if len(outside):
            raise ValueError(
                f"{len(outside)} mean probabilities are not in 0..1, such as {mean[outside[0]]} "
                f"(at the positions {self._some(outside)}). Give those of the true class."
            )
        return mean

    def take(self, indices: Int64[np.ndarray, " k"]) -> "Pool":
        """Give the pool of these images, renumbered in their order."""
        features, probability = self.features, self.probability
        return replace(
            self,
            labels=self.labels[indices],
            values=None if self.values is None else self.values[indices],
            features=None if features is None else lambda: features()[indices],
            probability=None if probability is None else lambda: probability()[indices],
            taken=indices if self.taken is None else self.taken[indices],
        )

    def _finite(
        self, values: Float32[np.ndarray, " n"], what: str, why: str
    ) -> Float32[np.ndarray, " n"]:
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise ValueError(
                f"{len(bad)} {what} are not finite (at the positions {self._some(bad)}). "
                f"{why}; score again, or mend the file that they are from."
            )
        return values

    def _some(self, images: Int64[np.ndarray, " k"]) -> str:
        named = images if self.taken is None else self.taken[images]
        return ", ".join(str(i) for i in named[:5]) + (", ..." if len(named) > 5 else "")


class Select(ABC):
    """Chooses images of a pool, class after class, in order of choice within each class.

    A balanced selector gives exactly `counts[c]` images of class c. Any other one gives the sum of
    `counts` from all classes together.
    """

    needs_scores: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    needs_probabilities: ClassVar[bool] = False
    """Of the true class, while an observer trained."""
    weighs: ClassVar[bool] = False
    """Whether the score is a weight, and so may not be negative."""
    ordered: ClassVar[bool] = True
    """Whether a prefix of each class is what a smaller budget chooses."""
    balanced: bool = True

    @abstractmethod
    def __call__(self, pool: Pool, counts: Int64[np.ndarray, " c"], *, seed: int) -> Selection:
        """Choose; `seed` is the set seed."""

    def leaves(self, of: int) -> int:
        """Return how many of `of` images of a part may be chosen, whatever the budget."""
        return of


Choose = Callable[[Int64[np.ndarray, " m"], int, str], Int64[np.ndarray, " k"]]
"""Given the images of a part, how many are wanted, and the part's name, gives those it chooses."""


def check_counts(pool: Pool, counts: Int64[np.ndarray, " c"]) -> None:
    """Raise ValueError, naming the poorest class, unless each has as many images as wanted."""
    have = np.bincount(pool.labels, minlength=pool.classes)
    if len(counts) != pool.classes or counts.min(initial=0) < 0 or counts.sum() < 1:
        raise ValueError(
            f"the images wanted a class are {counts.tolist()}, but needed are {pool.classes} "
            "counts, none negative and not all 0. Give one for each class."
        )
    short = np.flatnonzero(have < counts)
    if len(short):
        c = int(short[np.argmin(have[short] - counts[short])])
        raise ValueError(
            f"{counts[c]} images of class {c} were asked for, but it has {have[c]}. "
            f"Ask for at most {have[c]}."
        )


def check_total(pool: Pool, counts: Int64[np.ndarray, " c"]) -> int:
    """Give how many are wanted of all; raise ValueError where there are fewer."""
    total = int(counts.sum())
    if not 1 <= total <= len(pool):
        raise ValueError(
            f"{total} images were asked for, but there are {len(pool)}. "
            f"Ask for at least 1 and at most {len(pool)}."
        )
    return total


def by_class(indices: Int64[np.ndarray, " k"], pool: Pool) -> Selection:
    """Put a choice class after class, in order of choice within each."""
    return Selection(indices[np.argsort(pool.labels[indices], kind="stable")])


def part_by_part(
    choose: Choose, pool: Pool, counts: Int64[np.ndarray, " c"], *, balanced: bool
) -> Selection:
    """Choose of each class its count or, where not balanced, of all images the sum of the counts.

    A part is named "class 3" or "all classes", which is also a key of its draws.
    """
    if not balanced:
        total = check_total(pool, counts)
        return by_class(choose(np.arange(len(pool)), total, "all classes"), pool)
    check_counts(pool, counts)
    chosen = [
        choose(of_class, int(count), f"class {c}")
        for c, (of_class, count) in enumerate(zip(pool.members(), counts, strict=True))
        if count
    ]
    return Selection(np.concatenate(chosen))


def check_left(left: int, count: int, *, option: str, part: str, of: int) -> None:
    """Raise ValueError where an option leaves fewer images of a part than are wanted."""
    if left < count:
        raise ValueError(
            f"{option} leaves {left} of the {of} images of {part}, but {count} were asked for. "
            f"Ask for at most {left}, or let the option leave more."
        )
