"""What a trained observer's output says of an image: loss, entropy, margin, confidence."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from smallset.scores.epochs import Epochs, check_runs, over_epochs, over_runs, read_epochs
from smallset.scores.observed import Observed
from smallset.scores.observer import AnyObserver, Observer
from smallset.scores.record import Records


@dataclass(frozen=True)
class Loss:
    """The cross-entropy -log p_y of a trained observer, in nats; mean over `epochs` and `runs`.

    `epochs` is a number (the first so many), a tuple (exactly those) or None: the last one.
    """

    epochs: Epochs = None
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        _check("loss", self.epochs, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        return _read(self, "loss", observed, lambda moment: moment["loss"])


@dataclass(frozen=True)
class Entropy:
    """The entropy -sum p log p of a trained observer's probabilities, in nats; 0..log classes.

    It does not look at the label: a confident wrong prediction is easy. `epochs` as in `loss`.
    """

    epochs: Epochs = None
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        _check("entropy", self.epochs, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        return _read(self, "entropy", observed, lambda moment: moment["entropy"])


@dataclass(frozen=True)
class Margin:
    """One less the difference p1 - p2 of a trained observer's two largest probabilities; 0..1.

    The field's -(p1 - p2), moved by one to where float32 still tells certain images apart. It does
    not look at the label. `epochs` as in `loss`.
    """

    epochs: Epochs = None
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        _check("margin", self.epochs, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        return _read(self, "margin", observed, lambda moment: moment["closeness"])


@dataclass(frozen=True)
class LeastConfidence:
    """One less the largest probability of a trained observer; 0..1.

    It does not look at the label. `epochs` as in `loss`.
    """

    epochs: Epochs = None
    runs: int = 1
    observer: AnyObserver = Observer()

    def __post_init__(self) -> None:
        _check("least-confidence", self.epochs, self.runs, self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image; larger is harder."""
        return _read(self, "least-confidence", observed, lambda moment: moment["doubt"])


def _check(name: str, epochs: Epochs, runs: int, observer: AnyObserver) -> None:
    check_runs(name, runs, observer)
    read_epochs(name, epochs, observer)


def _read(
    score: Loss | Entropy | Margin | LeastConfidence,
    name: str,
    observed: Observed,
    of_moment: Callable[[Records], Float[np.ndarray, " n"]],
) -> Float32[np.ndarray, " n"]:
    read = read_epochs(name, score.epochs, score.observer)
    return over_runs(
        observed, score.observer, score.runs, lambda run: over_epochs(run, read, of_moment)
    )
