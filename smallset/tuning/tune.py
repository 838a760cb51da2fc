"""tune(): find the method and codec of the best set for a budget in bytes, and write the set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from smallset.bench.forecast import Forecast, forecast
from smallset.bench.run import Finished, Request, jobs_for, run_bench
from smallset.bench.sources import Places
from smallset.budget import Budget, one_budget
from smallset.data import Data, Folder
from smallset.data.validation import validation_named
from smallset.desk import desk_for
from smallset.exchange.set_data import open_any
from smallset.models import check_model
from smallset.numbers import counted
from smallset.parallel import Workers
from smallset.pipeline import compress
from smallset.pipeline.desk import check_apart, check_place, side_of
from smallset.pipeline.within import NoRoom
from smallset.records import Fit, Progress
from smallset.store import CompressedDataset
from smallset.tuning.candidates import (
    CODECS,
    Candidate,
    candidates,
    default_methods,
    that_fit,
)
from smallset.tuning.halving import Halving, Tried
from smallset.tuning.rungs import Rung, Setting, rungs_of


@dataclass(frozen=True)
class TuningPlan:
    """What a tuning will do.

    `data` is the validation part. `done` is the number of students that are trained already.
    `beyond` has the candidates that are left out, each with the bytes of its smallest set, which
    exceed the budget. `forecast` is for the remaining students, in `jobs` processes.
    """

    data: Data
    setting: Setting
    candidates: tuple[Candidate, ...]
    beyond: Mapping[Candidate, int]
    rungs: tuple[Rung, ...]
    done: int
    forecast: Forecast
    jobs: int


@dataclass(frozen=True)
class Tuned:
    """The set that a tuning wrote, and the candidates.

    The first candidate of `frontier` made the set. The candidates in `dropped` had no room for one
    image of each class in one of their draws. That draw may be the last one, from all training
    images.
    """

    made: CompressedDataset
    frontier: tuple[Tried, ...]
    dropped: tuple[Candidate, ...]


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
    `smallset.tuning.candidates`. Each candidate makes a set of four fifths of the training images.
    A `student` is trained on the set and tested on the other fifth. The data's held-out images are
    not used. The first of several rungs tries all candidates with few steps. Each rung keeps the
    best third and doubles the steps, up to `steps` in the last rung, which has three draws of each
    candidate. The best candidate that has room then makes the set `out` of all training images with
    the set seed `seed`. The manifest says why it was chosen.

    `student=None` is convnet-d3 up to 64 px and resnet10 above. The folder `runs` (default: beside
    `out`) holds the run of the benchmark that trains the students. A killed tuning goes on at the
    next call. `planned` is called with the plan before anything is trained or written, and may
    raise. `told` is called with each finished unit. The other options are those of `run_bench` and
    `compress`.

    Raises ValueError or OSError if anything is wrong.
    """
    out, asked = Path(out), one_budget(budget=budget)
    if asked.limit is None:
        raise ValueError(
            f"{asked} was given, but candidates are compared at equal bytes: at equal numbers of "
            "images, the largest side and the best codec would always be chosen. Give a budget in "
            "bytes, such as bytes=230kB."
        )
    folder = Path(runs) if runs is not None else out.with_name(f"{out.name}-tuning")
    _check_places(out, folder, str(data))
    desk = desk_for(precision=precision, device=device, work=work, drop_leaks=drop_leaks)
    given = Places(None, {"": str(data)}).find("")
    text = validation_named(given)
    opened = open_any(text, desk)
    side = side_of(opened.train, size)
    name = student or ("convnet-d3" if side <= 64 else "resnet10")
    check_model(name)
    every = candidates(methods or default_methods(side), codecs or CODECS, size=side)
    fitting, beyond = that_fit(every, opened.train, budget=asked, size=side, fit=fit)
    called = f"{opened.name} (validation part)".replace("=", "-")
    halving = Halving(
        candidates=fitting,
        rungs=rungs_of(len(fitting), steps=steps),
        setting=Setting(
            title=f"{opened.name} in {asked}, {steps} steps",
            data=called,
            size=side,
            fit=fit,
            budget=asked,
            student=name,
        ),
        request=Request(
            matrix="",
            runs=folder,
            data=(f"{called}={text}",),
            precision=precision,
            device=device,
            work=work,
            drop_leaks=drop_leaks,
        ),
    )
    halving.check_begun()
    if planned is not None:
        planned(_planned(halving, opened, beyond, jobs))
    frontier = halving.run(partial(run_bench, jobs=jobs, workers=workers, told=told))
    dropped = list(halving.dropped)
    for place, one in enumerate(frontier):
        try:
            made = compress(
                given,
                out,
                method=one.candidate.method,
                codec=one.candidate.codec,
                budget=asked,
                size=side,
                fit=fit,
                seed=seed,
                because=_because(frontier[place:], [*beyond, *dropped], opened),
                **replace(desk, progress=progress).options,
            )
        except NoRoom:  # four fifths of the images had room, but this draw is from all of them
            dropped.append(one.candidate)
        else:
            return Tuned(made, tuple(frontier[place:]), tuple(dropped))
    raise NoRoom(
        f"{asked} has no room for one image of each class, drawn from all training images with the "
        f"seed {seed}. In the run, {counted(len(frontier), 'candidate')} had room. Give "
        "another --seed, which trains no student again, or tune to more bytes."
    )


def _check_places(out: Path, runs: Path, data: str) -> None:
    """Raise OSError or ValueError if a folder cannot be written, or lies in another one."""
    check_place(out, data)
    check_apart(runs, data)
    if out.resolve() in (runs.resolve(), *runs.resolve().parents):
        raise ValueError(
            f"the run folder '{runs}' lies in the set '{out}', which is written when the run has "
            "ended. Needed two places. Give another folder with --runs."
        )


def _planned(
    halving: Halving, data: Data, beyond: Mapping[Candidate, int], jobs: int
) -> TuningPlan:
    found = halving.found()
    fields = halving.fields(found)
    plan = halving.plan(fields)
    return TuningPlan(
        data=data,
        setting=halving.setting,
        candidates=halving.candidates,
        beyond=beyond,
        rungs=halving.rungs,
        done=sum(
            len(rung.results(one, found))
            for rung, tried in fields
            for one in tried
            if not halving.lost(one, rung, found)
        ),
        forecast=forecast(plan),
        jobs=jobs or jobs_for(plan),
    )


def _because(frontier: Sequence[Tried], without: Sequence[Candidate], data: Data) -> dict[str, str]:
    """Return what the manifest says about the choice. `without` had no room."""
    best = frontier[0]
    last = [one for one in frontier if one.rung == best.rung]
    first = best.results[0]
    said = "; ".join(f"{one.candidate}: {100 * one.top1:.2f} %" for one in last)
    because = {
        "tuned": f"the best of {counted(len(frontier), 'candidate')} by the top-1 of students, "
        f"{said}",
        "tuned_on": f"{counted(len(data.test), 'image')}, {data.held_out}",
        "tuned_by": f"{first.student}, {first.protocol}, {len(best.results)} draws of each",
    }
    if without:
        because["tuned_without"] = f"no room in the budget: {'; '.join(map(str, without))}"
    return because
