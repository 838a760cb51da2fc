"""CAD-Prune: how much the error still moves where the training budget ends."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer, require_training
from smallset.observers.record import reduced
from smallset.scores.epochs import check_runs, check_window, over_runs
from smallset.scores.score import Score
from smallset.scores.windows import mean_spread


@dataclass(frozen=True)
class CADPrune(Score):
    """Mean over the last `windows` of the deviation of EL2N in `window` moments (arXiv 2604.18811).

    The paper trains on all n images for the K epochs that cost what training on the small set
    does: K n = (evaluation epochs) (images kept), and looks once an epoch with window 6 and 2
    windows. At small budgets K is less than an epoch (CIFAR-10, ipc 10: 300 x 100 / 50,000 = 0.6).
    Then, as here by default, an observer of 1 epoch is looked at window + windows = 8 times within
    it: a departure from the paper. For larger budgets give K: `observer=observer(epochs=6,
    snapshots=2)`. The paper keeps large values.
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
