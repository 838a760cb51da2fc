"""Reading a run: which of an observer's epochs a score takes, and means over them and over runs."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Float, Float32, Float64

from smallset.scores.observed import Observed
from smallset.scores.observer import Observer
from smallset.scores.record import Dynamics, Records

Epochs = int | tuple[int, ...]
"""A number (the first so many epochs) or a tuple (exactly those, counted from 1)."""


def listed(epochs: Epochs) -> tuple[int, ...]:
    """Give the epochs themselves."""
    return tuple(range(1, epochs + 1)) if isinstance(epochs, int) else epochs


def check_reading(name: str, epochs: Epochs | None, runs: int, observer: Observer) -> None:
    """Raise ValueError unless there is a run, and epochs of it (None: whatever it has)."""
    if runs < 1:
        raise ValueError(f"{name}'s runs={runs} measures nothing. Give at least 1.")
    if epochs is None:
        return
    read = listed(epochs)
    if not read or min(read) < 1:
        raise ValueError(
            f"{name}'s epochs={epochs} reads nothing. Give a number from 1, or a tuple of "
            "epochs counted from 1."
        )
    if max(read) > observer.epochs:
        raise ValueError(
            f"{name}'s epochs={epochs} reads past the end of its observer, which trains for "
            f"{observer.epochs}. Train longer: observer=observer(epochs={max(read)})."
        )


def check_window(
    name: str, window: int, needs: int, epochs: int | None, observer: Observer
) -> None:
    """Raise ValueError where a window is no window, or needs more epochs than are read of a run."""
    if window < 2:
        raise ValueError(f"{name}'s window={window} has no spread. Give at least 2.")
    if needs <= (epochs or observer.epochs):
        return
    has = f"reads {epochs}" if epochs else f"has an observer that trains for {observer.epochs}"
    more = [f"epochs={needs}"] if epochs else []
    more += [f"observer=observer(epochs={needs})"] if observer.epochs < needs else []
    raise ValueError(
        f"{name}'s window={window} needs at least {needs} epochs, but it {has}. "
        f"Write {', '.join(more)}, or a smaller window."
    )


def mean_of_records(
    observed: Observed,
    observer: Observer,
    *,
    epochs: Sequence[int],
    runs: int,
    value: Callable[[Records], Float[np.ndarray, " n"]],
) -> Float32[np.ndarray, " n"]:
    """Give the mean, over epochs and runs, of a value of each image's record."""
    total = np.zeros(len(observed.labels), np.float64)
    for run in range(runs):
        dynamics = observed.dynamics(observer, run=run)
        for epoch in epochs:
            total += value(dynamics.at(epoch))
    return (total / (runs * len(epochs))).astype(np.float32)


def mean_of_runs(
    observed: Observed,
    observer: Observer,
    *,
    runs: int,
    value: Callable[[Dynamics], Float[np.ndarray, " n"]],
) -> Float32[np.ndarray, " n"]:
    """Give the mean, over runs, of a value of each image's whole run."""
    total = np.zeros(len(observed.labels), np.float64)
    for run in range(runs):
        total += value(observed.dynamics(observer, run=run))
    return (total / runs).astype(np.float32)


def windows(values: Float[np.ndarray, "t b"], width: int) -> Iterator[Float64[np.ndarray, "w b"]]:
    """Give every `width` consecutive rows, moving on by one row; t - width + 1 in all."""
    for start in range(len(values) - width + 1):
        yield values[start : start + width].astype(np.float64)
