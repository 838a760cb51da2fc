"""The interface of all kinds of units: key, needs, work, output and cost."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, ParamSpec

from smallset.bench.cells import MatrixCell
from smallset.bench.ground import Ground, Line, Lines
from smallset.bench.rates import FORWARD, Training
from smallset.bench.sweep import Sweep
from smallset.bench.teachers import own_teacher
from smallset.budget import limit_of
from smallset.desk import Desk
from smallset.files import at_home
from smallset.fingerprint import fingerprint
from smallset.methods import method_from
from smallset.models import build_model, weights_sha256
from smallset.models.several import read_several
from smallset.models.spec import read_model
from smallset.models.trained import read_trained
from smallset.records import Identity
from smallset.train.protocol import STANDARD_V1

P = ParamSpec("P")
Shares = list[tuple[Training, float]]
"""The cost of a unit: the number of images for each training.

An image that a network only looks at counts as `FORWARD` images.
"""

_LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Unit(ABC):
    """One piece of work that is done once, with one thread. Workers receive it pickled.

    A unit writes its output whole or not at all, so a killed unit is simply done again. `key` names
    the unit, and ends in a part of the sha256 of everything that decides its numbers. `asker` is
    the first cell that needs the unit. `out` is the file or folder that the unit leaves in the run
    folder, or None.
    """

    kind: ClassVar[str]
    folder: ClassVar[str | None] = None
    """The folder in the run folder for the output of this kind, or None."""

    asker: MatrixCell
    key: str
    needs: tuple["Unit", ...] = ()
    out: Path | None = None

    @classmethod
    def asked_by(cls, cell: MatrixCell, ground: Ground) -> "Unit | None":
        """Return the unit of this kind that a cell itself asks for, or None.

        Units that are only the needs of another unit are not returned.
        """
        return None

    @classmethod
    def problems(cls, sweep: Sweep, ground: Ground) -> Iterator[str]:
        """Yield a sentence for each reason why a table's units of this kind are impossible.

        Adds the hashes of the files that the units read to `ground.weights`.
        """
        yield from ()

    @abstractmethod
    def make(self, desk: Desk) -> Line | None:
        """Do the work if it is not done yet. Return the line for the driver to write, if any."""

    def is_done(self, lines: Lines, desk: Desk) -> bool:
        """Return whether the unit is done."""
        return self.out is not None and self.out.exists()

    def check_line(self, line: Line) -> None:
        """Raise ValueError if a line that a worker returned does not belong to this unit."""

    def shares(self, ground: Ground) -> Shares:
        """Return the cost of the unit. A student counts as compiled if that would save time."""
        return []

    def run_bytes(self, lines: Lines) -> int:
        """Estimate the bytes of the unit's output in the run folder."""
        return 0

    def work_bytes(self, ground: Ground) -> int:
        """Count the bytes of the unit's output in the work folder."""
        return 0

    @property
    def brief(self) -> str:
        """A short name of the unit."""
        return self.key.rpartition(" [")[0]

    def made_with(self) -> Mapping[str, str]:
        """Return facts about the observer behind the finished unit.

        `terminal.sets.observer_lines` turns them into text.
        """
        return {}

    @property
    def wanted(self) -> Identity:
        """The identity of the cell that asked first."""
        return self.asker.identity

    @classmethod
    def place(cls, ground: Ground, key: str) -> Path:
        """Return a place in the run folder, readable for people and unique by the key's digest."""
        assert cls.folder is not None
        words, _, unique = key.removeprefix(f"{cls.folder.rstrip('s')} ").rpartition(" ")
        # A label may be longer than a file name can be.
        name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{words[:_LONGEST_NAME]} {unique}")
        return ground.folder / cls.folder / name.strip("-")


def keyed(words: str, facts: object) -> str:
    """Return the key of a unit: words for people, then a part of the sha256 of its facts."""
    return f"{words} [{fingerprint(facts)[:12]}]"


def training_of(cell: MatrixCell, ground: Ground, model: str) -> Training:
    """Return a training of a network on a cell's whole training split."""
    train = ground.data_of(cell).train
    batch = min(STANDARD_V1.batch, len(train))
    return Training(model, cell.identity.size, batch, len(train.classes))


def looked_at(views: float, teacher: str, like: Training) -> Shares:
    """Return the cost of a teacher whose networks each look at `views` views.

    `like` gives batch and classes, and the size for a network without a size.
    """
    return [
        (Training(model, size, like.batch, like.classes), views * FORWARD)
        for model, size in networks_of(teacher, like.size)
    ]


def expected_images(cell: MatrixCell, ground: Ground) -> int:
    """Return the images of a cell's set.

    With a budget in bytes, this number is known only after encoding. Until then it is estimated: an
    image takes a tenth of the bytes of its pixels.
    """
    wanted = cell.identity
    if wanted.images is not None:
        return wanted.images
    fit = (limit_of(wanted.budget) or 0) * 10 // (3 * wanted.size**2)
    return max(1, min(len(ground.data_of(cell).train), fit))


def expected_views(cell: MatrixCell, ground: Ground) -> int:
    """Return the number of views in an epoch of a cell's set: one or more of each image."""
    return expected_images(cell, ground) * method_from(cell.identity.spec).views_an_epoch


def check_network(model: str, sweep: Sweep, ground: Ground) -> None:
    """Raise ValueError or OSError if a network cannot be built.

    Adds the hash of its weights to `ground.weights`.
    """
    opened = ground.data[sweep.data]
    classes, size = len(opened.data.train.classes), opened.size(sweep.size)
    build_model(model, classes=classes, size=size, seed=0)
    sha256 = weights_sha256(model)
    if sha256 is not None:
        ground.weights[model] = sha256


def networks_of(spec: str, size: int) -> list[tuple[str, int]]:
    """Return the name of each network of a teacher, and the side of its input in pixels.

    `size` is the side for a network without a size.
    """
    several = read_several(spec)
    if several is not None:
        return [network for one in several.specs for network in networks_of(one, size)]
    own = own_teacher(spec)
    if own is not None:
        return [(own.model, size)]
    if at_home(spec).is_dir():
        made = read_trained(at_home(spec))
        return [(made.model, made.size)]
    ready = read_model(spec)
    return [(ready.name, ready.size or size)]


def said(check: Callable[P, object], *given: P.args, **named: P.kwargs) -> list[str]:
    """Return the error of a check as a list of one sentence, or of none if it passes."""
    try:
        check(*given, **named)
    except (ValueError, OSError) as error:
        return [str(error)]
    return []


def check_same(place: str, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    """Raise ValueError if the facts `found` at a place differ from what the matrix needs there."""
    for name, value in found.items():
        if value != wanted[name]:
            raise ValueError(
                f"{place} than the matrix's: its {name} is {value!r}, needed {wanted[name]!r}. "
                "Remove that folder, and run again."
            )
