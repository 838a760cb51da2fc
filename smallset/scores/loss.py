"""Loss: how surprised an observer is by the label."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, listed, mean_of_records


@dataclass(frozen=True)
class Loss:
    """Cross-entropy -log p_y of the label under the trained observer, in nats; from 0.

    What "keep the small losses" in the literature of noisy labels sorts by (arXiv 1804.06872).
    `epochs` is as in `el2n`, none the last one alone: the trained observer. Several epochs and
    `runs` are averaged.
    """

    epochs: int | tuple[int, ...] | None = None
    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("loss", self.epochs, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        last = (self.observer.epochs,)
        return mean_of_records(
            observed,
            self.observer,
            epochs=last if self.epochs is None else listed(self.epochs),
            runs=self.runs,
            value=lambda records: records["loss"],
        )
