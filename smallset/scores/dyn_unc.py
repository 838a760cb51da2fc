"""Dyn-Unc: how much an observer's belief in the label moves while it trains."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, check_window, mean_of_runs, windows


@dataclass(frozen=True)
class DynUnc:
    """Mean deviation of the label's probability in sliding windows of epochs (arXiv 2306.05175).

    With p the label's probability at the end of each epoch: the mean over all windows of `window`
    epochs of std(p), of n - 1. The paper keeps the largest, and so does the method of this name.
    Its window is 10, of a long training: of the default observer's 10 epochs that is one window,
    the whole run, so that it shares the run of `el2n`; observer=observer(epochs=30) gives 21.
    `runs` are averaged.
    """

    window: int = 10
    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("dyn-unc", None, self.runs, self.observer)
        check_window("dyn-unc", self.window, self.window, None, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is more uncertain."""
        return mean_of_runs(
            observed,
            self.observer,
            runs=self.runs,
            value=lambda dynamics: dynamics.reduced(
                lambda loss: dynamic_uncertainty(np.exp(-loss), self.window), "loss"
            ),
        )


def dynamic_uncertainty(p: Float[np.ndarray, "t b"], window: int) -> Float64[np.ndarray, " b"]:
    """Give the mean standard deviation (of n - 1) over all windows of `window` <= t rows."""
    score: np.ndarray = np.mean([part.std(0, ddof=1) for part in windows(p, window)], axis=0)
    return score
