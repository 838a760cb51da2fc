"""The units of a run: what is made once and shared, each with a key and the keys it needs.

Pixels (a split at a size, decoded) feed observers, which feed sets, which feed cells; teachers feed
the cells with soft labels.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from smallset.bench import jobs
from smallset.bench.cells import MatrixCell
from smallset.bench.matrix import FULL, Matrix
from smallset.bench.sources import BenchData, Places
from smallset.bench.teachers import own_teacher
from smallset.data import View
from smallset.fingerprint import fingerprint
from smallset.labels import labels_from, labels_spec
from smallset.methods import Method, brief_of, spec_of
from smallset.observers import AnyObserver
from smallset.train.run import component_versions

Kind = Literal["pixels", "observer", "teacher", "set", "cell", "full"]


@dataclass(frozen=True)
class Unit:
    """One piece of work, done once.

    `key` says what it is and ends in a part of the sha256 over what decides its numbers; `out` is
    the file or folder it leaves in the run folder (None: it leaves nothing there). `asker` is the
    first cell that needs it: itself, where it gives a result line.
    """

    kind: Kind
    key: str
    asker: MatrixCell
    function: Callable[..., object]
    job: object
    needs: tuple[str, ...] = ()
    out: Path | None = None

    @property
    def cell(self) -> MatrixCell | None:
        """The cell whose result line it gives, if it gives one."""
        return self.asker if self.kind in ("cell", "full") else None


@dataclass(frozen=True)
class Ground:
    """All that a unit is made from: the matrix, its data and where the run's files lie."""

    matrix: Matrix
    sources: Mapping[str, BenchData]
    places: Places
    folder: Path


@dataclass
class _Units:
    """Collects units in the order in which they are first needed."""

    ground: Ground
    bench: jobs.Bench
    scores: Mapping[str, tuple[str, ...]]
    made: dict[str, Unit] = field(default_factory=dict)

    def add(self, unit: Unit) -> str:
        self.made.setdefault(unit.key, unit)
        return unit.key

    def cell(self, cell: MatrixCell) -> str:
        identity = cell.identity
        key = f"{cell.name} [{fingerprint(asdict(identity))[:12]}]"
        given = self.ground.sources[identity.dataset].given
        test = self.pixels(cell, "test")
        if identity.spec == FULL:
            job = jobs.Whole(given, identity)
            both = (self.pixels(cell, "train"), test)
            return self.add(Unit("full", key, cell, jobs.learn_all, job, both))
        made = self.set(cell)
        needs: tuple[str, ...] = (made, test)
        labels, trained = self.labels(cell)
        needs += trained
        set_folder = self.made[made].out
        assert set_folder is not None
        learning = jobs.Learning(given, identity, set_folder, labels)
        return self.add(Unit("cell", key, cell, jobs.learn, learning, needs))

    def set(self, cell: MatrixCell) -> str:
        wanted = cell.identity
        facts = {name: value for name, value in asdict(wanted).items() if name not in _STUDENTS}
        what = f"{cell.label}, {cell.size_of_set}, seed {wanted.set_seed}"
        key = f"set {wanted.dataset} {wanted.size} px, {what} [{fingerprint(facts)[:12]}]"
        out = self._out("sets", key)
        given = self.ground.sources[wanted.dataset].given
        needs = (self.observer(cell),) if wanted.observer_seed is not None else ()
        assert cell.budget is not None
        # As the matrix has it: the network that the size stands for would only lengthen the words.
        method = brief_of(self.ground.matrix.method(cell.label, wanted.observer_seed or 0))
        job = jobs.Making(given, wanted, method, cell.budget, out)
        return self.add(Unit("set", key, cell, jobs.make, job, needs, out))

    def observer(self, cell: MatrixCell) -> str:
        wanted = cell.identity
        observer = observer_of(self.ground.matrix, cell)
        scores = self.scores[observer_key(cell, observer)]
        facts = {"run": observer_key(cell, observer), "scores": scores, **self._machine()}
        name = brief_of(observer)
        key = f"observer {wanted.dataset} {wanted.size} px, {name} [{fingerprint(facts)[:12]}]"
        out = self._out("scores", key).with_suffix(".parquet")
        given = self.ground.sources[wanted.dataset].given
        job = jobs.Observation(given, wanted.size, cell.sweep.fit, observer, scores, out)
        needs = (self.pixels(cell, "train"),)
        return self.add(Unit("observer", key, cell, jobs.observe, job, needs, out))

    def labels(self, cell: MatrixCell) -> tuple[str, tuple[str, ...]]:
        """Return the labels as `evaluate` takes them here, and the key of a teacher to train."""
        regime = self.ground.places.filled(labels_from(cell.identity.labels))
        if own_teacher(regime.teacher_spec or "") is None:
            return labels_spec(regime), ()
        folder, trained = self.teacher(cell)
        return labels_spec(regime.taught_by(folder)), (trained,)

    def teacher(self, cell: MatrixCell) -> tuple[str, str]:
        """Return the folder of a teacher that is trained here, and the key of its unit."""
        wanted, named = cell.identity, self.ground.matrix.teachers.items()
        name = next((name for name, spec in named if spec == wanted.teacher), wanted.teacher)
        facts = {
            "teacher": wanted.teacher,
            "data": wanted.data_fingerprint,
            "size": wanted.size,
            "fit": wanted.fit,
            **self._machine(),
        }
        key = f"teacher {wanted.dataset} {wanted.size} px, {name} [{fingerprint(facts)[:12]}]"
        out = self._out("teachers", key)
        given = self.ground.sources[wanted.dataset].given
        assert wanted.teacher is not None
        job = jobs.Teaching(given, wanted.size, cell.sweep.fit, wanted.teacher, out)
        needs = (self.pixels(cell, "train"), self.pixels(cell, "test"))
        return str(out), self.add(Unit("teacher", key, cell, jobs.teach, job, needs, out))

    def pixels(self, cell: MatrixCell, split: str) -> str:
        wanted = cell.identity
        view: View = cell.sweep.fit if split == "train" else "test"
        facts = [wanted.data_fingerprint, split, wanted.size, view]
        key = f"pixels {wanted.dataset} {split}, {wanted.size} px [{fingerprint(facts)[:12]}]"
        given = self.ground.sources[wanted.dataset].given
        job = jobs.Pixels(given, split, wanted.size, view)
        return self.add(Unit("pixels", key, cell, jobs.decode, job))

    def _out(self, kind: str, key: str) -> Path:
        """Name a place in the run folder: readable, and unique by the digest."""
        words, _, unique = key.removeprefix(f"{kind.rstrip('s')} ").rpartition(" ")
        # A label may be longer than the name of a file.
        name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{words[:_NAME]} {unique}")
        return self.ground.folder / kind / name.strip("-")

    def _machine(self) -> dict[str, object]:
        here = self.bench.machine
        versions = component_versions()
        return {"machine": [here.precision, here.kind, here.threads], "versions": versions}


