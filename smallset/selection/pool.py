"""Pool: the images that a selector chooses from, and what is known of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Int64

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
