"""The run of a matrix: plan what is left, let workers do it, write the results."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from smallset.bench import folder as run_folder
from smallset.bench.ground import THREADS, Ground, Line, Lines
from smallset.bench.kinds import KINDS, Unit, units_of
from smallset.bench.matrix import matrix_text, parse_matrix, same_methods
from smallset.bench.sources import Places, open_source
from smallset.data import cores
from smallset.desk import desk_for
from smallset.labels import check_not_labels
from smallset.parallel import Here, Task, Workers
from smallset.pipeline.desk import check_apart
from smallset.records import Result
from smallset.spec import nearest

# The memory that a cluster reserves for a unit, in bytes. A process with torch and a tiny student
# takes 0.45 GB (docs/scale.md). A large student on a CPU needs more, and is retried if it dies.
_MEMORY = 1 << 30
# How many impossible cells an error lists.
_SHOWN = 50


@dataclass(frozen=True)
class Request:
    """The arguments of a run: a matrix (a shipped name or a file) and the folder of the run.

    `data` is the folder of data sets and NAME=PATH pairs. Only the tables whose title contains
    `only` run. `work` is the folder for caches and observers (None: the user's cache folder).
    `known` are results files of other runs, reused for the cells of this matrix (see
    `known_lines`). `drop_leaks` leaves out training images that are also held out. `without` are
    pairs of a method's canonical spec and a codec. The cells of these pairs do not run.
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
    without: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class RunPlan:
    """A matrix on its data: the lines that exist, and the units that are left to do.

    The cells of `ground` are those of all tables whose data is present. `units` maps keys to the
    units of the requested tables, and `pending` are those not done yet, in starting order. `taken`
    are the results of other runs among the lines. `passed` counts, for each other version, the
    cells for which only lines of that version exist. `torn` is True if an incomplete last line was
    removed.
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
    """A unit that was just done, number `number` of `total`, and the line it returned, if any."""

    unit: Unit
    line: Line | None
    number: int
    total: int

    @property
    def result(self) -> Result | None:
        """The line, if it is the result of a student."""
        return self.line if isinstance(self.line, Result) else None


def plan_bench(request: Request) -> RunPlan:
    """Return what `run_bench` would do. Changes nothing except that it removes a torn last line.

    Raises the errors of `run_bench`. Safe to call while a driver is working in the folder.
    """
    torn = False
    if run_folder.read_run(request.runs) is not None:
        # If a driver is working, the line is not torn but being written.
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
    """Run the units of the matrix that are not done yet, and append each line to its file.

    `jobs` one-thread processes work side by side (0: one per core, or one on a GPU), unless
    `workers` are given. `planned` is called with the plan, `told` with each finished unit. A killed
    run goes on at the next call, and gives the results of an uninterrupted run. Return the plan as
    it was at the start.

    Raises FileNotFoundError or ValueError if the matrix cannot be read, and ValueError if cells are
    impossible (the message lists them) or if no title contains `only`. Raises OSError if the folder
    cannot be created or written to. Raises ValueError if another driver works in the folder, if the
    folder holds something else, or if it was begun with another matrix, data, version, device or
    precision. Raises TaskError (a ValueError) with the unit's name if a unit fails.
    """
    folder = request.runs
    begun = run_folder.read_run(folder) is not None
    _check_place(folder)
    if not begun:  # fail before a folder or a lock file is created
        _plan(request)
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
            f"--only {request.only!r} is not in any table's title. {nearest(request.only, titles)}"
        )
    known = run_folder.read_known(request.known)
    places = Places.parse(request.data)
    for sweep in matrix.sweeps:
        with suppress(FileNotFoundError):  # check_matrix reports this with all other problems
            check_apart(request.runs, places.find(sweep.data))
    desk = desk_for(
        device=request.device,
        precision=request.precision,
        workers=THREADS,
        work=request.work,
        drop_leaks=request.drop_leaks,
    )
    desk = replace(desk, work=desk.work.absolute())  # a worker may start in another folder
    ground = Ground(matrix, places, request.runs.absolute(), desk)
    check_matrix(ground, only=request.only)  # refuses missing data before torch is loaded
    # All units have one device and precision, also on workers of another kind of machine.
    settled = replace(desk, device=desk.machine.device, precision=desk.machine.precision)
    ground = replace(ground, desk=settled)
    run = run_folder.this_run(text, ground)
    old = run_folder.read_run(request.runs)
    if old is not None:
        run_folder.check_unchanged(request.runs, old, run)
    if old is not None and old.matrix != text:
        before = parse_matrix(old.matrix, str(request.runs / run_folder.MATRIX))
        run_folder.check_grown(request.runs, before, ground)
    lines = run_folder.own_lines(request.runs, ground, run)
    lacking = {cell.identity for cell in ground.cells} - lines.results.keys()
    taken, passed = run_folder.known_lines(known, run, lacking)
    lines = replace(lines, results={**lines.results, **taken})
    units, pending = units_of(ground, lines, only=request.only, without=request.without)
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


def _work(plan: RunPlan, workers: Workers) -> Iterator[Finished]:
    """Let workers do the pending units. Yield each unit after its line is written."""
    units, desk = {unit.key: unit for unit in plan.pending}, plan.ground.desk
    tasks = [
        Task(
            unit.key,
            unit.make,
            (desk,),
            tuple(need.key for need in unit.needs if need.key in units),
            cpus=THREADS,
            gpus=desk.machine.gpus,
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
    """Raise OSError if the folder of a run cannot be created or written to.

    Raises ValueError if the folder is the place for the labels of a set.
    """
    check_not_labels(folder)
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    why = "is read-only for you" if there.is_dir() else "is a file"
    raise OSError(
        f"the run folder '{folder}' cannot be made ('{there}' {why}). Needed a place for sets and "
        "results. Give another folder."
    )


def check_matrix(ground: Ground, *, only: str = "") -> None:
    """Open the data sets of the matrix, and check that every unit can be made.

    Fills `data` and `weights` of `ground`. Only the tables whose title contains `only` must be
    possible. The data of other tables is opened if it is present.

    Raises ValueError with one line for each problem, 50 at most. Problems are missing data, a class
    with too few images, a size too small for tiles or network, a student without its library or
    weights, and a teacher that cannot be loaded or whose classes do not map, among others.
    """
    found = list(dict.fromkeys(_problems(ground, only)))
    if found:
        lines = [f"  {line}" for line in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN} more")
        raise ValueError(
            f"{ground.matrix.title!r} has {len(found)} impossible "
            f"{'entry' if len(found) == 1 else 'entries'}; nothing was run. Correct the matrix, "
            "give what is missing, or leave those tables out with --only:\n" + "\n".join(lines)
        )


def _problems(ground: Ground, only: str) -> Iterator[str]:
    for sweep in ground.matrix.sweeps:
        try:
            if sweep.data not in ground.data:
                ground.data[sweep.data] = open_source(sweep.data, ground.places, ground.desk)
        except (ValueError, OSError) as error:
            if only in sweep.title:
                yield f"data {sweep.data!r}: {error}"
            continue
        for kind in KINDS.values() if only in sweep.title else ():
            yield from (f"{sweep.title}: {problem}" for problem in kind.problems(sweep, ground))
    data = ground.data
    sized = ground.matrix.sized(
        lambda sweep: data[sweep.data].size(sweep.size) if sweep.data in data else sweep.size
    )
    for label, problem in same_methods(sized):
        yield f"method {label!r}: {problem}"


def jobs_for(plan: RunPlan) -> int:
    """Return the number of processes for a plan on this machine: one per core, or one on a GPU."""
    return 1 if plan.ground.desk.machine.kind == "cuda" else cores()
