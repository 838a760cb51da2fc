"""What a score is, which epochs of its observer it reads, and its mean over runs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from smallset.data import ImageDataset
from smallset.numbers import check_number
from smallset.observers.observed import Observed
from smallset.observers.observer import AnyObserver, Pretrained, require_training
from smallset.observers.record import Records, reduced
from smallset.shapes import Float, Float32

Epochs = int | tuple[int, ...] | Literal["late"] | None
_MOST_RUNS = 1000
_LATE = 0.3


class Score(ABC):
    """Assigns a number to every training image; larger is harder.

    `observer` is the network that the score uses, or None. The score is the mean over `runs`
    trainings of that network.
    """

    largest_first: ClassVar[bool] = False
    """Whether the paper keeps the largest values, because the score is an uncertainty."""
    below_zero: ClassVar[bool] = False
    """Whether values may be negative. Selectors that need weights then refuse the score."""
    observer: AnyObserver | None = None
    runs: int = 1

    @abstractmethod
    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Return the score of every image, in the order of the data."""

    def check_files(self) -> None:
        """Raise ValueError or OSError if a file that the score names cannot be used."""

    def check(self, observed: Observed) -> None:
        """Raise ValueError if the score is impossible on this data; nothing is trained."""

    def reads(self, observer: AnyObserver) -> tuple[int, ...]:
        """Return the epochs of an observer that the score reads, from 1; () stands for all."""
        return ()

    def probability(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Return each image's mean probability of its true class, which the selector `beta` needs.

        The mean is over all epochs of the score's first run. The observer must be one that trains.
        """
        assert self.observer is not None
        return probability(observed.dynamics(self.observer).ends)

    def made_by(self) -> dict[str, str]:
        """Return what the values depend on besides the data and the observer."""
        return {}

    def files(self, dataset: ImageDataset) -> Mapping[str, str]:
        """Return the sha256 of each file that the values depend on, by its path.

        Raises ValueError or OSError if a file does not fit the data.
        """
        return {}


class RunScore(Score):
    """A score that reads runs of its observer: the mean of `of_run` over `runs`.

    A subclass is a frozen dataclass with the fields `runs` and `observer`, and `epochs` if it does
    not always read all epochs.
    """

    name: ClassVar[str]
    trained: ClassVar[bool] = True
    """Whether the observer must train. If so, `epochs=None` means all epochs, else the last one."""
    observer: AnyObserver
    epochs: Epochs = None

    def __post_init__(self) -> None:
        if self.trained:
            require_training(self.observer, self.name)
        if self.runs > 1:
            require_training(self.observer, f"{self.name}'s runs={self.runs}")
        name, unit = f"{self.name}'s runs", "the trainings to average"
        check_number(name, self.runs, least=1, unit=unit, most=_MOST_RUNS)
        self.reads(self.observer)

    def __call__(self, observed: Observed) -> Float32[np.ndarray, " n"]:
        """Score every image."""
        return self.mean(observed, self.of_run)

    @abstractmethod
    def of_run(self, seen: Observed, run: int, epochs: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """Score every image by these epochs of one run."""

    def reads(self, observer: AnyObserver) -> tuple[int, ...]:
        """Return the epochs of an observer that the score reads, counted from 1.

        They follow from the option `epochs`. A number is how many epochs to read, from the first
        on. A tuple lists the epochs. "late" means the last 30 %. None means all epochs if the
        observer must train (`trained`), else the last one. A pretrained network has only epoch 1.

        Raises ValueError if no epoch is named, or an epoch that the observer does not reach. Also
        raises ValueError for a pretrained network if `epochs` does not have its default.
        """
        epochs, trains = self.epochs, observer.trains_for
        if isinstance(observer, Pretrained):
            if epochs != type(self).epochs:
                require_training(observer, f"{self.name}'s epochs={epochs}")
            return (1,)
        if epochs is None:
            return tuple(range(1 if self.trained else trains, trains + 1))
        if epochs == "late":
            return tuple(range(trains - max(1, round(_LATE * trains)) + 1, trains + 1))
        ends = (1, epochs) if isinstance(epochs, int) else epochs
        if not ends or min(ends) < 1:
            raise ValueError(
                f"{self.name}'s epochs={epochs} reads nothing. Give a number from 1, or a tuple of "
                "epochs counted from 1."
            )
        if max(ends) > trains:  # checked before listing the epochs
            more = (
                " epochs or more, depending on the number of images"
                if observer.epochs == "auto"
                else ""
            )
            raise ValueError(
                f"{self.name}'s epochs={epochs} reads past the end of its observer, which trains "
                f"for {trains}{more}. Train longer: observer=observer(epochs={max(ends)}), "
                f"or read less: epochs={trains}."
            )
        return tuple(range(1, epochs + 1)) if isinstance(epochs, int) else epochs

    def moments(self, seen: Observed, run: int, epochs: tuple[int, ...]) -> list[Records]:
        """Return the records of one run at the end of these epochs."""
        records = seen.dynamics(self.observer, run=run)
        return [records.at(epoch) for epoch in epochs]

    def mean(
        self,
        observed: Observed,
        of_run: Callable[[Observed, int, tuple[int, ...]], Float[np.ndarray, " n"]],
    ) -> Float32[np.ndarray, " n"]:
        """Return the mean of `of_run` over the runs, summed in float64."""
        epochs = self.reads(observed.settled(self.observer))
        total = np.zeros(len(observed.labels), np.float64)
        for run in range(self.runs):
            total += of_run(observed.part(run, self.runs, "run"), run, epochs)
        return (total / self.runs).astype(np.float32)


class MomentScore(RunScore):
    """A score whose value for one run is the mean of `of_moment` over the epochs, in float64."""

    def of_run(self, seen: Observed, run: int, epochs: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """Score every image by these epochs of one run."""
        total = np.zeros(len(seen.labels), np.float64)
        for moment in self.moments(seen, run, epochs):
            total += self.of_moment(moment)
        return total / len(epochs)

    @abstractmethod
    def of_moment(self, moment: Records) -> Float[np.ndarray, " n"]:
        """Score every image by its record at the end of one epoch."""


def check_window(score: RunScore, window: int, *, least: int = 2) -> None:
    """Raise ValueError if a window has under `least` epochs, or more than the score reads."""
    own = [] if score.epochs is None else [f"epochs={window}"]
    fits = score.observer.trains_for >= window
    remedy = ", ".join([*own, *([] if fits else [f"observer=observer(epochs={window})"])])
    read = len(score.reads(score.observer))
    check_moments(score.name, window, need=window, read=read, remedy=remedy, least=least)


def check_moments(
    name: str, window: int, *, need: int, read: int, remedy: str, least: int = 2
) -> None:
    """Raise ValueError if the window is below `least`, or needs more moments than are read.

    The score `name` reads `read` moments of its observer, but needs `need` for this window.
    `remedy` is the text of options that would give enough moments; the message shows it.
    """
    if window < least:
        raise ValueError(f"{name}'s window={window} has no spread. Give at least {least}.")
    if read < need:
        raise ValueError(
            f"{name}'s window={window} needs {need} moments of its observer, but reads {read}. "
            f"Give {remedy}, or a smaller window."
        )


def probability(moments: Sequence[Records]) -> Float32[np.ndarray, " n"]:
    """Return each image's mean probability of its true class over the moments."""
    return reduced(lambda loss: np.exp(-loss).mean(0), moments, "loss")
