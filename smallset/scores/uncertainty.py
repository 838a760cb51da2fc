"""Dyn-Unc, DUAL and CAD-Prune: how uncertain an observer is about an image over time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smallset.numbers import check_number
from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer
from smallset.observers.record import reduced
from smallset.scores.score import RunScore, check_moments, check_window, probability
from smallset.shapes import Float, Float32, Float64


def windows(series: Float[np.ndarray, "t b"], window: int) -> Iterator[Float64[np.ndarray, "j b"]]:
    """Return all t - window + 1 windows of consecutive moments, as views of one float64 copy."""
    wide = series.astype(np.float64)
    return (wide[start : start + window] for start in range(len(wide) - window + 1))


def spreads(series: Float[np.ndarray, "t b"], window: int) -> Float64[np.ndarray, "k b"]:
    """Return the population standard deviation in each window."""
    return np.stack([part.std(0) for part in windows(series, window)])


def mean_spread(series: Float[np.ndarray, "t b"], window: int) -> Float64[np.ndarray, " b"]:
    """Return the mean over all windows of the population standard deviation."""
    mean: Float64[np.ndarray, " b"] = spreads(series, window).mean(0)
    return mean


def both(p: Float[np.ndarray, "t b"], window: int) -> Float[np.ndarray, " b"]:
    """Return the mean over windows of (standard deviation of p) times (1 - mean of p)."""
    each = [part.std(0) * (1 - part.mean(0)) for part in windows(p, window)]
    score: Float[np.ndarray, " b"] = np.stack(each).mean(0)
    return score


class _Windowed(RunScore):
    """The mean of a formula over windows of the probability p_y of the true class."""

    largest_first = True
    formula: ClassVar[Callable[[Float[np.ndarray, "t b"], int], Float[np.ndarray, " b"]]]
    window: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_window(self, self.window)

    def of_run(self, seen: Observed, run: int, epochs: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """Return the value of the formula over the epochs."""
        moments, formula = self.moments(seen, run, epochs), type(self).formula
        return reduced(lambda loss: formula(np.exp(-loss), self.window), moments, "loss")


@dataclass(frozen=True)
class DynUnc(_Windowed):
    """Mean standard deviation of p_y in windows of `window` epochs (arXiv 2306.05175); 0..0.5.

    p_y is the probability of the true class. Large values are uncertain, and the paper keeps them.
    Images that were always right or always wrong have small values. The standard deviation is the
    population's. An observer that trains for `window` epochs gives one window. The paper trains
    longer: `observer=observer(epochs=30)`.
    """

    name, formula = "dyn-unc", mean_spread
    window: int = 10
    runs: int = 1
    observer: AnyObserver = Observer()


@dataclass(frozen=True)
class DUAL(_Windowed):
    """Mean over windows of p_y's deviation times (1 - its mean) (arXiv 2502.06905); 0..0.33.

    p_y is the probability of the true class. The deviation is the population's standard deviation
    in a window of `window` epochs. The score reads the first `epochs` epochs (None: all; the paper
    reads 30 on CIFAR and 60 on ImageNet). The paper keeps large values. If most images are pruned,
    it draws with `select=beta`.
    """

    name, formula = "dual", both
    window: int = 10
    epochs: int | None = None
    runs: int = 1
    observer: AnyObserver = Observer()

    def probability(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Return the mean of p_y over the epochs and runs that the score reads, for `beta`."""
        return self.mean(
            observed, lambda seen, run, epochs: probability(self.moments(seen, run, epochs))
        )


@dataclass(frozen=True)
class CADPrune(RunScore):
    """Mean deviation of EL2N in the last windows of `window` moments (arXiv 2604.18811).

    The deviation is the population's standard deviation. The mean is over the last `windows`
    windows, each one moment after the one before. The paper trains on all n images for K epochs,
    which costs as much as training on the small set: K n = (evaluation epochs) (images kept). It
    records one moment an epoch, with window 6 and 2 windows. The paper keeps large values.

    At small budgets, K is below 1 (CIFAR-10, ipc 10: 300 x 100 / 50,000 = 0.6). The default here
    departs from the paper: an observer of 1 epoch with window + windows = 8 snapshots. For larger
    budgets give K, such as 6: `observer=observer(epochs=6, snapshots=2)`.
    """

    name = "cad-prune"
    largest_first = True
    window: int = 6
    windows: int = 2
    runs: int = 1
    observer: AnyObserver = Observer(epochs=1, snapshots=8)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("cad-prune's windows", self.windows, least=1, unit="the windows to average")
        need, epochs = self.window + self.windows - 1, self.observer.trains_for
        remedy = f"observer=observer(epochs={epochs}, snapshots={-(-need // epochs)})"
        read = epochs * self.observer.snapshots
        check_moments(self.name, self.window, need=need, read=read, remedy=remedy)

    def of_run(self, seen: Observed, run: int, epochs: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """Return the mean deviation over the last windows of moments."""
        moments = seen.dynamics(self.observer, run=run).moments
        last = moments[-(self.window + self.windows - 1) :]
        return reduced(lambda error: mean_spread(error, self.window), last, "el2n")
