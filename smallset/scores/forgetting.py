"""Forgetting: how often an image that was learned is lost again."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer, require_training
from smallset.scores.aum import AUM
from smallset.scores.score import Score, check_runs, over_runs


@dataclass(frozen=True)
class Forgetting(Score):
    """Events at which an image goes from right to wrong, over training (arXiv 1812.05159).

    An image that was never right counts as many events as there are epochs, which no count can
    reach: the hardest. Right is a margin above 0 on the clean image, looked at after each epoch.
    The value is the events (their mean over `runs`) and a fraction of at most 1 / (2 runs), since
    most images share a count: an image's place by AUM among those that do.
    """

    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        require_training(self.observer, "forgetting")
        check_runs("forgetting", self.runs, self.observer)
        if self.observer.trains_for < 2:
            raise ValueError(
                "forgetting needs 2 epochs to see an image lost, but its observer trains for "
                f"{self.observer.trains_for}. Train longer: observer=observer(epochs=10)."
            )

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        events = over_runs(
            observed,
            self.observer,
            self.runs,
            lambda run: run.reduced(lambda margin: forgotten(margin > 0), "margin"),
        )
        hardness = AUM(runs=self.runs, observer=self.observer)(observed)
        return (events + places(events, hardness) / (2 * self.runs)).astype(np.float32)


def forgotten(right: Bool[np.ndarray, "t b"]) -> Float[np.ndarray, " b"]:
    """Count the events of each image; as many as there are epochs where it was never right."""
    events = (right[:-1] & ~right[1:]).sum(0)
    return np.where(right.any(0), events, len(right)).astype(np.float64)


def places(
    events: Float32[np.ndarray, " n"], hardness: Float32[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """Give each image's place among those of as many events, in 0..1, the least hard first.

    Ties go in order of index. Not among all images: float32 has room for few fractions beside the
    events, 4 million beside 1 and 131,072 beside 32 to 63; what exceeds it ties.
    """
    order = np.lexsort((hardness, events))
    _, first, sizes = np.unique(events[order], return_index=True, return_counts=True)
    place = np.arange(len(events), dtype=np.float64)
    place -= np.repeat(first, sizes)
    place *= np.repeat(1 / sizes, sizes)
    found = np.empty_like(place)
    found[order] = place
    return found
