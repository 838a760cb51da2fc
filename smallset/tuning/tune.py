"""tune(): find the method and codec that make the best set of so many bytes, and write the set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from smallset.bench import folder as run_folder
from smallset.bench.forecast import Forecast, forecast
from smallset.bench.run import Finished, Request, RunPlan, jobs_for, plan_bench, run_bench
from smallset.bench.sources import Places
from smallset.budget import Budget, one_budget
from smallset.data import Data, Folder
from smallset.data.validation import validation_named
from smallset.desk import desk_for
from smallset.evidence.lines import read_lines
from smallset.exchange.set_data import open_any
from smallset.models import check_model
from smallset.numbers import check_number
from smallset.parallel import Workers
from smallset.pipeline import compress
from smallset.pipeline.desk import check_apart, check_place, side_of
from smallset.records import Fit, Progress, Result
from smallset.store import CompressedDataset
from smallset.tuning.candidates import (
    CODECS,
    Candidate,
    Rung,
    candidates,
    default_methods,
    matrix_of,
    rungs_of,
)


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
class TuningPlan:
    """What a tuning will do. `data` is the validation part, `done` the students that are trained.

    `forecast` is for the students that are left, in `jobs` processes.
    """

    data: Data
    budget: Budget
    student: str
    candidates: tuple[Candidate, ...]
    rungs: tuple[Rung, ...]
    done: int
    forecast: Forecast
    jobs: int


@dataclass(frozen=True)
class Tuned:
    """The set that a tuning wrote, and all candidates, the best one first."""

    made: CompressedDataset
    frontier: tuple[Tried, ...]


def tune(
    data: str | Path | Folder,
    out: str | Path,
    *,
    budget: str | Budget,
    methods: Sequence[str] = (),
    codecs: Sequence[str] = (),
    student: str | None = None,
    steps: int = 600,
    size: int | None = None,
    fit: Fit = "squash",
    seed: int = 0,
    runs: str | Path | None = None,
    precision: str = "auto",
    device: str = "auto",
    work: Path | None = None,
    drop_leaks: bool = False,
    jobs: int = 0,
    workers: Workers | None = None,
    planned: Callable[[TuningPlan], None] | None = None,
    told: Callable[[Finished], None] | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Find the method and codec that make the best set of `budget`, and write it to `out`.

    The candidates are all pairs of `methods` (specs) and `codecs`, by default those of
    `smallset.tuning.candidates`. A set of each is made of four fifths of the training images, and a
    `student` is tested on the other fifth; the data's held-out images take no part. The first of
    several rungs tries all candidates with few steps. Each rung keeps the best third and doubles
    the steps, up to `steps` in the last rung, which has three draws of each. The set is the best
    candidate's, made of all training images with the set seed `seed`. Its manifest says why.

    `student=None` is convnet-d3 up to 64 px and resnet10 above. The folder `runs` (default: beside
    `out`) holds the run of the benchmark that trains the students. A killed tuning goes on at the
    next call. `planned` is called with the plan before anything is trained or written, and may
    raise. `told` is called with each finished unit. The other options are those of `run_bench` and
    `compress`.

    Raises ValueError or OSError if anything is wrong.
    """
    out = Path(out)
    asked = one_budget(budget=budget)
    if asked.limit is None:
        raise ValueError(
            f"{asked} was given, but candidates are compared at equal bytes: at equal numbers of "
            "images, the largest side and the best codec would always be chosen. Give a budget in "
            "bytes, such as bytes=230kB."
        )
    check_place(out, str(data))
    folder = Path(runs) if runs is not None else out.with_name(f"{out.name}-tuning")
    check_apart(folder, str(data))
    desk = desk_for(precision=precision, device=device, work=work, drop_leaks=drop_leaks)
    given = Places(None, {"": str(data)}).find("")
    text = validation_named(given)
    opened = open_any(text, desk)
    side = side_of(opened.train, size)
    name = student or ("convnet-d3" if side <= 64 else "resnet10")
    check_model(name)
    steps = check_number("steps", steps, least=1, unit="optimiser steps of the last rung")
    tried = candidates(methods or default_methods(side), codecs or CODECS, size=side)
    called = f"{opened.name} (validation part)".replace("=", "-")
    halving = _Halving(
        candidates=tuple(tried),
        rungs=rungs_of(len(tried), steps=steps),
        folder=folder,
        request=Request(
            matrix="",
            runs=folder,
            data=(f"{called}={text}",),
            precision=precision,
            device=device,
            work=work,
            drop_leaks=drop_leaks,
        ),
        table={
            "title": f"{opened.name} in {asked}, {steps} steps",
            "data": called,
            "size": side,
            "fit": fit,
            "budget": str(asked),
            "student": name,
        },
    )
    halving.check_begun()
    found = halving.found()
    fields = halving.fields(found)
    plan = halving.planned(fields)
    if planned is not None:
        left = jobs or jobs_for(plan)
        done = sum(len(r.results(c, found)) for r, tried in fields for c in tried)
        planned(
            TuningPlan(
                opened, asked, name, halving.candidates, halving.rungs, done, forecast(plan), left
            )
        )
    frontier = halving.run(jobs=jobs, workers=workers, told=told)
    best = frontier[0]
    made = compress(
        given,
        out,
        method=best.candidate.method,
        codec=best.candidate.codec,
        budget=asked,
        size=side,
        fit=fit,
        seed=seed,
        because=_because(frontier, opened),
        device=device,
        precision=precision,
        work=work,
        drop_leaks=drop_leaks,
        progress=progress,
    )
    return Tuned(made, tuple(frontier))


