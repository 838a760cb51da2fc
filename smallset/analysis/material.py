"""What an analysis works on: subjects, the networks that look at them, and their looks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smallset.analysis.subject import Subject
from smallset.analysis.text import shown
from smallset.data import Data
from smallset.data.work import keeping
from smallset.evidence.estimates import Estimate
from smallset.fingerprint import fingerprint, smallset_version
from smallset.lazy import torch
from smallset.models import Network
from smallset.observers import OBSERVERS, AnyObserver, Observer
from smallset.observers.observed import Observed
from smallset.observers.record import record, write_rows
from smallset.records import Fact, Result
from smallset.shapes import Int64, Shaped
from smallset.spec import portable, write
from smallset.train.device import hardware
from smallset.train.evaluation import inference_batch
from smallset.train.render import render
from smallset.train.views import Drawn

ANALYSIS_VERSION = "analysis-1"
"""The version of the looks and facts. It changes when the same set would give other numbers."""

LOOK = np.dtype(
    [("entropy", "f4"), ("nll", "f4"), ("margin", "f4"), ("doubt", "f4"), ("top", "i4")]
)
"""What a network makes of one view: the fields of `observers.record.RECORD` and the top class.

`entropy` and `nll` (`loss` in `RECORD`) are in nats. `margin` is positive if the label is on top.
"""

Looks = Shaped[np.ndarray, " k"]
"""An array of `LOOK`, one row for each view."""


@dataclass(frozen=True)
class Finding:
    """Facts of one analysis, and lines of text that say the same to people."""

    facts: tuple[Fact, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Material:
    """The sets and splits to analyse, and the observers that look at them at one size.

    If `splits`, the training and the held-out images are analysed too. `results` are those of the
    sets' students. All numbers of a network are kept in the work folder under their fingerprint.
    """

    data: Data
    sets: tuple[Subject, ...]
    train: Subject
    held_out: Subject
    observers: tuple[AnyObserver, ...]
    seen: Observed
    splits: bool = True
    results: Sequence[Result] = ()

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The sets, and then the splits if they are wanted."""
        splits = [split for split in (self.train, self.held_out) if len(split.labels)]
        return (*self.sets, *(splits if self.splits else ()))

    def named(self, observer: AnyObserver) -> str:
        """Return the spec of an observer without the folders of its files."""
        return portable(write(self.seen.settled(observer), {Observer: OBSERVERS}))

    def headline(self, observer: AnyObserver) -> Iterator[Finding]:
        """Yield a line that names the observer of the next findings, if there are several."""
        if len(self.observers) > 1:
            yield Finding(lines=(f"through {shown(self.named(observer))}:",))

    def kept(
        self,
        facts: Mapping[str, object],
        make: Callable[[], Iterator[tuple[int, np.ndarray]]],
        n: int,
    ) -> Shaped[np.ndarray, " n"]:
        """Return the `n` rows that the work folder keeps under the fingerprint of `facts`.

        If it does not keep them yet, `make` yields them in parts: the position of a part's first
        row, and its rows.
        """
        path = self.seen.work / "analysis" / f"{fingerprint(facts)[:24]}.npy"
        if not path.exists():
            with keeping(self.seen.work):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_rows(path, make(), n)
        rows: Shaped[np.ndarray, " n"] = np.load(path)
        return rows

    def fact(
        self,
        subject: Subject,
        name: str,
        found: Estimate,
        unit: str = "",
        *,
        observer: AnyObserver | None = None,
    ) -> Fact:
        """Return an estimate about a subject as a fact."""
        return Fact(
            name=name,
            value=found.value,
            low=found.low,
            high=found.high,
            n=found.n,
            unit=unit,
            dataset=self.data.name,
            method=portable(subject.method),
            spec=portable(subject.spec),
            plan_sha256=subject.plan_sha256,
            set_digest=subject.digest,
            observer=None if observer is None else self.named(observer),
            hardware=hardware(self.seen.machine.device),
            versions={
                "analysis": ANALYSIS_VERSION,
                "smallset": smallset_version(),
                "torch": torch.__version__,
                "numpy": np.__version__,
                **({} if observer is None else {"observer": self.seen.fingerprint(observer, 0)}),
            },
        )


