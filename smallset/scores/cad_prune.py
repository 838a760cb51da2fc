"""CAD-Prune: how much EL2N still moves at the end of a training as short as the student's."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, mean_of_runs, windows
from smallset.scores.record import reduced


@dataclass(frozen=True)
class CADPrune:
    """Mean deviation of EL2N in the last windows of a run as long as the student's (2604.18811).

    S_k is EL2N at moment k of the observer and U_k the deviation (of n - 1) of S_k..S_{k+J-1}; the
    score is the mean of U over the last W moments that have one, J being `window`, W `windows`. The
    method of this name keeps the largest, as the paper (arXiv) does; `runs` are averaged.

    In the paper a moment is an epoch, and the K epochs follow from the budget:
    K * images = student's epochs * ipc * classes. A score knows no budget, so K is written into the
    spec: observer=observer(epochs=K). A small budget has K < J + W (CIFAR-10, ipc 10, 300 epochs:
    300 * 100 / 50,000 = 0.6). There we depart from the paper: K is rounded up, to 1 at least, and
    the observer looked at (J + W) / K times an epoch, rounded up: observer(epochs=K, snapshots=S).
    The default is that case, K = 1 and S = 8: a run of its own, a tenth of the other scores'.
    """

    window: int = 6
    windows: int = 2
    runs: int = 1
    observer: Observer = Observer(epochs=1, snapshots=8)

    def __post_init__(self) -> None:
        check_reading("cad-prune", None, self.runs, self.observer)
        if self.window < 2:
            raise ValueError(f"cad-prune's window={self.window} has no spread. Give at least 2.")
        if self.windows < 1:
            raise ValueError(f"cad-prune's windows={self.windows} reads none. Give at least 1.")
        epochs, snapshots = self.observer.epochs, self.observer.snapshots
        needs = self.window + self.windows - 1
        if epochs * snapshots < needs:
            raise ValueError(
                f"cad-prune's window={self.window}, windows={self.windows} need at least {needs} "
                f"moments, but its observer is looked at {epochs * snapshots} times (epochs="
                f"{epochs}, snapshots={snapshots}). "
                f"Write observer=observer(epochs={epochs}, snapshots={-(-needs // epochs)})."
            )

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is more uncertain."""
        read = self.window + self.windows - 1
        return mean_of_runs(
            observed,
            self.observer,
            runs=self.runs,
            value=lambda dynamics: reduced(
                lambda el2n: late_deviation(el2n, self.window, self.windows),
                dynamics.moments[-read:],
                "el2n",
            ),
        )


def late_deviation(
    el2n: Float[np.ndarray, "t b"], window: int, count: int
) -> Float64[np.ndarray, " b"]:
    """Give the mean deviation (of n - 1) over the last `count` windows of `window` rows."""
    deviations = [part.std(0, ddof=1) for part in windows(el2n, window)]
    score: np.ndarray = np.mean(deviations[-count:], axis=0)
    return score
