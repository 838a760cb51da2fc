"""AUM: the area under the margin between the label and its strongest rival."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.reading import check_reading, mean_of_records
from smallset.scores.record import Records


@dataclass(frozen=True)
class AUM:
    """Minus the label's mean margin over all epochs of the observer (arXiv 2001.10528, eq. 2).

    The margin is z_y - max z_j over the other classes j: of logits as in the paper, or of
    probabilities (then -1..1). The paper's AUM points the other way: there the smallest are the
    mislabelled. `runs` are averaged. Of a single class it says nothing.
    """

    on: Literal["logits", "probabilities"] = "logits"
    runs: int = 1
    observer: Observer = Observer()

    def __post_init__(self) -> None:
        check_reading("aum", None, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        margin = probability_margin if self.on == "probabilities" else logit_margin
        return mean_of_records(
            observed,
            self.observer,
            epochs=range(1, self.observer.epochs + 1),
            runs=self.runs,
            value=lambda records: -margin(records),
        )


def logit_margin(records: Records) -> Float[np.ndarray, " n"]:
    """Give z_y - max z_j over the other classes."""
    margin: np.ndarray = records["margin"]
    return margin


def probability_margin(records: Records) -> Float[np.ndarray, " n"]:
    """Give p_y - max p_j over the other classes: the best of the others is known either way."""
    # Where the label leads, the rival is second; elsewhere the rival is the largest of all.
    behind = np.exp(-records["loss"].astype(np.float64)) - records["confidence"]
    return np.where(records["margin"] > 0, records["gap"], np.minimum(behind, 0))
