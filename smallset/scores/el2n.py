"""EL2N: the error of an observer's probabilities, early in training."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from smallset.scores.epochs import check_runs, over_epochs, over_runs, read_epochs
from smallset.scores.observed import Observed
from smallset.scores.observer import AnyObserver, Observer


@dataclass(frozen=True)
class EL2N:
    """Mean error ||p - onehot(y)||_2 over early epochs and runs (arXiv 2107.07075); 0..sqrt 2.

    `epochs` is a number (the first so many epochs) or a tuple (exactly those, counted from 1);
    `runs` observers differ in their weights, batch order and views. Probabilities are taken on
    clean images in eval mode. Of a network that is given the one look is read: `epochs` is left at
    its default then, and not read.
    """

    epochs: int | tuple[int, ...] = 10
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        check_runs("el2n", self.runs, self.observer)
        self._read()

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        return over_runs(
            observed,
            self.observer,
            self.runs,
            lambda run: over_epochs(run, self._read(), lambda moment: moment["el2n"]),
        )

    def _read(self) -> tuple[int, ...]:
        return read_epochs("el2n", self.epochs, self.observer, default=10)
