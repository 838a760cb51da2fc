"""What a run stands on: where and how it works, the matrix, its data, and the lines it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from smallset.bench.cells import MatrixCell, cells_of
from smallset.bench.matrix import Matrix
from smallset.bench.sources import BenchData, Places
from smallset.data import Data
from smallset.desk import Desk, Options, desk_for
from smallset.methods import Method
from smallset.pipeline.desk import open_source
from smallset.records import Fact, Identity, Result
from smallset.train.device import Machine
from smallset.train.versions import component_versions

THREADS = 1
"""The threads of each unit: a machine's processes work side by side."""

Line = Result | Fact
"""What a unit may leave in a file of lines."""


@dataclass(frozen=True)
class Bench:
    """Where and in which arithmetic every unit of a run works, and on which training images."""

    machine: Machine
    work: Path
    drop_leaks: bool = False

    @property
    def options(self) -> Options:
        """What every verb is told of where it works."""
        return {
            "device": self.machine.device,
            "precision": self.machine.precision,
            "workers": THREADS,
            "work": self.work,
            "drop_leaks": self.drop_leaks,
        }

    @property
    def desk(self) -> Desk:
        """The desk of a unit that calls no verb."""
        return desk_for(**self.options)

    def opened(self, given: str) -> Data:
        """Open data by the name or path that a unit was given."""
        return open_source(given, self.desk)

    @property
    def facts(self) -> dict[str, object]:
        """What the numbers of a network that is trained here depend on."""
        here = self.machine
        return {
            "machine": [here.precision, here.kind, here.threads],
            "versions": component_versions(),
        }


@dataclass(frozen=True, eq=False)
class Ground:
    """What the units of a run are made from; `folder` is the run's.

    `check_matrix` opens the data sets into `data`, and notes in `weights` the sha256 of all weights
    that the matrix names: by a network's spec, by "teacher SPEC", by "observer SPEC" for a network
    that is given, and by "scores PATH".
    """

    matrix: Matrix
    places: Places
    folder: Path
    bench: Bench
    data: dict[str, BenchData] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)

    @cached_property
    def cells(self) -> tuple[MatrixCell, ...]:
        """The cells of all tables whose data is open, in the order in which they run."""
        return tuple(cells_of(self.matrix, self.data, self.bench.machine))

    def data_of(self, cell: MatrixCell) -> BenchData:
        """Return the data set of a cell."""
        return self.data[cell.identity.dataset]

    def method_of(self, cell: MatrixCell) -> Method:
        """Return the method of a cell, its observer with the replicate's seed.

        Its network is left as the matrix has it: the one that the size stands for would only
        lengthen a name.
        """
        return self.matrix.method(cell.label, cell.identity.observer_seed or 0)


@dataclass(frozen=True)
class Lines:
    """The lines that a run folder holds: results by their cell's identity, and facts."""

    results: Mapping[Identity, Result] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
