"""DUAL: uncertain and difficult at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer, require_training
from smallset.observers.record import Dynamics
from smallset.scores.epochs import (
    check_runs,
    check_window,
    first_epochs,
    more_epochs,
    over_runs,
)
from smallset.scores.score import Score
from smallset.scores.windows import windows


@dataclass(frozen=True)
class DUAL(Score):
    """Mean over windows of the deviation of p_y times 1 less its mean (arXiv 2502.06905); 0..0.33.

    `epochs` are the first so many (None: all of the observer's; the paper reads 30 on CIFAR, 60 on
    ImageNet), `window` the epochs of a window. The paper keeps large values, and draws at high
    pruning with `select=beta`. The deviation is the population's.
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
        """Give the mean of p_y over the epochs and runs that the score reads: beta's mu."""
        read = self.reads(observed.settled(self.observer))
        return over_runs(observed, self.observer, self.runs, lambda run: probability(run, read))

    def reads(self, observer: AnyObserver) -> tuple[int, ...]:
        """Return the epochs of an observer that are read, counted from 1."""
        return first_epochs("dual", self.epochs, observer)


def probability(run: Dynamics, epochs: Sequence[int] | None = None) -> Float32[np.ndarray, " n"]:
    """Give the mean probability of the true class over epochs (None: all)."""
    return run.reduced(lambda loss: np.exp(-loss).mean(0), "loss", epochs=epochs)


def both(p: Float[np.ndarray, "t b"], window: int) -> Float[np.ndarray, " b"]:
    """Give the mean over windows of (deviation of p) (1 - mean of p)."""
    each = [part.std(0) * (1 - part.mean(0)) for part in windows(p, window)]
    score: Float[np.ndarray, " b"] = np.stack(each).mean(0)
    return score
