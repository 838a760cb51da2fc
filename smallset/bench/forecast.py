"""The time and space that the rest of a matrix will take, estimated from measured rates."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from smallset.bench.rates import Training, known_rates, measured_rate
from smallset.bench.run import Finished, RunPlan
from smallset.records import Result
from smallset.train.device import can_compile


@dataclass(frozen=True)
class Forecast:
    """The estimate for all pending units.

    `seconds` is the time of one process, without decoding, drawing and writing images. `run_bytes`
    go to the run folder. `work_bytes` are decoded pixels in the work folder, as if the folder were
    empty. The rates of `known` trainings come from result lines, those of `measured` trainings from
    a few steps on this machine.
    """

    seconds: float
    run_bytes: int
    work_bytes: int
    known: tuple[Training, ...]
    measured: tuple[Training, ...]


def forecast(plan: RunPlan) -> Forecast:
    """Estimate the pending units of a plan. Trainings of unknown rate are measured briefly."""
    desk, results = plan.ground.desk, plan.lines.results
    images: defaultdict[Training, float] = defaultdict(float)
    for unit in plan.pending:
        for training, count in unit.shares(plan.ground):
            compiled = training.compiled and can_compile(desk.machine.device)
            images[replace(training, compiled=compiled)] += count
    rates = known_rates(results.values())
    known, measured = (
        tuple(training for training in images if (training in rates) is there)
        for there in (True, False)
    )
    rates |= {training: measured_rate(training, desk.machine, desk.work) for training in measured}
    return Forecast(
        sum(count / rates[training] for training, count in images.items()),
        sum(unit.run_bytes(plan.lines) for unit in plan.pending),
        sum(unit.work_bytes(plan.ground) for unit in plan.pending),
        known,
        measured,
    )


class Countdown:
    """Estimates the time left in a run, from the newest rate of each network in its results.

    Compiled and eager students share a rate here, because to find out whether a student can be
    compiled would start a compiler.
    """

    def __init__(self, plan: RunPlan, jobs: int) -> None:
        self._jobs = jobs
        self._rates: dict[Training, float] = {}
        self._learn(plan.lines.results.values())
        self._pending = {unit.key: unit.shares(plan.ground) for unit in plan.pending}

    def __call__(self, finished: Finished) -> float | None:
        """Return the seconds left, or None while the rate of some network is unknown.

        Units that only decode, draw and write are not counted.
        """
        del self._pending[finished.unit.key]
        self._learn([finished.result] if finished.result else [])
        images: defaultdict[Training, float] = defaultdict(float)
        for shares in self._pending.values():
            for training, count in shares:
                images[replace(training, compiled=False)] += count
        if not self._rates.keys() >= images.keys():
            return None
        seconds = sum(count / self._rates[training] for training, count in images.items())
        return seconds / self._jobs

    def _learn(self, results: Iterable[Result]) -> None:
        for training, rate in known_rates(results).items():
            self._rates[replace(training, compiled=False)] = rate
