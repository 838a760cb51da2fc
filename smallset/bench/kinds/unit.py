"""What every kind of unit answers: what names a unit, what it needs, leaves and costs."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from smallset.bench.cells import MatrixCell
from smallset.bench.ground import Ground, Line, Lines
from smallset.bench.rates import Training
from smallset.bench.sweep import Sweep
from smallset.desk import Desk
from smallset.files import at_home
from smallset.fingerprint import fingerprint
from smallset.models import build_model, weights_sha256
from smallset.models.spec import read_model
from smallset.models.trained import read_trained
from smallset.records import Identity
from smallset.train.protocol import STANDARD_V1

Shares = list[tuple[Training, float]]
"""What a unit takes: images that pass through each training, an inference pass by its share."""

_LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Unit(ABC):
    """One piece of work, done once, with one thread. A worker gets it pickled.

    A unit leaves what it makes whole or not at all, so one that was killed is simply done again.
    `key` says what it is, and ends in a part of the sha256 of what decides its numbers. `asker` is
    the first cell that needs the unit, `data` what a worker opens that cell's data by. `out` is the
    file or folder that the unit leaves in the run folder, None if it leaves nothing there.
    """

    kind: ClassVar[str]
    folder: ClassVar[str | None] = None
    """The folder in the run folder for what units of this kind leave."""

    asker: MatrixCell
    data: str
    key: str
    needs: tuple["Unit", ...] = ()
    out: Path | None = None

    @classmethod
    def asked_by(cls, cell: MatrixCell, ground: Ground) -> "Unit | None":
        """Return the unit of this kind that a cell asks for, though no other unit needs it."""
        return None

    @classmethod
    def problems(cls, sweep: Sweep, ground: Ground) -> Iterator[str]:
        """Say what makes units of this kind impossible for a table, a sentence each."""
        yield from ()

    @abstractmethod
    def make(self, desk: Desk) -> Line | None:
        """Do the work, unless it is done; return the line that the driver writes down."""

    def is_done(self, lines: Lines, desk: Desk) -> bool:
        """Say whether the unit is done."""
        return self.out is not None and self.out.exists()

    def check_line(self, line: Line) -> None:
        """Raise ValueError if the line that a worker returned is not of this unit."""

    def shares(self, ground: Ground) -> Shares:
        """Return what it takes; a student is counted as compiled if that would pay."""
        return []

    def run_bytes(self, lines: Lines) -> int:
        """Estimate the bytes that it leaves in the run folder."""
        return 0

    def work_bytes(self, ground: Ground) -> int:
        """Count the bytes that it leaves in the work folder."""
        return 0

    @property
    def brief(self) -> str:
        """Say in few words which unit this is."""
        return self.key.rpartition(" [")[0]

    def made_with(self) -> Mapping[str, str]:
        """Return what the finished unit says of the observer that it rests on."""
        return {}

    @property
    def wanted(self) -> Identity:
        """The identity of the cell that asked first."""
        return self.asker.identity

    @classmethod
    def place(cls, ground: Ground, key: str) -> Path:
        """Name a place in the run folder: readable, and unique by the digest."""
        assert cls.folder is not None
        words, _, unique = key.removeprefix(f"{cls.folder.rstrip('s')} ").rpartition(" ")
        # A label may be longer than the name of a file.
        name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{words[:_LONGEST_NAME]} {unique}")
        return ground.folder / cls.folder / name.strip("-")


def keyed(words: str, facts: object) -> str:
    """Return the key of a unit: words for people, and a part of the sha256 of its facts."""
    return f"{words} [{fingerprint(facts)[:12]}]"


def training_of(unit: Unit, ground: Ground, model: str, size: int | None = None) -> Training:
    """Return a training on the whole training split, at the cell's size if no other is given."""
    train = ground.data_of(unit.asker).data.train
    batch = min(STANDARD_V1.batch, len(train))
    return Training(model, size or unit.wanted.size, batch, len(train.classes))


def check_network(model: str, sweep: Sweep, ground: Ground) -> None:
    """Raise ValueError or OSError if a network cannot be built; note its file of weights."""
    opened = ground.data[sweep.data]
    classes, size = len(opened.data.train.classes), opened.size(sweep.size)
    build_model(model, classes=classes, size=size, seed=0)
    sha256 = weights_sha256(model)
    if sha256 is not None:
        ground.weights[model] = sha256


def network_of(spec: str, size: int) -> tuple[str, int]:
    """Return a trained network's name, and the side in pixels at which it looks at images."""
    if at_home(spec).is_dir():
        made = read_trained(at_home(spec))
        return made.model, made.size
    ready = read_model(spec)
    return ready.name, ready.size or size


def said(check: Callable[[], object]) -> list[str]:
    """Return the sentence with which a check fails, if it does."""
    try:
        check()
    except (ValueError, OSError) as error:
        return [str(error)]
    return []


def check_same(place: str, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    """Raise ValueError if what a place holds is not what the matrix wants there."""
    for name, value in found.items():
        if value != wanted[name]:
            raise ValueError(
                f"{place} than the matrix's: its {name} is {value!r}, needed {wanted[name]!r}. "
                "Remove that folder, and run again."
            )
