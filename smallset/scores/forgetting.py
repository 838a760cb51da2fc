"""Forgetting: how often an observer got an image right and then wrong again."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int64

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading


@dataclass(frozen=True)
class Forgetting:
    """Forgetting events, right at one epoch and wrong at the next, then AUM (arXiv 1812.05159).

    Right means a margin above 0 at the end of an epoch, on the clean image. An image that was never
    right gets the number of epochs, which no count of events reaches: the hardest. Ties are as
    common as images, so the value is events + f with f in 0..1 growing as the mean margin falls
    (`aum`); float32 always keeps it below the next event, so floor(value) is the count. Over `runs`
    the mean count decides and f / runs, less than the smallest difference of means, breaks ties.
    """

    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("forgetting", None, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        counts = np.zeros(len(observed.labels), np.int64)
        fractions = np.zeros(len(observed.labels), np.float64)
        for run in range(self.runs):
            dynamics = observed.dynamics(self.observer, run=run)
            counts += dynamics.reduced(events, "margin").astype(np.int64)
            fractions += dynamics.reduced(tie_break, "margin")
        return folded(counts, fractions / self.runs, self.runs)


def events(margins: Float[np.ndarray, "t b"]) -> Int64[np.ndarray, " b"]:
    """Count the epochs at which an image is wrong and was right before; t where never right."""
    right = margins > 0
    forgotten = (right[:-1] & ~right[1:]).sum(0)
    counts: np.ndarray = np.where(right.any(0), forgotten, len(margins))
    return counts


def tie_break(margins: Float[np.ndarray, "t b"]) -> Float[np.ndarray, " b"]:
    """Give a number in 0..1 that falls as the mean margin grows; one half at a mean of 0."""
    mean = margins.mean(0, dtype=np.float64)
    fraction: np.ndarray = (1 - mean / (1 + np.abs(mean))) / 2
    return fraction


def folded(
    counts: Int64[np.ndarray, " n"], fractions: Float[np.ndarray, " n"], runs: int
) -> Float32[np.ndarray, " n"]:
    """Give (count + fraction) / runs, below (count + 1) / runs however float32 rounds."""
    value = ((counts + fractions) / runs).astype(np.float32)
    following = ((counts + 1) / runs).astype(np.float32)
    below: np.ndarray = np.minimum(value, np.nextafter(following, np.float32(-1)))
    return below
