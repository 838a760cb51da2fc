"""How long and how large what is left of a matrix will be, from measured rates."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from statistics import mean

from smallset.bench.jobs import Learning, Observation, Pixels
from smallset.bench.rates import Training, known_rates, measured_rate
from smallset.bench.run import Finished, RunPlan
from smallset.bench.teachers import own_teacher
from smallset.bench.units import Unit, observer_of
from smallset.cell import COMPILE_FROM_VIEWS
from smallset.files import at_home
from smallset.labels import labels_from
from smallset.methods import method_from, score_from
from smallset.models import worth_compiling
from smallset.models.spec import read_model
from smallset.models.trained import read_trained
from smallset.observers import Pretrained
from smallset.records import Identity, Result
from smallset.train.device import can_compile
from smallset.train.protocol import STANDARD_V1, protocol_named

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


def forecast(plan: RunPlan) -> Forecast:
    """Estimate what is pending in a plan; what is asked for the first time is measured briefly."""
    rates = _Rates(plan)
    shares = [share for unit in plan.pending for share in _shares(unit, plan, _compiles)]
    return Forecast(
        sum(images / rates(training) for training, images in shares),
        sum(_set_bytes(unit, plan) for unit in plan.pending),
        sum(_pixel_bytes(unit, plan) for unit in plan.pending),
        tuple(rates.known_used),
        tuple(rates.measured_used),
    )


class Countdown:
    """How long a run still takes, from the newest rate of each network in its own results.

    Whether a student is compiled is not asked here: the question itself starts a compiler.
    """

    def __init__(self, plan: RunPlan, jobs: int) -> None:
        self._jobs = jobs
        self._rates: dict[Training, float] = {}
        self._learn(plan.results.values())
        self._pending = {unit.key: _shares(unit, plan, _unasked) for unit in plan.pending}

    def __call__(self, finished: Finished) -> float | None:
        """Return the seconds left; None while some network has no result yet that tells its rate.

        Units that only decode, draw and write are not counted.
        """
        del self._pending[finished.unit.key]
        self._learn([finished.result] if finished.result else [])
        images: defaultdict[Training, float] = defaultdict(float)
        for shares in self._pending.values():
            for training, count in shares:
                images[training] += count
        if not self._rates.keys() >= images.keys():
            return None
        seconds = sum(count / self._rates[training] for training, count in images.items())
        return seconds / self._jobs

    def _learn(self, results: Iterable[Result]) -> None:
        for training, rate in known_rates(results).items():
            self._rates[replace(training, compiled=False)] = rate


class _Rates:
    """Looks up or measures rates, and remembers which."""

    def __init__(self, plan: RunPlan) -> None:
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


_Compiles = Callable[[RunPlan, str, int], bool]
_Shares = list[tuple[Training, float]]
"""What a unit takes: images that pass through each training, an inference pass by its share."""


def _shares(unit: Unit, plan: RunPlan, compiles: _Compiles) -> _Shares:
    cell, batch = unit.asker, STANDARD_V1.batch
    wanted = cell.identity
    data = plan.checked.sources[wanted.dataset].data
    classes, n, tested = len(data.train.classes), len(data.train), len(data.test)

    def each(model: str, images: float, compiled: bool = False) -> _Shares:
        return [(Training(model, wanted.size, min(batch, n), classes, compiled), images)]

    if isinstance(unit.job, Observation):
        observer = observer_of(plan.matrix, cell)
        if isinstance(observer, Pretrained):
            name, side = _network(observer.network, wanted.size)
            return [(Training(name, side, min(batch, n), classes), n * _FORWARD)]
        settled = observer.resolved(size=wanted.size, images=n)
        asked = [int(getattr(score_from(text), "runs", 1)) for text in unit.job.scores]
        runs = max(asked, default=1)
        looks = 1 + settled.snapshots * _FORWARD
        return each(settled.model, n * settled.trains_for * runs * looks)
    if unit.kind == "teacher":
        own = own_teacher(wanted.teacher or "")
        assert own is not None
        return each(own.model, n * own.epochs + tested * _FORWARD)
    if unit.kind == "full":
        compiled = compiles(plan, wanted.student, n * cell.epochs)
        return each(wanted.student, n * cell.epochs + tested * _FORWARD, compiled)
    if isinstance(unit.job, Learning):
        return _shares_of_learning(unit.job, plan, compiles, classes=classes, tested=tested)
    return []


def _shares_of_learning(
    job: Learning, plan: RunPlan, compiles: _Compiles, *, classes: int, tested: int
) -> _Shares:
    wanted = job.identity
    protocol = protocol_named(wanted.protocol)
    images = wanted.images * method_from(wanted.spec).views_an_epoch
    views, batch = images * protocol.epochs, min(protocol.batch, images)
    tests = max(1, sum(protocol.tests_after(epoch) for epoch in range(protocol.epochs)))
    compiled = compiles(plan, wanted.student, views)
    student = Training(wanted.student, wanted.size, batch, classes, compiled)
    shares = [(student, views + tests * tested * _FORWARD)]
    regime = labels_from(job.labels)
    if regime.watched:
        name, side = _looked_through(regime.teacher_spec or "", wanted)
        shares.append((Training(name, side, batch, classes), views * _FORWARD))
    return shares


def _compiles(plan: RunPlan, student: str, views: int) -> bool:
    worth = worth_compiling(student) and views >= COMPILE_FROM_VIEWS
    return worth and can_compile(plan.bench.machine.device)


def _unasked(plan: RunPlan, student: str, views: int) -> bool:
    return False


def _looked_through(teacher: str, wanted: Identity) -> tuple[str, int]:
    """Give a teacher's network and the side in pixels at which it looks."""
    own = own_teacher(wanted.teacher or "")
    return (own.model, wanted.size) if own is not None else _network(teacher, wanted.size)


def _network(spec: str, size: int) -> tuple[str, int]:
    """Give a trained network's name, and the side in pixels at which it looks at images."""
    if at_home(spec).is_dir():
        made = read_trained(at_home(spec))
        return made.model, made.size
    ready = read_model(spec)
    return ready.name, ready.size or size


def _set_bytes(unit: Unit, plan: RunPlan) -> int:
    """Give a set's bytes as those of its kind in the results, else as its plain pixels."""
    wanted = unit.asker.identity
    if unit.kind != "set":
        return 0
    known = [
        result.cost.images / result.images
        for result in plan.results.values()
        if (result.dataset, result.size, result.codec)
        == (wanted.dataset, wanted.size, wanted.codec)
    ]
    return round(wanted.images * (mean(known) if known else 3 * wanted.size**2))


def _pixel_bytes(unit: Unit, plan: RunPlan) -> int:
    if not isinstance(unit.job, Pixels):
        return 0
    data = plan.checked.sources[unit.asker.identity.dataset].data
    return len(data.train if unit.job.split == "train" else data.test) * 3 * unit.job.size**2
