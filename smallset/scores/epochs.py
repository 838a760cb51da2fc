"""Which epochs of an observer a score reads, and over how many runs it is averaged."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32

from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Pretrained, require_training
from smallset.observers.record import Dynamics, Records

Epochs = int | tuple[int, ...] | Literal["late"] | None
_MOST_RUNS = 1000
_LATE = 0.3


def read_epochs(
    name: str, epochs: Epochs, observer: AnyObserver, *, default: Epochs = None
) -> tuple[int, ...]:
    """Give the epochs, counted from 1, that a score's option means.

    A number is so many from the first on, a tuple exactly those, "late" the last 30 %, None the
    last one. A network that is given has one look, which is read if the option has its `default`.
    Raises ValueError if there are no such epochs, or some that the observer does not train for.
    """
    if isinstance(observer, Pretrained):
        if epochs != default:
            require_training(observer, f"{name}'s epochs={epochs}")
        return (1,)
    trained = observer.trains_for
    if epochs is None:
        return (trained,)
    if epochs == "late":
        return tuple(range(trained - max(1, round(_LATE * trained)) + 1, trained + 1))
    ends = (1, epochs) if isinstance(epochs, int) else epochs
    if not ends or min(ends) < 1:
        raise ValueError(
            f"{name}'s epochs={epochs} reads nothing. Give a number from 1, or a tuple of "
            "epochs counted from 1."
        )
    if max(ends) > trained:  # before so many are counted out
        more = " epochs or more, by the number of images" if observer.epochs == "auto" else ""
        raise ValueError(
            f"{name}'s epochs={epochs} reads past the end of its observer, which trains for "
            f"{trained}{more}. Train longer: observer=observer(epochs={max(ends)}), "
            f"or read less: epochs={trained}."
        )
    return tuple(range(1, epochs + 1)) if isinstance(epochs, int) else epochs


def first_epochs(name: str, epochs: Epochs, observer: AnyObserver) -> tuple[int, ...]:
    """Give the epochs that an option means as `read_epochs`, but None for all of them."""
    return read_epochs(name, observer.trains_for if epochs is None else epochs, observer)


def check_runs(name: str, runs: int, observer: AnyObserver) -> None:
    """Raise ValueError where a score is averaged over no run, or over several of the same."""
    if runs > 1:
        require_training(observer, f"{name}'s runs={runs}")
    if runs < 1:
        raise ValueError(f"{name}'s runs={runs} measures nothing. Give at least 1.")
    if runs > _MOST_RUNS:
        raise ValueError(
            f"{name}'s runs={runs} is too large. Give the trainings to average, at most "
            f"{_MOST_RUNS}."
        )


def check_window(
    name: str, window: int, *, need: int, read: int, remedy: str, least: int = 2
) -> None:
    """Raise ValueError where a score that `read`s so many moments `need`s more for its window.

    `remedy` is an option that gives as many as it needs; a window of fewer than `least` spreads
    nothing.
    """
    if window < least:
        raise ValueError(f"{name}'s window={window} has no spread. Give at least {least}.")
    if read < need:
        raise ValueError(
            f"{name}'s window={window} needs {need} looks of its observer, but reads {read}. "
            f"Give {remedy}, or a smaller window."
        )


def more_epochs(epochs: int | None, observer: AnyObserver, need: int) -> str:
    """Give the options with which a score reads `need` epochs: its own, the observer's, or both."""
    own = [] if epochs is None else [f"epochs={need}"]
    trained = [] if observer.trains_for >= need else [f"observer=observer(epochs={need})"]
    return ", ".join(own + trained)


def over_runs(
    observed: Observed,
    observer: AnyObserver,
    runs: int,
    of_run: Callable[[Dynamics], Float[np.ndarray, " n"]],
) -> Float32[np.ndarray, " n"]:
    """Give the mean of what is made of each run, summed in float64."""
    total = np.zeros(len(observed.labels), np.float64)
    for run in range(runs):
        total += of_run(observed.part(run, runs, "run").dynamics(observer, run=run))
    return (total / runs).astype(np.float32)


def over_epochs(
    dynamics: Dynamics,
    epochs: tuple[int, ...],
    of_moment: Callable[[Records], Float[np.ndarray, " n"]],
) -> Float[np.ndarray, " n"]:
    """Give the mean of what is made of the records of each epoch, summed in float64."""
    total = np.zeros(len(dynamics), np.float64)
    for epoch in epochs:
        total += of_moment(dynamics.at(epoch))
    return total / len(epochs)
