"""What a run stands on: where and how it works, the matrix, its data, and the lines it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from smallset.bench.cells import MatrixCell, cells_of
from smallset.bench.matrix import Matrix
from smallset.bench.sources import BenchData, Places
from smallset.desk import Desk
from smallset.methods import Method
from smallset.records import Fact, Identity, Result
from smallset.train.run import component_versions

THREADS = 1
"""The threads of each unit: a machine's processes work side by side."""

Line = Result | Fact
"""What a unit may leave in a file of lines."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What the units of a run are made from: at which desk, of which matrix and data.

    `folder` is the run's. Every unit works at the desk, with one thread.

    `check_matrix` opens the data sets into `data`, and notes in `weights` the sha256 of all weights
    that the matrix names: by a network's spec, by "teacher SPEC", by "observer SPEC" for a network
    that is given, and by "scores PATH".
    """

    matrix: Matrix
    places: Places
    folder: Path
    desk: Desk
    data: dict[str, BenchData] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)

    @cached_property
    def cells(self) -> tuple[MatrixCell, ...]:
        """The cells of all tables whose data is open, in the order in which they run."""
        return tuple(cells_of(self.matrix, self.data, self.desk.machine))

    @property
    def facts(self) -> dict[str, object]:
        """What the numbers of a network that is trained here depend on."""
        here, versions = self.desk.machine, component_versions()
        return {"machine": [here.precision, here.kind, here.threads], "versions": versions}

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
