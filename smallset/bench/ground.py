"""What the units of a run share: matrix, data, desk, and the lines that exist so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from smallset.bench.cells import MatrixCell, cells_of
from smallset.bench.matrix import Matrix
from smallset.bench.sources import BenchData, Places
from smallset.data import Data
from smallset.desk import Desk
from smallset.methods import Method
from smallset.records import Fact, Identity, Result
from smallset.train.run import component_versions

THREADS = 1
"""The threads of each unit. A machine is filled by several processes, not by threads."""

Line = Result | Fact
"""A line that a unit may add to a file of lines."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What the units of a run share.

    `folder` is the run folder. `desk` has one thread and serves every unit.

    `check_matrix` fills the last two fields. `data` holds the opened data sets by name. `weights`
    holds the sha256 of each file that the matrix names. Its keys are the spec of a network,
    "teacher SPEC", "observer SPEC" for a ready network, and "scores PATH".
    """

    matrix: Matrix
    places: Places
    folder: Path
    desk: Desk
    data: dict[str, BenchData] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)

    @cached_property
    def cells(self) -> tuple[MatrixCell, ...]:
        """The cells of all tables whose data is open, in running order."""
        return tuple(cells_of(self.matrix, self.data, self.desk.machine))

    @property
    def facts(self) -> dict[str, object]:
        """The machine and the versions that the weights of a trained network depend on."""
        here, versions = self.desk.machine, component_versions()
        return {"machine": [here.precision, here.kind, here.threads], "versions": versions}

    def data_of(self, cell: MatrixCell) -> Data:
        """Return the opened data of a cell."""
        return self.data[cell.sweep.data].data

    def method_of(self, cell: MatrixCell) -> Method:
        """Return the method of a cell, with the observer seed of its replicate.

        The observer's network stays as the matrix spells it, which keeps names short.
        """
        return self.matrix.method(cell.label, cell.identity.observer_seed or 0)


@dataclass(frozen=True)
class Lines:
    """The lines of a run folder: results by the identity of their cell, and facts."""

    results: Mapping[Identity, Result] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
