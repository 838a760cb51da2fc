"""The training data as a score sees it, and the runs of observers on that data.

A run is the costly part of every training-dynamics score. It is made once and kept in the work
folder under its fingerprint; a killed run continues from its last whole epoch. The network of every
moment is kept with the records, so that a later score needs at most an inference pass.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from smallset.data import ImageDataset
from smallset.fingerprint import fingerprint
from smallset.lazy import torch
from smallset.models import Network, Teacher, build_model, load_teacher, weights_sha256
from smallset.observers import OBSERVERS
from smallset.observers.observer import (
    RECIPES,
    VIEW,
    AnyObserver,
    Observer,
    Pretrained,
    require_training,
)
from smallset.observers.record import Dynamics, Records, infer, look, write_rows
from smallset.records import Fit, Progress, part
from smallset.seeds import derive
from smallset.shapes import Float32, Int64
from smallset.spec import write
from smallset.train.device import Machine
from smallset.train.processes import first_alone, first_before_others, is_first, wait
from smallset.train.run import check_moments, component_versions, save, train_kept
from smallset.train.shown import Images, Shown

RECORDS_VERSION = "observer-2"
"""The version of the records. It changes when the same run would give other numbers."""


Kind = TypeVar("Kind", Observer, Pretrained, AnyObserver)


@dataclass(frozen=True)
class Observed:
    """The training data as a score sees it. It finds or makes the runs of observers.

    `images` have the observer's resolution. `source` is the fingerprint of the data and of how its
    pixels were fitted to a square. `dataset` is the dataset of the images, in the same order; it
    has the class names and the row and id of each image. `fit` says how a source image becomes a
    square. `spread` makes the inference passes in other processes, with the same values (see
    `shards`).
    """

    images: Images
    labels: Int64[np.ndarray, " n"]
    classes: int
    source: str
    machine: Machine
    work: Path
    progress: Progress | None = None
    spread: "Spread | None" = None
    dataset: ImageDataset = field(kw_only=True)
    fit: Fit = "squash"
    _loaded: dict[str, Teacher] = field(default_factory=dict, init=False, repr=False, compare=False)

    def settled(self, observer: Kind) -> Kind:
        """Return the observer with "auto" network and epochs settled for these images."""
        return observer.resolved(size=self.images.size, images=len(self.images))

    def fingerprint(self, observer: AnyObserver, run: int) -> str:
        """Return a hash of everything a run's numbers depend on. Raises the errors of `given`."""
        facts: dict[str, object] = {
            "versions": {"observer": RECORDS_VERSION, **component_versions()},
            "source": self.source,
            "size": self.images.size,
            "precision": self.machine.precision,
            "device": self.machine.kind,
            "threads": self.machine.threads,
        }
        if isinstance(observer, Pretrained):
            facts["given"] = self.given(observer).sha256
        else:
            facts |= _training(self.settled(observer), run)
            if observer.model != "auto" and (weights := weights_sha256(observer.model)) is not None:
                facts["weights"] = weights
            if self.machine.processes > 1:
                facts["processes"] = self.machine.processes
        return fingerprint(facts)

    def dynamics(self, observer: AnyObserver, *, run: int = 0) -> Dynamics:
        """Return the records of one run of an observer, making the run if it is not kept yet.

        A pretrained network has one run with one moment. Raises ValueError for another run of it,
        or if numbers are not finite.
        """
        if run:
            require_training(observer, f"run {run}")
        observer = self.settled(observer)
        folder = self._folder(observer, run)
        moments = range(1, observer.trains_for * observer.snapshots + 1)
        files = [folder / _records(moment) for moment in moments]
        if not first_alone(files[-1].exists):
            folder.mkdir(parents=True, exist_ok=True)
            with first_before_others():  # decodes the images if no process has yet
                self.images.batch(np.arange(1))
            if isinstance(observer, Observer):
                _train(self, observer, run, folder)
            elif is_first():
                _look(self, observer, self.network(observer), folder, moment=1)
            wait()  # until the first process has written the records
        return Dynamics(tuple(np.load(file, mmap_mode="r") for file in files), observer.snapshots)

    def check(self, observer: AnyObserver) -> None:
        """Raise the errors of `dynamics` if a run is impossible, without training."""
        self.built(observer)
        if isinstance(observer, Observer):
            check_moments(len(self.images), observer.protocol, observer.snapshots)

    def built(self, observer: AnyObserver) -> Network:
        """Return the network as it is before any training here: new, or with its given weights.

        Raises ValueError if the network does not fit the data, and the errors of `given`.
        """
        observer = self.settled(observer)
        if isinstance(observer, Pretrained):
            return self.given(observer).network
        return build_model(observer.model, classes=self.classes, size=self.images.size, seed=0)

    def given(self, observer: Pretrained) -> Teacher:
        """Load a pretrained network once, with logits over the data's classes.

        Raises ValueError or FileNotFoundError if the network, weights or classes do not fit.
        """
        if observer.network not in self._loaded:
            names = self.dataset.classes.names
            teacher = load_teacher(observer.network, classes=names, size=self.images.size)
            self._loaded[observer.network] = teacher
        return self._loaded[observer.network]

    def network(self, observer: AnyObserver, *, run: int = 0, epoch: int | None = None) -> Network:
        """Return the observer's network at the end of an epoch, counted from 1, on the device.

        None is the last epoch. The parameters allow gradients. A pretrained network has only
        epoch 1.
        """
        epoch = self.settled(observer).trains_for if epoch is None else epoch
        if (run, epoch) != (0, 1):
            require_training(observer, f"run {run}, epoch {epoch}")
        if isinstance(observer, Observer):
            self.dynamics(observer, run=run)
        model = self.built(observer)
        self.machine.place(model)
        if isinstance(observer, Observer):
            file = self._folder(observer, run) / _network(epoch * observer.snapshots)
            state = torch.load(file, map_location=self.machine.device, weights_only=True)
            model.load_state_dict(state)
        return model.requires_grad_(True).eval()

    def features(self, observer: AnyObserver, *, run: int = 0) -> Float32[np.ndarray, "n d"]:
        """Return the inputs of the last linear layer after the last epoch, mapped from disk."""

        def rows() -> Iterator[Float32[np.ndarray, "b d"]]:
            model = self.network(observer, run=run)
            machine, told = self.machine, self.progress
            seen = look(model, self.images, machine=machine, stage="features", progress=told)
            return (features.cpu().numpy() for _, _, features in seen)

        return self.kept(observer, "features", rows, run=run)

    def part(self, number: int, of: int, noun: str = "") -> "Observed":
        """Return the same data for a job of `of` parts, reporting progress as its part `number`."""
        told = part(self.progress, number, of, noun)
        return self if told is self.progress else replace(self, progress=told)

    def kept(
        self,
        observer: AnyObserver,
        name: str,
        make: Callable[[], Iterator[Float32[np.ndarray, "b *d"]]],
        *,
        run: int = 0,
    ) -> Float32[np.ndarray, "n *d"]:
        """Return a float32 array that belongs to a run, mapped from disk.

        `make` yields its rows in order, and is called only if the array is not on disk yet. `name`
        must say everything that the array depends on besides the run. Raises the errors of
        `dynamics`, and ValueError if a row is not finite.
        """
        self.dynamics(observer, run=run)
        path = self._folder(observer, run) / f"{name}.npy"
        if not first_alone(path.exists):
            if is_first():
                rows = _finite(_placed(make()), self.settled(observer), self)
                write_rows(path, rows, len(self.images))
            wait()
        array: np.ndarray = np.load(path, mmap_mode="r")
        return array

    def _folder(self, observer: AnyObserver, run: int) -> Path:
        return self.work / "observers" / self.fingerprint(observer, run)[:24]


