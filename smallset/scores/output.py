"""Scores of an observer's output: EL2N, AUM, loss, entropy, margin and least confidence."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Observer
from smallset.observers.record import Records
from smallset.scores.score import Epochs, MomentScore
from smallset.shapes import Float, Float32


@dataclass(frozen=True)
class _Output(MomentScore):
    """The mean of one field of the record over epochs and runs."""

    trained = False
    field: ClassVar[str]
    epochs: Epochs = None
    runs: int = 1
    observer: AnyObserver = Observer()

    def of_moment(self, moment: Records) -> Float[np.ndarray, " n"]:
        """Return the class's `field` of each image's record."""
        values: Float[np.ndarray, " n"] = moment[self.field]
        return values


@dataclass(frozen=True)
class EL2N(_Output):
    """Mean error ||p - onehot(y)||_2 over late epochs and runs (arXiv 2107.07075); 0..sqrt 2.

    `epochs` is "late" (the last 30 % of the observer's epochs), a number of first epochs, or a
    tuple of epochs counted from 1. The paper reads an early epoch of a long training. Here the
    training is short, and its last epochs are read, since its first ones have learned too little.
    The `runs` observers differ in their weights, batch order and views. Probabilities are those of
    clean images in eval mode. A pretrained network is read once, and `epochs` must keep its
    default.
    """

    name, field = "el2n", "el2n"
    epochs: int | tuple[int, ...] | Literal["late"] = "late"


@dataclass(frozen=True)
class AUM(MomentScore):
    """Minus the mean over training of z_y - max of the other logits (arXiv 2001.10528).

    `on="probabilities"` takes probabilities instead of the logits z, as some implementations do;
    values are then in -1..1. `epochs` is a number of first epochs (None: all epochs) or a tuple of
    epochs. The paper uses the opposite sign: there a low margin means a hard or wrong label.
    """

    name = "aum"
    below_zero = True
    epochs: int | tuple[int, ...] | None = None
    on: Literal["logits", "probabilities"] = "logits"
    runs: int = 1
    observer: AnyObserver = Observer()

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        return -super().__call__(observed)

    def of_moment(self, moment: Records) -> Float[np.ndarray, " n"]:
        """Return z_y - max z_j over other classes j, in logits z or in probabilities."""
        margin: Float[np.ndarray, " n"] = moment["margin"]
        return margin if self.on == "logits" else probability_margin(moment)


def probability_margin(moment: Records) -> Float[np.ndarray, " n"]:
    """Return p_y - max p_j over the other classes j, in -1..1."""
    second = moment["closeness"] - moment["doubt"]
    other = np.where(moment["margin"] > 0, second, 1 - moment["doubt"])
    margin: Float[np.ndarray, " n"] = np.exp(-moment["loss"]) - other
    return margin


class Loss(_Output):
    """The cross-entropy -log p_y of a trained observer, in nats; mean over `epochs` and `runs`.

    `epochs` is a number of first epochs, a tuple of epochs, or None for the last epoch.
    """

    name, field = "loss", "loss"


class Entropy(_Output):
    """The entropy -sum p log p of a trained observer's probabilities, in nats; 0..log classes.

    The score ignores the label: a confident wrong prediction is easy. `epochs` is as in `loss`.
    """

    name, field = "entropy", "entropy"


class Margin(_Output):
    """1 - (p1 - p2) of a trained observer's two largest probabilities; 0..1.

    This is the usual -(p1 - p2) plus 1: confident images are then near 0, where float32 still
    tells them apart. The score ignores the label. `epochs` is as in `loss`.
    """

    name, field = "margin", "closeness"


class LeastConfidence(_Output):
    """1 minus the largest probability of a trained observer; 0..1.

    The score ignores the label. `epochs` is as in `loss`.
    """

    name, field = "least-confidence", "doubt"