@dataclass(frozen=True)
class _Halving:
    """Successive halving as a growing matrix in one run folder."""

    candidates: tuple[Candidate, ...]
    rungs: tuple[Rung, ...]
    folder: Path
    request: Request
    table: Mapping[str, object] = field(default_factory=dict)

    def check_begun(self) -> None:
        """Raise ValueError if the run folder was begun with other settings."""
        old = run_folder.read_run(self.folder)
        first = self.text([(self.rungs[0], self.candidates)])
        if old is None or old.matrix.startswith(first):
            return
        pairs = zip(old.matrix.splitlines(), first.splitlines(), strict=False)
        before, now = next((a, b) for a, b in pairs if a != b)
        raise ValueError(
            f"'{self.folder}' was begun with other settings: it has {before!r}, but now {now!r} is "
            "needed. Give the settings with which it was begun, or another folder with --runs."
        )

    def found(self) -> list[Result]:
        """Return the results in the run folder, after removing a torn last line."""
        if run_folder.read_run(self.folder) is None:
            return []
        with run_folder.driving(self.folder):
            run_folder.drop_torn_lines(self.folder)
        return read_lines(self.folder / run_folder.RESULTS, Result)

    def fields(self, found: Sequence[Result]) -> list[tuple[Rung, Sequence[Candidate]]]:
        """Return the candidates of each rung. As long as the results of a rung are not complete,
        the first candidates stand for the best ones.
        """
        fields: list[tuple[Rung, Sequence[Candidate]]] = [(self.rungs[0], self.candidates)]
        for rung in self.rungs[1:]:
            before, tried = fields[-1]
            ranked = _ranked(before, tried, found) if _complete(*fields[-1], found) else None
            names = tried if ranked is None else [one.candidate for one in ranked]
            fields.append((rung, names[: rung.count]))
        return fields

    def text(self, fields: Sequence[tuple[Rung, Sequence[Candidate]]]) -> str:
        """Return the matrix of some rungs."""
        return matrix_of(fields, **self.table)  # type: ignore[arg-type]

    def planned(self, fields: Sequence[tuple[Rung, Sequence[Candidate]]]) -> RunPlan:
        """Return the plan of some rungs, and change nothing."""
        with TemporaryDirectory() as place:
            return plan_bench(self._request(fields, place))

    def run(
        self,
        *,
        jobs: int,
        workers: Workers | None,
        told: Callable[[Finished], None] | None,
    ) -> list[Tried]:
        """Train the students that are missing. Return all candidates, the best one first."""
        for number in range(len(self.rungs)):
            found = self.found()
            fields = self.fields(found)[: number + 1]
            # The last rung runs even if it is complete: that checks the data and the versions.
            if number < len(self.rungs) - 1 and _complete(*fields[-1], found):
                continue
            with TemporaryDirectory() as place:
                request = self._request(fields, place)
                run_bench(request, jobs=jobs, workers=workers, told=told)
        found = self.found()
        reached: dict[Candidate, Tried] = {}
        for rung, tried in self.fields(found):
            reached |= {one.candidate: one for one in _ranked(rung, tried, found)}
        return sorted(reached.values(), key=lambda one: (-one.rung.number, -one.top1))

    def _request(self, fields: Sequence[tuple[Rung, Sequence[Candidate]]], place: str) -> Request:
        file = Path(place) / "tuning.toml"
        file.write_text(self.text(fields), encoding="utf-8")
        return replace(self.request, matrix=file)


def _complete(rung: Rung, tried: Sequence[Candidate], found: Sequence[Result]) -> bool:
    return all(len(rung.results(candidate, found)) == rung.draws for candidate in tried)


def _ranked(rung: Rung, tried: Sequence[Candidate], found: Sequence[Result]) -> list[Tried]:
    """Return candidates of a complete rung, the best one first; ties go to the first."""
    made = [Tried(one, rung, tuple(rung.results(one, found))) for one in tried]
    return sorted(made, key=lambda one: -one.top1)


def _because(frontier: Sequence[Tried], data: Data) -> dict[str, str]:
    """Return what the manifest says about the choice."""
    best = frontier[0]
    last = [one for one in frontier if one.rung == best.rung]
    first = best.results[0]
    said = "; ".join(f"{one.candidate}: {100 * one.top1:.2f} %" for one in last)
    return {
        "tuned": f"the best of {len(frontier)} candidates by the top-1 of students, {said}",
        "tuned_on": f"{len(data.test)} images {data.held_out}",
        "tuned_by": f"{first.student}, {first.protocol}, {best.rung.draws} draws of each",
    }