_NAME = 120
# What of a cell's identity its set does not depend on.
_STUDENTS = ("student_seed", "student", "protocol", "labels", "teacher")


def units_of(
    cells: Iterable[MatrixCell], ground: Ground, bench: jobs.Bench, *, only: str = ""
) -> dict[str, Unit]:
    """Give the units of the cells in tables whose title holds `only`, by key, the urgent first.

    A unit stands after those it needs and before those of less urgent cells. An observer's scores
    are those that all cells ask for, so that its table does not depend on `only`.
    """
    cells = list(cells)
    scores: dict[str, set[str]] = {}
    for cell in cells:
        if cell.identity.observer_seed is not None:
            method = _method(ground.matrix, cell)
            key = observer_key(cell, observer_of(ground.matrix, cell))
            scores.setdefault(key, set()).update(map(spec_of, method.scores))
    units = _Units(ground, bench, {key: tuple(sorted(found)) for key, found in scores.items()})
    for cell in cells:
        if only in cell.sweep.title:
            units.cell(cell)
    return units.made


def observer_of(matrix: Matrix, cell: MatrixCell) -> AnyObserver:
    """Give the observer that a cell's method looks through, its network named."""
    method = _method(matrix, cell)
    assert method.looks_through is not None
    return method.looks_through


def observer_key(cell: MatrixCell, observer: AnyObserver) -> str:
    """Name an observer run: cells share it where these words are the same."""
    where = cell.identity
    return f"{where.data_fingerprint} {where.size} {where.fit} {spec_of(observer)}"


def _method(matrix: Matrix, cell: MatrixCell) -> Method:
    method = matrix.method(cell.label, cell.identity.observer_seed or 0)
    return method.resolved(size=cell.identity.size)
