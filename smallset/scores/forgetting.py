"""Forgetting: how often an image that was learned is misclassified again."""

from dataclasses import dataclass

import numpy as np

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer
from smallset.observers.record import reduced
from smallset.scores.output import AUM
from smallset.scores.score import RunScore
from smallset.shapes import Bool, Float, Float32, Float64


@dataclass(frozen=True)
class Forgetting(RunScore):
    """How often an image goes from right to wrong over training (arXiv 1812.05159).

    Each time is an event. Right means a margin above 0 on the clean image after an epoch. An image
    that was never right counts as the hardest, with as many events as epochs, which no other image
    can reach. The score is the mean number of events over `runs`. Most images share this number
    with others, so a fraction below 1 / (2 runs) is added: the image's rank by AUM among the images
    with the same number.
    """

    name = "forgetting"
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.observer.trains_for < 2:
            raise ValueError(
                "forgetting needs 2 epochs to see an image forgotten, but its observer trains for "
                f"{self.observer.trains_for}. Train longer: observer=observer(epochs=10)."
            )

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        events = super().__call__(observed)
        hardness = AUM(runs=self.runs, observer=self.observer)(observed)
        return (events + places(events, hardness) / (2 * self.runs)).astype(np.float32)

    def of_run(self, seen: Observed, run: int, epochs: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """Count the events of each image."""
        moments = self.moments(seen, run, epochs)
        return reduced(lambda margin: forgotten(margin > 0), moments, "margin")


def forgotten(right: Bool[np.ndarray, "t b"]) -> Float[np.ndarray, " b"]:
    """Count how often each image goes from right to wrong, epoch by epoch.

    An image that was never right gets one event for each of the t epochs.
    """
    events = (right[:-1] & ~right[1:]).sum(0)
    return np.where(right.any(0), events, len(right)).astype(np.float64)


def places(
    events: Float32[np.ndarray, " n"], hardness: Float32[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """Return each image's rank by `hardness` among the images with the same number of events.

    Ranks are fractions from 0 (the easiest) to below 1. Ties go to the lower index. Added to the
    number of events in float32, the halves of these fractions have 4 million values at 1 event and
    131,072 at 32 to 63 events. If more images have the same number of events, some of them tie.
    """
    order = np.lexsort((hardness, events))
    _, first, sizes = np.unique(events[order], return_index=True, return_counts=True)
    place = np.arange(len(events), dtype=np.float64)
    place -= np.repeat(first, sizes)
    place *= np.repeat(1 / sizes, sizes)
    found = np.empty_like(place)
    found[order] = place
    return found
