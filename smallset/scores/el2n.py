"""EL2N: the error of an observer's probabilities, early in training."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer
from smallset.scores.epochs import check_runs, over_epochs, over_runs, read_epochs
from smallset.scores.score import Score


@dataclass(frozen=True)
class EL2N(Score):
    """Mean error ||p - onehot(y)||_2 over late epochs and runs (arXiv 2107.07075); 0..sqrt 2.

    `epochs` is "late" (the last 30 % of the observer's epochs), a number (the first so many), or a
    tuple (exactly those, counted from 1). The paper reads an early epoch of a long training. A
    whole short training stands for that here, and its first epochs know too little. `runs`
    observers differ in their weights, batch order and views. Probabilities are taken on clean
    images in eval mode. A network that is given looks once: `epochs` is left at its default then,
    and not read.
    """

    epochs: int | tuple[int, ...] | Literal["late"] = "late"
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        check_runs("el2n", self.runs, self.observer)
        self.reads(self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        read = self.reads(observed.settled(self.observer))
        return over_runs(
            observed,
            self.observer,
            self.runs,
            lambda run: over_epochs(run, read, lambda moment: moment["el2n"]),
        )

    def reads(self, observer: AnyObserver) -> tuple[int, ...]:
        """Return the epochs of an observer that are read, counted from 1."""
        return read_epochs("el2n", self.epochs, observer, default="late")
