"""How long and how large what is left of a matrix will be, from measured rates."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from smallset.bench.rates import Training, known_rates, measured_rate
from smallset.bench.run import Finished, RunPlan
from smallset.records import Result
from smallset.train.device import can_compile


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
    """How long a run still takes, from the newest rate of each network in its own results.

    Whether a student is compiled is not asked here: the question itself starts a compiler.
    """

    def __init__(self, plan: RunPlan, jobs: int) -> None:
        self._jobs = jobs
        self._rates: dict[Training, float] = {}
        self._learn(plan.lines.results.values())
        self._pending = {unit.key: unit.shares(plan.ground) for unit in plan.pending}

    def __call__(self, finished: Finished) -> float | None:
        """Return the seconds left; None while some network has no result yet that tells its rate.

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
