"""AUM: an image's mean margin over training."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer
from smallset.observers.record import Records
from smallset.scores.score import MomentScore
from smallset.shapes import Float, Float32


@dataclass(frozen=True)
class AUM(MomentScore):
    """Minus the mean over training of z_y - max of the other logits (arXiv 2001.10528).

    `on="probabilities"` takes probabilities instead of the logits z, as some implementations do;
    values are then in -1..1. `epochs` is a number of first epochs (None: all epochs) or a tuple of
    epochs. The paper uses the opposite sign: there a low margin means a hard or wrong label.
    """

    name = "aum"
    below_zero: ClassVar[bool] = True
    epochs: int | tuple[int, ...] | None = None
    on: Literal["logits", "probabilities"] = "logits"
    runs: int = 1
    observer: AnyObserver = Observer()

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        return -super().__call__(observed)

    def of_moment(self, moment: Records) -> Float[np.ndarray, " n"]:
        """Return z_y - max z_j over the other classes j, or the same of probabilities."""
        margin: Float[np.ndarray, " n"] = moment["margin"]
        return margin if self.on == "logits" else probability_margin(moment)


def probability_margin(moment: Records) -> Float[np.ndarray, " n"]:
    """Return p_y - max p_j over the other classes j, in -1..1."""
    second = moment["closeness"] - moment["doubt"]
    other = np.where(moment["margin"] > 0, second, 1 - moment["doubt"])
    margin: Float[np.ndarray, " n"] = np.exp(-moment["loss"]) - other
    return margin
