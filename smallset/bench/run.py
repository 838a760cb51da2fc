"""The run: plan what is left of a matrix, let workers do it, write the results."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from smallset.bench import folder as run_folder
from smallset.bench.ground import THREADS, Ground, Line, Lines
from smallset.bench.kinds import KINDS, Unit, units_of
from smallset.bench.matrix import Matrix, matrix_text, parse_matrix, same_methods
from smallset.bench.sources import Places, open_source
from smallset.data import cores
from smallset.desk import Desk, desk_for
from smallset.parallel import Here, Task, Workers
from smallset.pipeline.desk import check_apart
from smallset.records import Result
from smallset.spec import nearest

# What a cluster keeps free for a unit, in bytes: a process with torch and a tiny student weighs
# 0.45 GB (docs/scale.md); a large student on a CPU needs more, and is tried again where it dies.
_MEMORY = 1 << 30
# How many impossible cells an error lists.
_SHOWN = 50


@dataclass(frozen=True)
class Request:
    """What is asked for: a matrix (a shipped name or a file) and the folder of its run.

    `data` is the folder of data sets and NAME=PATH pairs, `only` a part of the titles of the tables
    to run, `work` the folder for caches and observers (None: the user's cache folder). `known` are
    results of other runs, taken over where they are of a cell of this matrix (see `known_lines`).
    `drop_leaks` leaves out training images that are also held out.
    """

    matrix: str | Path
    runs: Path
    data: tuple[str, ...] = ()
    only: str = ""
    precision: str = "auto"
    device: str = "auto"
    work: Path | None = None
    known: tuple[Path, ...] = ()
    drop_leaks: bool = False


@dataclass(frozen=True)
class RunPlan:
    """A matrix on its data: the lines there are, and the units still to do.

    The cells of `ground` are those of all tables whose data is at hand, `units` those that the
    tables asked for need, by key; `pending` are the ones not done, in the order in which they
    start. `taken` are the results of other runs among the lines. `passed` counts the cells for
    which only lines of another version exist, by that version. `torn` says that a last line that
    was cut short was taken out.
    """

    folder: Path
    ground: Ground
    run: run_folder.Run
    lines: Lines
    units: Mapping[str, Unit]
    pending: tuple[Unit, ...]
    taken: tuple[Result, ...]
    passed: Mapping[str, int]
    torn: bool = False


@dataclass(frozen=True)
class Finished:
    """A unit that has just been done, the number-th of `total`; the line that it left, if any."""

    unit: Unit
    line: Line | None
    number: int
    total: int

    @property
    def result(self) -> Result | None:
        """The result of a student."""
        return self.line if isinstance(self.line, Result) else None


def plan_bench(request: Request) -> RunPlan:
    """Say what `run_bench` would do, and do nothing but take out a torn last line.

    Raises as `run_bench` for whatever is wrong; may be asked beside a driver at work.
    """
    torn = False
    if run_folder.read_run(request.runs) is not None:
        # A driver at work sees to it itself.
        with suppress(ValueError), run_folder.driving(request.runs):
            torn = run_folder.drop_torn_lines(request.runs)
    return replace(_plan(request), torn=torn)


def run_bench(
    request: Request,
    *,
    jobs: int = 0,
    workers: Workers | None = None,
    planned: Callable[[RunPlan], None] | None = None,
    told: Callable[[Finished], None] | None = None,
) -> RunPlan:
    """Run what the folder lacks of the matrix, appending each line to its file in the folder.

    `jobs` one-thread processes work side by side (0: one a core, a single one on a GPU), unless
    `workers` do. `planned` hears what is to be done, `told` of each finished unit. Killed anywhere
    and called again it goes on; the results are those of an uninterrupted run. Gives the plan as it
    was at the start.

    Raises FileNotFoundError or ValueError for a matrix that cannot be read or has impossible cells
    (all at once), for a folder that another driver works in, that holds something else, or that was
    begun with another matrix, data, version, device or precision; and TaskError (a ValueError) with
    the unit's name for whatever goes wrong in one.
    """
    folder = request.runs
    begun = run_folder.read_run(folder) is not None
    _check_place(folder)
    if not begun:  # a folder of something else gets no lock file
        _plan(request)  # nor is one made for a matrix that cannot run
    folder.mkdir(parents=True, exist_ok=True)
    with run_folder.driving(folder):
        torn = run_folder.drop_torn_lines(folder)
        plan = replace(_plan(request), torn=torn)
        run_folder.write_run(folder, plan.run)
        run_folder.clear_up(folder)
        for result in plan.taken:
            run_folder.add_line(folder, result)
        if planned is not None:
            planned(plan)
        for finished in _work(plan, workers or Here(jobs or jobs_for(plan))):
            if told is not None:
                told(finished)
    return plan


def _plan(request: Request) -> RunPlan:
    text = matrix_text(request.matrix)
    matrix = parse_matrix(text, str(request.matrix))
    titles = [table.title for table in matrix.sweeps]
    if not any(request.only in title for title in titles):
        raise ValueError(
            f"--only {request.only!r} is in no table's title. {nearest(request.only, titles)}"
        )
    known = run_folder.read_known(request.known)
    desk = _desk(request)
    places = Places.parse(request.data)
    for sweep in matrix.sweeps:
        with suppress(FileNotFoundError):  # named with all else that is missing
            check_apart(request.runs, places.find(sweep.data))
    ground = Ground(matrix, places, request.runs.absolute(), desk)
    check_matrix(ground, only=request.only)
    run = run_folder.this_run(text, ground)
    _check_folder(request.runs, run, ground)
    lines = run_folder.own_lines(request.runs, ground, run)
    lacking = {cell.identity for cell in ground.cells} - lines.results.keys()
    taken, passed = run_folder.known_lines(known, run, lacking)
    lines = replace(lines, results={**lines.results, **taken})
    units, pending = units_of(ground, lines, only=request.only)
    return RunPlan(
        request.runs,
        ground,
        run,
        lines,
        units,
        pending,
        tuple(taken.values()),
        Counter(passed.values()),
    )


def _desk(request: Request) -> Desk:
    """Settle where every unit works, also on a machine that would choose otherwise."""
    asked = desk_for(
        device=request.device, precision=request.precision, workers=THREADS, work=request.work
    )
    return replace(
        asked,
        device=asked.machine.device,
        precision=asked.machine.precision,
        work=asked.work.absolute(),  # a worker may start in another folder
        drop_leaks=request.drop_leaks,
    )


def _check_folder(folder: Path, run: run_folder.Run, ground: Ground) -> None:
    """Raise ValueError if the folder was begun as another run than this one."""
    old = run_folder.read_run(folder)
    if old is None:
        return
    run_folder.check_same(folder, old, run)
    if old.matrix != run.matrix:
        before = parse_matrix(old.matrix, str(folder / run_folder.MATRIX))
        run_folder.check_grown(folder, before, ground)


def _work(plan: RunPlan, workers: Workers) -> Iterator[Finished]:
    """Let workers do what is pending; write each line before it is given."""
    units, desk = {unit.key: unit for unit in plan.pending}, plan.ground.desk
    tasks = [
        Task(
            unit.key,
            unit.make,
            (desk,),
            tuple(need.key for need in unit.needs if need.key in units),
            cpus=THREADS,
            gpus=1.0 if desk.machine.kind == "cuda" else 0.0,
            memory=_MEMORY,
        )
        for unit in plan.pending
    ]
    with closing(workers.run(tasks)) as done:
        for number, task in enumerate(done, 1):
            unit, line = units[task.key], task.value
            if line is not None:
                assert isinstance(line, Line)
                unit.check_line(line)
                run_folder.add_line(plan.folder, line)
            yield Finished(unit, line, number, len(tasks))


def _check_place(folder: Path) -> None:
    """Raise OSError if the folder of a run can neither be made nor written to."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    why = "is read-only for you" if there.is_dir() else "is a file"
    raise OSError(
        f"the run folder '{folder}' cannot be made ('{there}' {why}). Needed a place for sets and "
        "results. Give another."
    )


def check_matrix(ground: Ground, *, only: str = "") -> None:
    """Open every data set of the matrix, and make sure that every unit can be made.

    Fills `data` and `weights` of the ground. Only tables whose title holds `only` must be possible;
    the data of the others is opened if it is at hand. Raises ValueError with all that is
    impossible, a line each: data that is not there, a class that cannot fill an ipc, a size without
    room for tiles or network, a student without its library or weights, a teacher that cannot be
    loaded or whose classes don't map.
    """
    found = list(dict.fromkeys(_problems(ground, only)))
    if found:
        lines = [f"  {line}" for line in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN} more")
        raise ValueError(
            f"{ground.matrix.title!r} has {len(found)} impossible "
            f"{'entry' if len(found) == 1 else 'entries'}; nothing was run. Mend the matrix, give "
            "what is missing, or leave those tables out with --only:\n" + "\n".join(lines)
        )


def _problems(ground: Ground, only: str) -> Iterator[str]:
    desk = ground.desk
    for sweep in ground.matrix.sweeps:
        try:
            if sweep.data not in ground.data:
                ground.data[sweep.data] = open_source(
                    sweep.data, ground.places, work=desk.work, drop_leaks=desk.drop_leaks
                )
        except (ValueError, OSError) as error:
            if only in sweep.title:
                yield f"data {sweep.data!r}: {error}"
            continue
        for kind in KINDS.values() if only in sweep.title else ():
            yield from (f"{sweep.title}: {problem}" for problem in kind.problems(sweep, ground))
    for label, problem in same_methods(_sized(ground)):
        yield f"method {label!r}: {problem}"


def _sized(ground: Ground) -> Matrix:
    """Return the matrix with the size of every table whose data is at hand."""
    sweeps = (
        replace(sweep, size=ground.data[sweep.data].size(sweep.size))
        if sweep.data in ground.data
        else sweep
        for sweep in ground.matrix.sweeps
    )
    return replace(ground.matrix, sweeps=tuple(sweeps))


def jobs_for(plan: RunPlan) -> int:
    """Give how many processes suit the machine: one a core, a single one on a GPU."""
    return 1 if plan.ground.desk.machine.kind == "cuda" else cores()
