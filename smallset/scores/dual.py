"""DUAL: images whose label is believed in little and unsteadily, early in training."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, check_window, mean_of_runs, windows


@dataclass(frozen=True)
class DUAL:
    """Mean of std(p) (1 - mean p) of the label's probability p in windows (arXiv 2502.06905).

    Over all windows of `window` epochs among the first `epochs` (none: all that the observer trains
    for); std is of n - 1. The paper keeps the largest, and so does the method of this name. It
    reads 30 epochs on CIFAR and 60 on ImageNet of a longer training, in windows of 10; the default
    observer's 10 epochs are one such window, so that it shares the run of `el2n`. `runs` are
    averaged.
    """

    window: int = 10
    epochs: int | None = None
    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("dual", self.epochs, self.runs, self.observer)
        check_window("dual", self.window, self.window, self.epochs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder and more uncertain."""
        read = range(1, (self.epochs or self.observer.epochs) + 1)
        return mean_of_runs(
            observed,
            self.observer,
            runs=self.runs,
            value=lambda dynamics: dynamics.reduced(
                lambda loss: dual_score(np.exp(-loss), self.window), "loss", epochs=read
            ),
        )


def dual_score(p: Float[np.ndarray, "t b"], window: int) -> Float64[np.ndarray, " b"]:
    """Give the mean of std (of n - 1) times 1 - mean over all windows of `window` <= t rows."""
    score: np.ndarray = np.mean(
        [part.std(0, ddof=1) * (1 - part.mean(0)) for part in windows(p, window)], axis=0
    )
    return score
