"""The run: plan what is left of a matrix, let workers do it, write the results."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from smallset.bench import folder as run_folder
from smallset.bench.cells import MatrixCell, cells_of, identity_of
from smallset.bench.jobs import THREADS, Bench, Observation, is_observed
from smallset.bench.matrix import Matrix, matrix_text, parse_matrix
from smallset.bench.problems import Checked, check_matrix
from smallset.bench.sources import Places
from smallset.bench.units import Ground, Unit, units_of
from smallset.data import cores
from smallset.desk import desk_for
from smallset.evidence.lines import append_line, drop_torn_line
from smallset.parallel import Here, Task, Workers
from smallset.pipeline.desk import check_apart
from smallset.records import Identity, Result
from smallset.spec import nearest

# What a cluster keeps free for a unit, in bytes: a process with torch and a tiny student weighs
# 0.45 GB (docs/scale.md); a large student on a CPU needs more, and is tried again where it dies.
_MEMORY = 1 << 30


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
    """A matrix on its data: every cell in order, the results there are, the units still to do.

    `cells` are those of all tables whose data is at hand, `units` those that the tables asked for
    need, by key; `pending` are the ones not done, in the order in which they start. `taken` are the
    results of other runs among `results`; `passed` counts the cells of which those are by another
    version, by that version. `torn` says that a last line that was cut short was taken out.
    """

    matrix: Matrix
    folder: Path
    bench: Bench
    run: run_folder.Run
    checked: Checked
    cells: tuple[MatrixCell, ...]
    results: dict[Identity, Result]
    units: dict[str, Unit]
    pending: tuple[Unit, ...]
    taken: tuple[Result, ...]
    passed: Mapping[str, int]
    torn: bool


@dataclass(frozen=True)
class Finished:
    """A unit that has just been done, the number-th of `total`; its result where it is a cell."""

    unit: Unit
    result: Result | None
    number: int
    total: int


def plan_bench(request: Request) -> RunPlan:
    """Say what `run_bench` would do, and do nothing but take out a torn last line.

    Raises as `run_bench` for whatever is wrong; may be asked beside a driver at work.
    """
    torn = False
    if run_folder.read_run(request.runs) is not None:
        with (
            suppress(ValueError),
            run_folder.driving(request.runs),
        ):  # a driver at work sees to it itself
            torn = drop_torn_line(request.runs / run_folder.RESULTS)
    return replace(_plan(request), torn=torn)


def run_bench(
    request: Request,
    *,
    jobs: int = 0,
    workers: Workers | None = None,
    planned: Callable[[RunPlan], None] | None = None,
    told: Callable[[Finished], None] | None = None,
) -> RunPlan:
    """Run what the folder lacks of the matrix, appending each result to its results.jsonl.

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
    _make(folder)
    with run_folder.driving(folder):
        torn = drop_torn_line(folder / run_folder.RESULTS)
        plan = replace(_plan(request), torn=torn)
        run_folder.write_run(folder, plan.run)
        run_folder.clear_up(folder)
        for result in plan.taken:
            append_line(folder / run_folder.RESULTS, result)
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
    run_folder.check_known(request.known)
    desk = desk_for(
        device=request.device, precision=request.precision, workers=THREADS, work=request.work
    )
    places = Places.parse(request.data)
    bench = Bench(desk.machine, desk.work.absolute(), request.drop_leaks)
    for table in matrix.sweeps:
        with suppress(FileNotFoundError):  # named with all else that is missing
            check_apart(request.runs, places.find(table.data))
    checked = check_matrix(
        matrix, places, only=request.only, work=desk.work, drop_leaks=request.drop_leaks
    )
    cells = cells_of(matrix, checked.sources, desk.machine)
    run = run_folder.this_run(text, checked, desk.machine)
    _check_folder(request.runs, run, matrix, checked, bench)
    absent = {table.data for table in matrix.sweeps} - set(checked.sources)
    results = run_folder.own_lines(request.runs, run, cells, absent=absent)
    taken, passed = run_folder.known_lines(request.known, run, cells, results)
    results |= taken
    ground = Ground(matrix, checked.sources, places, request.runs.absolute())
    units = units_of(cells, ground, bench, only=request.only)
    pending = tuple(_pending(units, results, bench.work))
    return RunPlan(
        matrix,
        request.runs,
        bench,
        run,
        checked,
        tuple(cells),
        results,
        units,
        pending,
        tuple(taken.values()),
        Counter(passed.values()),
        False,
    )