Spread = Callable[[Observed, str, Network, Path], Iterator[tuple[int, Records]]]
"""Takes the data, the network's name, the network and its run's folder; yields as `infer` does."""


def looked_with(
    observer: AnyObserver, seen: Observed, *, runs: int = 1, read: tuple[int, ...] = ()
) -> dict[str, str]:
    """Return which observer was used, how well it learned, and what its numbers depend on.

    `observer_right` is the share of clean training images that the trained observer classifies
    correctly, as a mean over `runs`. `observer_learned` is this share rescaled: 0 is guessing the
    largest class, 1 is all images right. `observer_epochs` is the number of epochs trained, and
    `epochs_read` are the epochs `read`, counted from 1. Both are present only if some epochs were
    not read.
    """
    settled = seen.settled(observer)
    found = [seen.dynamics(observer, run=run) for run in range(runs)]
    right = float(np.mean([(one.at(one.epochs)["margin"] > 0).mean() for one in found]))
    guessed = float(np.bincount(seen.labels).max()) / len(seen.labels)
    made = {
        "observer": write(settled, {Observer: OBSERVERS}),
        "observer_right": f"{right:.4f}",
        "observer_learned": f"{(right - guessed) / (1 - guessed):.4f}",
        "records": RECORDS_VERSION,
        "threads": str(seen.machine.threads),
        "torch": torch.__version__,
    }
    if 0 < len(read) < settled.trains_for:
        made["observer_epochs"] = str(settled.trains_for)
        made["epochs_read"] = " ".join(map(str, read))
    if seen.machine.processes > 1:
        made["processes"] = str(seen.machine.processes)
    if isinstance(observer, Pretrained):
        made["observer_sha256"] = seen.given(observer).sha256
    return made


