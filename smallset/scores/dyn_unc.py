"""Dyn-Unc: how much an observer wavers about an image."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer, require_training
from smallset.scores.epochs import check_runs, check_window, more_epochs, over_runs
from smallset.scores.score import Score
from smallset.scores.windows import mean_spread


@dataclass(frozen=True)
class DynUnc(Score):
    """Mean over windows of `window` epochs of the deviation of p_y (arXiv 2306.05175); 0..0.5.

    Large values are uncertain, and the paper keeps them; images that were never or always right
    have small ones. The deviation is the population's. An observer of just `window` epochs gives
    one window; the papers train for longer, `observer=observer(epochs=30)`.
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