@dataclass(frozen=True, eq=False)
class Sight:
    """A subject as one observer sees it."""

    material: Material
    subject: Subject
    observer: AnyObserver

    def whole(self) -> Looks:
        """Look at every whole box."""
        looks: Looks = self.look([self.subject.whole], self.subject.owner)[0]
        return looks

    def look(
        self, draws: Sequence[Drawn], owner: Int64[np.ndarray, " k"]
    ) -> Shaped[np.ndarray, "draws k"]:
        """Look at the images `owner` once for each of `draws`, or read the kept looks.

        Raises ValueError if the network gives numbers that are not finite.
        """
        drawn = Drawn(
            np.concatenate([one.box for one in draws]), np.concatenate([one.flip for one in draws])
        )
        owners = np.tile(owner, len(draws))
        seen = self.material.seen
        facts = {
            "version": ANALYSIS_VERSION,
            "observer": seen.fingerprint(self.observer, 0),
            "subject": self.subject.digest,
            "size": seen.images.size,
            "views": [array.tobytes().hex() for array in (drawn.box, drawn.flip, owners)],
        }
        looks = self.material.kept(facts, lambda: self._looks(drawn, owners), len(owners))
        return looks.reshape(len(draws), len(owner))

    def fact(self, name: str, found: Estimate, unit: str = "") -> Fact:
        """Return the observer's estimate about the subject as a fact."""
        return self.material.fact(self.subject, name, found, unit, observer=self.observer)

    def _looks(self, drawn: Drawn, owner: Int64[np.ndarray, " k"]) -> Iterator[tuple[int, Looks]]:
        seen, subject = self.material.seen, self.subject
        machine, size = seen.machine, seen.images.size
        network = self._network()
        batch = inference_batch(size)
        for start in range(0, len(owner), batch):
            at = np.arange(start, min(start + batch, len(owner)))
            images = subject.images.batch(owner[at]).to(machine.device)
            with torch.inference_mode(), machine.autocast():
                logits = network(render(images, drawn.take(at), size=size)).float()
            labels = torch.from_numpy(subject.labels[owner[at]]).to(logits.device)
            # The features of `record` are not needed, so the logits stand in for them.
            rows = record(logits, logits, labels)
            looks = np.empty(len(at), LOOK)
            looks["nll"], looks["top"] = rows["loss"], logits.argmax(1).cpu().numpy()
            for name in ("entropy", "margin", "doubt"):
                looks[name] = rows[name]
            bad = at[~np.isfinite(looks["entropy"] + looks["nll"])]
            if len(bad):
                raise ValueError(
                    f"the observer {self.material.named(self.observer)!r} gives numbers that are "
                    f"not finite, for instance of {subject.dataset.id(int(owner[bad[0]]))!r}. "
                    "Needed finite ones of every image. Take another network, or --precision "
                    "float32."
                )
            yield start, looks
            if seen.progress is not None:
                seen.progress(f"look at {subject.name}", int(at[-1]) + 1, len(owner))

    def _network(self) -> Network:
        seen, observer = self.material.seen, self.observer
        epochs = seen.settled(observer).trains_for
        return seen.network(observer, epoch=epochs).requires_grad_(False)


class Analysis(ABC):
    """One kind of analysis. Its first line of documentation is what `smallset list` says."""

    looks: ClassVar[bool] = True
    """Whether the analysis needs an observer."""
    joins: ClassVar[bool] = False
    """Whether the analysis needs the results of students."""

    @abstractmethod
    def __call__(self, material: Material) -> Iterator[Finding]:
        """Yield findings as they are made."""