def _records(moment: int) -> str:
    return f"moment-{moment:05d}.npy"


def _network(moment: int) -> str:
    return f"network-{moment:05d}.pt"


def _training(observer: Observer, run: int) -> dict[str, object]:
    """Return everything that a training depends on besides the data and the machine."""
    recipe = RECIPES[observer.recipe].numbers()
    return {"observer": repr(observer), "recipe": recipe, "view": repr(VIEW), "run": run}


def _look(data: Observed, observer: AnyObserver, model: Network, folder: Path, moment: int) -> None:
    """Run a settled observer's network over all images and write their records."""
    spread = data.spread(data, observer.model, model, folder) if data.spread else None
    parts = spread or infer(
        model, data.images, data.labels, machine=data.machine, progress=data.progress
    )
    write_rows(folder / _records(moment), _finite(parts, observer, data), len(data.images))


def _finite(
    parts: Iterator[tuple[int, np.ndarray]], observer: AnyObserver, data: Observed
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the rows unchanged. Raises ValueError if some are not finite: no score can use them."""
    for start, rows in parts:
        numbers = rows.view(np.float32) if rows.dtype.names else rows  # all fields are float32
        bad = np.flatnonzero(~np.isfinite(numbers.reshape(len(rows), -1)).all(1))
        if len(bad):
            other = "" if data.machine.precision == "float32" else ", or --precision float32"
            raise ValueError(
                f"the observer {observer.model!r} gives numbers that are not finite, for instance "
                f"of {data.dataset.id(start + int(bad[0]))!r}. Needed finite ones of every image. "
                f"Take another network{other}."
            )
        yield start, rows


def _train(data: Observed, observer: Observer, run: int, folder: Path) -> None:
    """Train the observer, keeping its network and every image's record at each moment."""

    def keep(moment: int, model: Network) -> None:
        save(folder / _network(moment), model.state_dict())
        # Records come last: a run counts as complete once its last records exist.
        place = data.part(moment - 1, observer.trains_for * observer.snapshots)
        _look(place, observer, model, folder, moment)

    train_kept(
        Shown.whole(data.images, VIEW),
        data.labels,
        model=observer.model,
        classes=data.classes,
        protocol=observer.protocol,
        seed=derive(observer.seed, "observer", run),
        machine=data.machine,
        state=folder / "state.pt",
        progress=data.progress,
        moments=observer.snapshots,
        at_moment=keep,
    )


def _placed(batches: Iterator[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each batch with the position of its first row."""
    start = 0
    for rows in batches:
        yield start, rows
        start += len(rows)
