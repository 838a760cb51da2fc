"""What an analysis works on: subjects, the networks that look at them, and their looks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from smallset.analysis.subject import Subject
from smallset.analysis.text import shown
from smallset.data import Data
from smallset.data.work import keeping
from smallset.evidence.estimates import Estimate
from smallset.fingerprint import fingerprint, smallset_version
from smallset.lazy import torch
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

if TYPE_CHECKING:
    from smallset.models.network import Network

ANALYSIS_VERSION = "analysis-1"
"""The version of the looks and facts. It changes when the same set would give other numbers."""

LOOK = np.dtype(
    [("entropy", "f4"), ("nll", "f4"), ("margin", "f4"), ("doubt", "f4"), ("top", "i4")]
)
"""What a network makes of one view: the fields of `observers.record.RECORD` and the top class.

`entropy` and `nll` (its field `loss`) are in nats. `margin` is positive if the class is right.
"""

Looks = Shaped[np.ndarray, " k"]
"""An array of `LOOK`, one row for each view."""


@dataclass(frozen=True)
class Finding:
    """Facts of one analysis, and the lines that tell them to people."""

    facts: tuple[Fact, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Material:
    """The sets and splits to analyse, and the observers that look at them at one size.

    `splits` are the training and the held-out images, or nothing. `results` are of the sets'
    students. All numbers of a network are kept in the work folder under their fingerprint.
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

    def plain(self, subject: Subject, observer: AnyObserver) -> Looks:
        """Look at every whole box of a subject."""
        drawn = Drawn(subject.box, np.zeros(len(subject.box), bool))
        return self.look(subject, observer, drawn, subject.owner)

    def look(
        self,
        subject: Subject,
        observer: AnyObserver,
        drawn: Drawn,
        owner: Int64[np.ndarray, " k"],
    ) -> Looks:
        """Look at k views of a subject's images `owner`, or read the kept look.

        Raises ValueError if the network gives numbers that are not finite.
        """
        facts = {
            "version": ANALYSIS_VERSION,
            "observer": self.seen.fingerprint(observer, 0),
            "subject": subject.digest,
            "size": self.seen.images.size,
            "views": [array.tobytes().hex() for array in (drawn.box, drawn.flip, owner)],
        }
        return self.kept(facts, lambda: self._looks(subject, observer, drawn, owner), len(owner))

    def kept(
        self,
        facts: Mapping[str, object],
        make: Callable[[], Iterator[tuple[int, np.ndarray]]],
        n: int,
    ) -> Shaped[np.ndarray, " n"]:
        """Return the `n` rows that the work folder keeps under the fingerprint of `facts`.

        `make` yields the position of each part's first row and its rows, if they are not kept yet.
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
        """Return what was found of a subject as a line."""
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

    def _looks(
        self,
        subject: Subject,
        observer: AnyObserver,
        drawn: Drawn,
        owner: Int64[np.ndarray, " k"],
    ) -> Iterator[tuple[int, Looks]]:
        machine, size = self.seen.machine, self.seen.images.size
        network = self._network(observer)
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
                    f"the observer {self.named(observer)!r} gives numbers that are not finite, for "
                    f"instance of {subject.dataset.id(int(owner[bad[0]]))!r}. Needed finite ones "
                    "of every image. Take another network, or --precision float32."
                )
            yield start, looks
            if self.seen.progress is not None:
                self.seen.progress(f"look at {subject.name}", int(at[-1]) + 1, len(owner))

    def _network(self, observer: AnyObserver) -> "Network":
        epochs = self.seen.settled(observer).trains_for
        return self.seen.network(observer, epoch=epochs).requires_grad_(False)


class Analysis(ABC):
    """One kind of analysis. Its first line of documentation is what `smallset list` says."""

    looks: ClassVar[bool] = True
    """Whether the analysis needs an observer."""
    joins: ClassVar[bool] = False
    """Whether the analysis needs the results of students."""

    @abstractmethod
    def __call__(self, material: Material) -> Iterator[Finding]:
        """Yield findings as they are made."""
