"""Successive halving: a benchmark's run whose matrix grows by one rung at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from smallset.bench import folder as run_folder
from smallset.bench.run import Finished, Request, RunPlan, plan_bench, run_bench
from smallset.evidence.lines import read_lines
from smallset.parallel import Workers
from smallset.records import Result
from smallset.tuning.candidates import Candidate
from smallset.tuning.rungs import Fields, Rung, Setting, matrix_of


@dataclass(frozen=True)
class Tried:
    """A candidate, the last rung that it reached, and its results there."""

    candidate: Candidate
    rung: Rung
    results: tuple[Result, ...]

    @property
    def top1(self) -> float:
        """The mean accuracy on the validation part."""
        return fmean(result.top1 for result in self.results)


@dataclass(frozen=True)
class Halving:
    """Candidates, the rungs that they climb, and the run folder that keeps the results.

    `request` is the request for the run, whose matrix is made here.
    """

    candidates: tuple[Candidate, ...]
    rungs: tuple[Rung, ...]
    setting: Setting
    request: Request

    def check_begun(self) -> None:
        """Raise ValueError if the run folder was begun with other settings."""
        folder, first = (
            self.request.runs,
            matrix_of([(self.rungs[0], self.candidates)], self.setting),
        )
        old = run_folder.read_run(folder)
        if old is None or old.matrix.startswith(first):
            return
        pairs = zip_longest(old.matrix.splitlines(), first.splitlines(), fillvalue="")
        before, now = next((a, b) for a, b in pairs if a != b)
        raise ValueError(
            f"'{folder}' was begun with other settings: it has the line {before!r}, but needed is "
            f"{now!r}. Give the settings with which it was begun, or another folder with --runs."
        )

    def found(self) -> list[Result]:
        """Return the results in the run folder, after removing a torn last line."""
        folder = self.request.runs
        if run_folder.read_run(folder) is None:
            return []
        with run_folder.driving(folder):
            run_folder.drop_torn_lines(folder)
        return read_lines(folder / run_folder.RESULTS, Result)

    def fields(self, found: Sequence[Result]) -> Fields:
        """Return the candidates of each rung.

        As long as a rung lacks results, its first candidates stand for the best ones.
        """
        fields = [(self.rungs[0], list(self.candidates))]
        for rung in self.rungs[1:]:
            before, tried = fields[-1]
            if _complete(before, tried, found):
                tried = [one.candidate for one in _ranked(before, tried, found)]
            fields.append((rung, tried[: rung.count]))
        return fields

    def plan(self, fields: Fields) -> RunPlan:
        """Return the plan of some rungs, and change nothing."""
        with TemporaryDirectory() as place:
            return plan_bench(self._request(fields, place))

    def run(
        self, *, jobs: int, workers: Workers | None, told: Callable[[Finished], None] | None
    ) -> list[Tried]:
        """Train the students that are missing. Return all candidates, the best one first."""
        for number, rung in enumerate(self.rungs, 1):
            found = self.found()
            fields = self.fields(found)[:number]
            # The last rung runs even if it is complete, because a run checks data and versions.
            if rung == self.rungs[-1] or not _complete(*fields[-1], found):
                with TemporaryDirectory() as place:
                    request = self._request(fields, place)
                    run_bench(request, jobs=jobs, workers=workers, told=told)
        found = self.found()
        reached: dict[Candidate, Tried] = {}
        for rung, tried in self.fields(found):
            reached |= {one.candidate: one for one in _ranked(rung, tried, found)}
        return sorted(reached.values(), key=lambda one: (-one.rung.number, -one.top1))

    def _request(self, fields: Fields, place: str) -> Request:
        """Return the request for some rungs, with their matrix in the folder `place`."""
        file = Path(place) / "tuning.toml"
        file.write_text(matrix_of(fields, self.setting), encoding="utf-8")
        return replace(self.request, matrix=file)


def _complete(rung: Rung, tried: Sequence[Candidate], found: Sequence[Result]) -> bool:
    return all(len(rung.results(candidate, found)) == rung.draws for candidate in tried)


def _ranked(rung: Rung, tried: Sequence[Candidate], found: Sequence[Result]) -> list[Tried]:
    """Return the candidates of a complete rung, the best one first. Ties stay in order."""
    made = [Tried(one, rung, tuple(rung.results(one, found))) for one in tried]
    return sorted(made, key=lambda one: -one.top1)
