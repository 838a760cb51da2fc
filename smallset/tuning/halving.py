"""Successive halving: a benchmark's run whose matrix grows by one rung at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from smallset.bench import folder as run_folder
from smallset.bench.run import Request, RunPlan, plan_bench
from smallset.evidence.lines import read_lines
from smallset.methods import canonical
from smallset.numbers import counted
from smallset.parallel import TaskError
from smallset.pipeline.within import NoRoom
from smallset.records import Result
from smallset.tuning.candidates import Candidate
from smallset.tuning.rungs import Fields, Rung, Setting, matrix_of

_DROPPED = "dropped.txt"
"""The file of the run folder with the names of the candidates that dropped out, one per line."""


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

    `request` is the request for the run; its matrix is replaced by the one that is made here.
    """

    candidates: tuple[Candidate, ...]
    rungs: tuple[Rung, ...]
    setting: Setting
    request: Request

    def check_begun(self) -> None:
        """Raise ValueError if the run folder was begun with other settings."""
        folder = self.request.runs
        first = matrix_of([(self.rungs[0], self.candidates)], self.setting)
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

    @property
    def dropped(self) -> tuple[Candidate, ...]:
        """The candidates that dropped out, since one image of each class took too many bytes."""
        file = self.request.runs / _DROPPED
        names = file.read_text(encoding="utf-8").splitlines() if file.exists() else ()
        return tuple(one for one in self.candidates if str(one) in names)

    def fields(self, found: Sequence[Result]) -> Fields:
        """Return the candidates of each rung.

        The next best takes the place of a candidate that dropped out in a rung. As long as a rung
        lacks results, the next rung gets its first candidates instead of its best ones.
        """
        fields, order = [], list(self.candidates)
        for rung in self.rungs:
            places = [one for one in order if not self.lost(one, rung, found)][: rung.count]
            # A run loses no cell, so a candidate that dropped out stays in the field of its rung.
            field = order[: order.index(places[-1]) + 1] if len(places) == rung.count else order
            fields.append((rung, field))
            if self._complete(rung, field, found):
                ranked = [one.candidate for one in _ranked(rung, field, found)]
                order = ranked + [one for one in order if one not in field]
        return fields

    def lost(self, candidate: Candidate, rung: Rung, found: Sequence[Result]) -> bool:
        """Return whether a candidate dropped out in this rung or before."""
        return candidate in self.dropped and len(rung.results(candidate, found)) < rung.draws

    def plan(self, fields: Fields) -> RunPlan:
        """Return the plan of some rungs, and change nothing."""
        with TemporaryDirectory() as place:
            return plan_bench(self._request(fields, place))

    def run(self, bench: Callable[[Request], object]) -> list[Tried]:
        """Train the students that are missing. Return the candidates, the best one first.

        `bench` runs the matrix of a request, as `run_bench` does. A candidate drops out, and is not
        returned, if one image of each class, as a rung draws them, takes more bytes than the budget
        has. Raises NoRoom if no candidate is left.
        """
        for number, rung in enumerate(self.rungs, 1):
            found = self.found()
            fields = self.fields(found)[:number]
            # The last rung runs even if it is complete, because a run checks data and versions.
            if rung == self.rungs[-1] or not self._complete(*fields[-1], found):
                while not self._ran(fields, bench):
                    fields = self.fields(self.found())[:number]
        found = self.found()
        reached: dict[Candidate, Tried] = {}
        for rung, tried in self.fields(found):
            left = [one for one in tried if one not in self.dropped]
            reached |= {one.candidate: one for one in _ranked(rung, left, found)}
        return sorted(reached.values(), key=lambda one: (-one.rung.number, -one.top1))

    def _request(self, fields: Fields, place: str) -> Request:
        """Return the request for some rungs, with their matrix in the folder `place`."""
        without = frozenset((one.spec, one.codec) for one in self.dropped)
        file = Path(place) / "tuning.toml"
        file.write_text(matrix_of(fields, self.setting), encoding="utf-8")
        return replace(self.request, matrix=file, without=without)

    def _ran(self, fields: Fields, bench: Callable[[Request], object]) -> bool:
        """Train the students of some rungs. Return False if a candidate dropped out meanwhile.

        Raises NoRoom if all candidates have dropped out.
        """
        if len(self.dropped) == len(self.candidates):
            raise NoRoom(
                f"{self.setting.budget} has no room for one image of each class: the "
                f"{counted(len(self.candidates), 'candidate')} dropped out, each by one of its "
                "draws. Give more bytes, or other methods and codecs, and another folder with "
                "--runs."
            )
        try:
            with TemporaryDirectory() as place:
                bench(self._request(fields, place))
        except ValueError as error:
            reason = error.__cause__ if isinstance(error, TaskError) else error
            if not isinstance(reason, NoRoom):
                raise
            of = canonical(reason.spec, size=self.setting.size), reason.codec
            lost = [one for one in self.candidates if (one.spec, one.codec) == of]
            with (self.request.runs / _DROPPED).open("a", encoding="utf-8") as file:
                file.writelines(f"{one}\n" for one in lost)
            if not lost:
                raise
            return False
        return True

    def _complete(self, rung: Rung, tried: Sequence[Candidate], found: Sequence[Result]) -> bool:
        there = set(tried).difference(self.dropped)
        return all(len(rung.results(one, found)) == rung.draws for one in there)


def _ranked(rung: Rung, tried: Sequence[Candidate], found: Sequence[Result]) -> list[Tried]:
    """Return the candidates with all results of a rung, the best one first. Ties stay in order."""
    made = [Tried(one, rung, tuple(rung.results(one, found))) for one in tried]
    return sorted(
        (one for one in made if len(one.results) == rung.draws), key=lambda one: -one.top1
    )
