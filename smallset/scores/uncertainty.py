"""Dyn-Unc, DUAL and CAD-Prune: how uncertain an observer is about an image over time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32, Float64

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer, require_training
from smallset.observers.record import Dynamics, reduced
from smallset.scores.score import (
    Score,
    check_runs,
    check_window,
    first_epochs,
    more_epochs,
    over_runs,
)


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


@dataclass(frozen=True)
class DynUnc(Score):
    """Mean over windows of `window` epochs of the deviation of p_y (arXiv 2306.05175); 0..0.5.

    Large values are uncertain, and the paper keeps them. Images that were always right or always
    wrong have small values. The deviation is the population's. An observer of `window` epochs gives
    one window; the paper trains longer: `observer=observer(epochs=30)`.
    """

    largest_first: ClassVar[bool] = True
    window: int = 10
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        require_training(self.observer, "dyn-unc")
        check_runs("dyn-unc", self.runs, self.observer)
        read, remedy = self.observer.trains_for, more_epochs(None, self.observer, self.window)
        check_window("dyn-unc", self.window, need=self.window, read=read, remedy=remedy)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is more uncertain."""
        return over_runs(
            observed,
            self.observer,
            self.runs,
            lambda run: run.reduced(lambda loss: mean_spread(np.exp(-loss), self.window), "loss"),
        )


@dataclass(frozen=True)
class DUAL(Score):
    """Mean over windows of the deviation of p_y times (1 - its mean) (arXiv 2502.06905); 0..0.33.

    It reads the first `epochs` epochs (None: all; the paper reads 30 on CIFAR and 60 on ImageNet),
    in windows of `window` epochs. The paper keeps large values, and at high pruning draws with
    `select=beta`. The deviation is the population's.
    """

    largest_first: ClassVar[bool] = True
    window: int = 10
    epochs: int | None = None
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        require_training(self.observer, "dual")
        check_runs("dual", self.runs, self.observer)
        remedy = more_epochs(self.epochs, self.observer, self.window)
        check_window(
            "dual",
            self.window,
            need=self.window,
            read=len(self.reads(self.observer)),
            remedy=remedy,
        )

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is more uncertain and more difficult."""
        read = self.reads(observed.settled(self.observer))
        return over_runs(
            observed,
            self.observer,
            self.runs,
            lambda run: run.reduced(
                lambda loss: both(np.exp(-loss), self.window), "loss", epochs=read
            ),
        )

    def probability(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Return the mean of p_y over the epochs and runs that the score reads, for `beta`."""
        read = self.reads(observed.settled(self.observer))
        return over_runs(observed, self.observer, self.runs, lambda run: probability(run, read))

    def reads(self, observer: AnyObserver) -> tuple[int, ...]:
        """Return the epochs of an observer that are read, counted from 1."""
        return first_epochs("dual", self.epochs, observer)


def probability(run: Dynamics, epochs: Sequence[int] | None = None) -> Float32[np.ndarray, " n"]:
    """Return the mean probability of the true class over epochs (None: all)."""
    return run.reduced(lambda loss: np.exp(-loss).mean(0), "loss", epochs=epochs)


def both(p: Float[np.ndarray, "t b"], window: int) -> Float[np.ndarray, " b"]:
    """Return the mean over windows of (deviation of p) (1 - mean of p)."""
    each = [part.std(0) * (1 - part.mean(0)) for part in windows(p, window)]
    score: Float[np.ndarray, " b"] = np.stack(each).mean(0)
    return score


@dataclass(frozen=True)
class CADPrune(Score):
    """Mean over the last `windows` of the deviation of EL2N in `window` moments (arXiv 2604.18811).

    The paper trains on all n images for K epochs, at the cost of training on the small set:
    K n = (evaluation epochs) (images kept). It records once an epoch, with window 6 and 2 windows.
    At small budgets, K is below 1 (CIFAR-10, ipc 10: 300 x 100 / 50,000 = 0.6). The default here
    departs from the paper: an observer of 1 epoch with window + windows = 8 snapshots. For larger
    budgets give K: `observer=observer(epochs=6, snapshots=2)`. The paper keeps large values.
    """

    largest_first: ClassVar[bool] = True
    window: int = 6
    windows: int = 2
    runs: int = 1
    observer: AnyObserver = Observer(epochs=1, snapshots=8)

    def __post_init__(self) -> None:
        require_training(self.observer, "cad-prune")
        check_runs("cad-prune", self.runs, self.observer)
        if self.windows < 1:
            raise ValueError(f"cad-prune's windows={self.windows} reads nothing. Give at least 1.")
        need, epochs = self.window + self.windows - 1, self.observer.trains_for
        check_window(
            "cad-prune",
            self.window,
            need=need,
            read=epochs * self.observer.snapshots,
            remedy=f"observer=observer(epochs={epochs}, snapshots={-(-need // epochs)})",
        )

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is more uncertain."""
        last = self.window + self.windows - 1
        return over_runs(
            observed,
            self.observer,
            self.runs,
            lambda run: reduced(
                lambda error: mean_spread(error, self.window), run.moments[-last:], "el2n"
            ),
        )
