"""EL2N: the error of an observer's probabilities, early in training."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from smallset.scores.observed import Observed
from smallset.scores.observer import AnyObserver, Observer, Pretrained, require_training


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
        if self.runs < 1:
            raise ValueError(f"el2n's runs={self.runs} measures nothing. Give at least 1.")
        if self.runs > 1:
            require_training(self.observer, f"el2n's runs={self.runs}")
        if self.epochs != EL2N.epochs:
            require_training(self.observer, f"el2n's epochs={self.epochs}")
        read = self._read()
        if not read or min(read) < 1:
            raise ValueError(
                f"el2n's epochs={self.epochs} reads nothing. Give a number from 1, or a tuple of "
                "epochs counted from 1."
            )
        if max(read) > self.observer.epochs:
            raise ValueError(
                f"el2n's epochs={self.epochs} reads past the end of its observer, which trains for "
                f"{self.observer.epochs}. Train longer: observer=observer(epochs={max(read)})."
            )

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        total = np.zeros(len(observed.labels), np.float64)
        for run in range(self.runs):
            dynamics = observed.dynamics(self.observer, run=run)
            for epoch in self._read():
                total += dynamics.at(epoch)["el2n"]
        return (total / (self.runs * len(self._read()))).astype(np.float32)

    def _read(self) -> tuple[int, ...]:
        if isinstance(self.observer, Pretrained):
            return (1,)
        return tuple(range(1, self.epochs + 1)) if isinstance(self.epochs, int) else self.epochs