def _check_folder(
    folder: Path, run: run_folder.Run, matrix: Matrix, checked: Checked, bench: Bench
) -> None:
    """Raise ValueError where the folder was begun as another run than this one."""
    old = run_folder.read_run(folder)
    if old is None:
        return
    run_folder.check_same(folder, old, run)
    if old.matrix != run.matrix:
        before = parse_matrix(old.matrix, str(folder / run_folder.MATRIX))
        run_folder.check_grown(folder, before, matrix, checked.sources, bench.machine)


def _pending(units: dict[str, Unit], results: dict[Identity, Result], work: Path) -> Iterator[Unit]:
    """Give the units to do, each after those that it needs."""
    wanted: set[str] = set()

    def want(unit: Unit) -> None:
        if unit.key not in wanted and not is_done(unit, results, work):
            wanted.add(unit.key)
            for need in unit.needs:
                want(units[need])

    for unit in units.values():
        if unit.cell is not None:
            want(unit)
    return (unit for unit in units.values() if unit.key in wanted)


def is_done(unit: Unit, results: dict[Identity, Result], work: Path) -> bool:
    """Whether a unit is done: a cell has its line, another unit its file or folder."""
    if unit.cell is not None:
        return unit.cell.identity in results
    if isinstance(unit.job, Observation):
        return is_observed(unit.job, work)
    return unit.out is not None and unit.out.exists()


def _work(plan: RunPlan, workers: Workers) -> Iterator[Finished]:
    """Let workers do what is pending; write each result before it is given."""
    pending = {unit.key: unit for unit in plan.pending}
    gpus = 1.0 if plan.bench.machine.kind == "cuda" else 0.0
    tasks = [
        Task(
            unit.key,
            unit.function,
            (unit.job, plan.bench),
            tuple(need for need in unit.needs if need in pending),
            cpus=THREADS,
            gpus=gpus,
            memory=_MEMORY,
        )
        for unit in pending.values()
    ]
    with closing(workers.run(tasks)) as done:
        for number, task in enumerate(done, 1):
            unit, result = pending[task.key], None
            if unit.cell is not None:
                assert isinstance(task.value, Result)
                result = task.value
                _append(plan.folder, unit.cell, result)
            yield Finished(unit, result, number, len(tasks))


def _append(folder: Path, cell: MatrixCell, result: Result) -> None:
    if identity_of(result) != cell.identity:
        raise ValueError(
            f"{cell.name}: the result is of {identity_of(result)}, needed {cell.identity}. "
            "The data changed while it was worked on: restore it, and run again."
        )
    append_line(folder / run_folder.RESULTS, result)


def _check_place(folder: Path) -> None:
    """Raise OSError where the folder of a run can neither be made nor written to."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise _unmade(folder, f"'{there}' is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise _unmade(folder, f"'{there}' is read-only for you")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unmade(folder, str(error.strerror)) from error


def _unmade(folder: Path, why: str) -> OSError:
    return OSError(
        f"the run folder '{folder}' cannot be made ({why}). Needed a place for sets and results. "
        "Give another."
    )


def jobs_for(plan: RunPlan) -> int:
    """Give how many processes suit the machine: one a core, a single one on a GPU."""
    return 1 if plan.bench.machine.kind == "cuda" else cores()
