"""How long and how large what is left of a matrix will be, from measured rates."""

from dataclasses import dataclass
from statistics import mean

from smallset.bench.cells import Cell
from smallset.bench.jobs import Pixels
from smallset.bench.rates import Training, known_rates, measured_rate
from smallset.bench.run import Planned
from smallset.bench.teachers import own_teacher
from smallset.bench.units import Unit, observer_of
from smallset.models.spec import read_model
from smallset.train.protocol import PROTOCOLS, STANDARD_V1

# The forward pass alone takes about a third of a training step.
_FORWARD = 1 / 3


@dataclass(frozen=True)
class Forecast:
    """Seconds of one process for the pending units, bytes in the run folder and in `work`.

    `known` and `measured` are the trainings whose rate was taken from result lines and from a few
    steps here; images that are decoded, drawn and written are not counted in the time. `work_bytes`
    holds the decoded pixels, as if none were there yet.
    """

    seconds: float
    run_bytes: int
    work_bytes: int
    known: tuple[Training, ...]
    measured: tuple[Training, ...]


def forecast(plan: Planned) -> Forecast:
    """Estimate what is pending in a plan; what is asked for the first time is measured briefly."""
    rates = _Rates(plan)
    seconds = sum(_seconds(unit, plan, rates) for unit in plan.pending)
    return Forecast(
        seconds,
        sum(_set_bytes(unit, plan) for unit in plan.pending),
        sum(_pixel_bytes(unit, plan) for unit in plan.pending),
        tuple(rates.known_used),
        tuple(rates.measured_used),
    )


class _Rates:
    """Looks up or measures rates, and remembers which."""

    def __init__(self, plan: Planned) -> None:
        self._plan = plan
        self._known = known_rates(plan.results.values())
        self.known_used: dict[Training, None] = {}
        self.measured_used: dict[Training, None] = {}

    def __call__(self, training: Training) -> float:
        if training in self._known:
            self.known_used[training] = None
            return self._known[training]
        self.measured_used[training] = None
        return measured_rate(training, self._plan.bench.machine, self._plan.bench.work)


def _seconds(unit: Unit, plan: Planned, rates: _Rates) -> float:
    cell = unit.asker
    wanted = cell.identity
    data = plan.checked.sources[wanted.dataset].data
    classes, n, tested = len(data.train.classes), len(data.train), len(data.test)

    def each(model: str, batch: int, size: int = wanted.size) -> float:
        return 1 / rates(Training(model, size, batch, classes))

    batch = STANDARD_V1.batch
    if unit.kind == "observer":
        observer = observer_of(plan.matrix, cell)
        views = n * observer.epochs * _runs(plan, cell)
        return views * (1 + _FORWARD) * each(observer.model, min(batch, n))
    if unit.kind == "teacher":
        own = own_teacher(wanted.teacher or "")
        assert own is not None
        return (n * own.epochs + tested * _FORWARD) * each(own.model, min(batch, n))
    if unit.kind == "full":
        return (n * cell.epochs + tested * _FORWARD) * each(wanted.student, min(batch, n))
    if unit.kind != "cell":
        return 0.0
    protocol = PROTOCOLS[wanted.protocol]
    images = (wanted.ipc or 0) * classes
    views = images * protocol.epochs
    tests = max(1, sum(protocol.tests_after(epoch) for epoch in range(protocol.epochs)))
    student = each(wanted.student, min(protocol.batch, images))
    seconds = (views + tests * tested * _FORWARD) * student
    if wanted.teacher is not None:
        name, side = _looked_through(wanted.teacher, wanted.size)
        seconds += views * _FORWARD * each(name, min(protocol.batch, images), side)
    return seconds


def _looked_through(teacher: str, size: int) -> tuple[str, int]:
    """Give a teacher's network and the side in pixels at which it looks."""
    own = own_teacher(teacher)
    if own is not None:
        return own.model, size
    ready = read_model(teacher)
    return ready.name, ready.size or size


def _runs(plan: Planned, cell: Cell) -> int:
    score = plan.matrix.method(cell.label).score
    return int(getattr(score, "runs", 1))


def _set_bytes(unit: Unit, plan: Planned) -> int:
    """Give a set's bytes as those of its kind in the results, else as its plain pixels."""
    wanted = unit.asker.identity
    if unit.kind != "set":
        return 0
    images = (wanted.ipc or 0) * len(plan.checked.sources[wanted.dataset].data.train.classes)
    known = [
        result.image_bytes / result.images
        for result in plan.results.values()
        if (result.dataset, result.size, result.codec)
        == (wanted.dataset, wanted.size, wanted.codec)
    ]
    return round(images * (mean(known) if known else 3 * wanted.size**2))


def _pixel_bytes(unit: Unit, plan: Planned) -> int:
    if not isinstance(unit.job, Pixels):
        return 0
    data = plan.checked.sources[unit.asker.identity.dataset].data
    return len(data.train if unit.job.split == "train" else data.test) * 3 * unit.job.size**2
