"""Entropy: how undecided an observer is on an image."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, listed, mean_of_records


@dataclass(frozen=True)
class Entropy:
    """Entropy of the trained observer's probabilities p in nats (arXiv 1906.11829); 0..log c.

    H(p) = -sum p log p; the label plays no part.
    `epochs` is as in `el2n`, none the last one alone: the trained observer. Several epochs and
    `runs` are averaged.
    """

    epochs: int | tuple[int, ...] | None = None
    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("entropy", self.epochs, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        last = (self.observer.epochs,)
        return mean_of_records(
            observed,
            self.observer,
            epochs=last if self.epochs is None else listed(self.epochs),
            runs=self.runs,
            value=lambda records: records["entropy"],
        )
