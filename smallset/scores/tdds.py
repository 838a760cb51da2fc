"""TDDS: how unevenly an observer's probabilities go on changing, late changes counting most."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64

from smallset.scores.divergence import divergences
from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, check_window, windows

_LENGTH = 65_536
"""Images in memory at once."""


@dataclass(frozen=True)
class TDDS:
    """Deviation of the change of p from epoch to epoch, decaying backwards (arXiv 2311.13613).

    D_t = sum over classes of |p_{t+1} (log(p_{t+1} + 1e-8) - log(p_t + 1e-8))|, v_k = ||D - mean
    D||_2 over the `window` values of D from the k-th on, score = sum over k of
    v_k alpha (1 - alpha)^{T - J - k}, with T = `epochs` read from the first on (none: all that the
    observer trains for) and J = `window` < T. The paper keeps the largest, and so does the method
    of this name. (T, J) is chosen by the share pruned: (90, 10), (70, 10), (60, 20), (20, 10) and
    (10, 5) for 30, 50, 70, 80 and 90 %; the default is the last pair. `runs` are averaged.

    D needs all probabilities: they come from one pass over the images with the network of every
    epoch, without training, and only D is kept.
    """

    window: int = 5
    alpha: float = 0.9
    epochs: int | None = None
    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("tdds", self.epochs, self.runs, self.observer)
        check_window("tdds", self.window, self.window + 1, self.epochs, self.observer)
        if not 0 < self.alpha <= 1:
            raise ValueError(f"tdds's alpha={self.alpha} is no share. Give 0 < alpha <= 1.")

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is more uncertain."""
        total = np.zeros(len(observed.labels), np.float64)
        for run in range(self.runs):
            kept = divergences(
                observed, self.observer, epochs=self.epochs or self.observer.epochs, run=run
            )
            for start in range(0, len(kept), _LENGTH):
                block = slice(start, start + _LENGTH)
                total[block] += depth(kept[block].T, self.window, self.alpha)
        return (total / self.runs).astype(np.float32)


def depth(change: Float[np.ndarray, "t b"], window: int, alpha: float) -> Float64[np.ndarray, " b"]:
    """Give the decayed sum of deviations in all windows of `window` <= t rows of D."""
    deviations = [np.linalg.norm(part - part.mean(0), axis=0) for part in windows(change, window)]
    weights = [alpha * (1 - alpha) ** age for age in reversed(range(len(deviations)))]
    score: np.ndarray = np.sum([w * v for w, v in zip(weights, deviations, strict=True)], axis=0)
    return score
