"""EL2N: the error of an observer's probabilities, early in training."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, listed, mean_of_records


@dataclass(frozen=True)
class EL2N:
    """Mean error ||p - onehot(y)||_2 over early epochs and runs (arXiv 2107.07075); 0..sqrt 2.

    `epochs` is a number (the first so many epochs) or a tuple (exactly those, counted from 1);
    `runs` observers differ in their weights, batch order and views. Probabilities are taken on
    clean images in eval mode.
    """

    epochs: int | tuple[int, ...] = 10
    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("el2n", self.epochs, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        return mean_of_records(
            observed,
            self.observer,
            epochs=listed(self.epochs),
            runs=self.runs,
            value=lambda records: records["el2n"],
        )
