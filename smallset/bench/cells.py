"""The cells of a matrix. A cell is one student on one set, identified by fields of its result."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from smallset.bench.matrix import Matrix
from smallset.bench.sources import BenchData
from smallset.bench.sweep import AUTO, FULL, HARD, Sweep
from smallset.budget import Budget, limit_of
from smallset.labels import labels_from, labels_spec
from smallset.methods import canonical, canonical_view, known_method, spec_of
from smallset.records import Identity, Result
from smallset.train.device import Machine
from smallset.train.protocol import STANDARD_V1, protocol_for
from smallset.train.views import Canvas

# Replicates run in blocks of this size, main rows first, so that a stopped run still has tables.
_BLOCK = 3


@dataclass(frozen=True)
class MatrixCell:
    """A cell at its place: table, row and replicate. Two tables may contain the same cell.

    `data` is the text by which a worker opens the data. `label` is the row: the label of the
    method, or `FULL`. `labels` is the spec of the label regime as the table writes it. `budget` is
    None if the student trains on the whole training split.
    """

    sweep: Sweep
    data: str
    label: str
    replicate: int
    labels: str
    budget: Budget | None
    identity: Identity

    @property
    def name(self) -> str:
        """The full name of the cell."""
        where = self.identity
        budget = f", {self.size_of_set}" if self.budget else ""
        return (
            f"{where.dataset} {where.size} px, {self.label}{budget}, {self.training}, "
            f"replicate {self.replicate}"
        )

    @property
    def brief(self) -> str:
        """A short name of the cell, for a line that also shows its result."""
        where, of = self.identity, self.size_of_set if self.budget else "all images"
        labels = f"{self.labels}, " if labels_from(where.labels).soft else ""
        return (
            f"{where.dataset}, {where.size} px, {self.label}, {of}, {where.student}, {labels}"
            f"seed {where.student_seed}"
        )

    @property
    def training(self) -> str:
        """The student, its labels and its protocol."""
        return f"{self.identity.student}, {self.labels}, {self.identity.protocol}"

    @property
    def size_of_set(self) -> str:
        """The size of the set. Budgets that lead to the same set share this text."""
        ipc, images = self.identity.ipc, self.identity.images
        if images is None and self.budget is not None:
            return self.budget.words
        return f"{images} images" if ipc is None else f"ipc {ipc}"


def identity_of(result: Result) -> Identity:
    """Return the identity that this version's matrix gives to the cell of a result."""
    spec = canonical(result.spec, size=result.size)
    found = replace(result.identity, spec=spec, view=canonical_view(result.view))
    if limit_of(result.budget) is not None:
        return replace(found, ipc=None, images=None)
    found = replace(found, budget=None)
    method = known_method(spec)
    if method is None or method.balanced:
        return found
    # An unbalanced selection may happen to have equal classes. A plan cannot know this beforehand.
    return replace(found, ipc=None)


def cells_of(matrix: Matrix, data: Mapping[str, BenchData], machine: Machine) -> list[MatrixCell]:
    """Return the cells whose data set is in `data`, in the order in which they run.

    The main rows of the first replicates come first.
    """
    cells = [
        cell
        for sweep in matrix.sweeps
        if sweep.data in data
        for cell in _cells(matrix, sweep, data[sweep.data], machine)
    ]
    # The sort is stable: within a block of replicates, cells stay in the order of the tables.
    return sorted(cells, key=lambda c: (c.replicate // _BLOCK, c.label not in matrix.main))


def _cells(
    matrix: Matrix, sweep: Sweep, opened: BenchData, machine: Machine
) -> Iterator[MatrixCell]:
    """Yield the cells of a table.

    If the table has a key `full`, also yield one cell for each student on the whole training split.
    """
    whole = _whole(sweep, opened, machine)
    settings = product(sweep.budgets, sweep.students, sweep.labels, sweep.protocols)
    for (budget, student, labels, protocol), replicate, label in product(
        settings, range(sweep.replicates), sweep.methods
    ):
        method, regime = matrix.method(label, replicate % sweep.observers), matrix.regime(labels)
        looks = method.looks_through  # a ready network counts as one observer: its seed is 0
        canvases = budget.canvases(opened.class_counts, method.tiles)
        chosen = protocol_for(None if protocol == AUTO else protocol, images=sum(canvases))
        counted = budget.limit is None
        equal = counted and method.balanced and len({*canvases}) == 1
        identity = replace(
            whole,
            spec=spec_of(method.resolved(size=whole.size)),
            ipc=canvases[0] if equal else None,
            images=sum(canvases) if counted else None,
            budget=None if counted else str(budget),
            codec=sweep.codec_of(method),
            view=spec_of(method.view),
            set_seed=replicate,
            observer_seed=looks.seed if looks else None,
            student_seed=replicate,
            student=student,
            protocol=chosen.name,
            labels=labels_spec(regime),
            teacher=regime.teacher_spec,
        )
        yield MatrixCell(sweep, opened.given, label, replicate, labels, budget, identity)
    if sweep.full is not None:
        for student in sweep.students:
            protocol = f"{STANDARD_V1.name}(epochs={sweep.full.epochs})"
            identity = replace(whole, student=student, protocol=protocol)
            yield MatrixCell(sweep, opened.given, FULL, 0, HARD, None, identity)


def _whole(sweep: Sweep, opened: BenchData, machine: Machine) -> Identity:
    """Return the identity of a cell on the whole training split, without student and protocol."""
    return Identity(
        dataset=sweep.data,
        data_fingerprint=opened.data.fingerprint,
        spec=FULL,
        ipc=None,
        images=len(opened.data.train),
        size=opened.size(sweep.size),
        fit=sweep.fit,
        codec=FULL,
        view=spec_of(Canvas()),
        set_seed=0,
        observer_seed=None,
        student_seed=0,
        student="",
        protocol="",
        labels=HARD,
        teacher=None,
        precision=machine.precision,
        device=machine.kind,
        threads=machine.threads,
    )
