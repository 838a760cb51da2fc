"""The command that runs a matrix: bench."""

from collections import Counter
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Annotated

import typer

from smallset.bench.cells import MatrixCell
from smallset.bench.forecast import Countdown, Forecast, forecast
from smallset.bench.kinds import KINDS, Unit
from smallset.bench.matrix import shipped
from smallset.bench.run import Finished, Request, RunPlan, jobs_for, plan_bench, run_bench
from smallset.cli.cluster import RayAddress, workers_on
from smallset.cli.options import Device, DropLeaks, Precision, Work
from smallset.records import Identity
from smallset.terminal import data_lines, duration, finished_line, observer_lines, say


def bench(
    matrix: Annotated[
        str, typer.Argument(metavar="MATRIX", help=f"A file, or one of {', '.join(shipped())}.")
    ],
    runs: Annotated[Path, typer.Argument(metavar="RUNS", help="The folder of the run.")],
    data: Annotated[
        list[str] | None,
        typer.Option(help="Folder of the data sets, or NAME=PATH of one; may be repeated."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(help="One-thread processes side by side; 0 is one a core.")
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what there is to do and how long it takes.")
    ] = False,
    only: Annotated[str, typer.Option(help="Only tables whose title holds this text.")] = "",
    precision: Precision = "auto",
    device: Device = "auto",
    work: Work = None,
    known: Annotated[
        list[Path] | None,
        typer.Option(
            help="Results of another run, to take over what this one would do again; may be "
            "repeated."
        ),
    ] = None,
    drop_leaks: DropLeaks = False,
    ray: RayAddress = None,
) -> None:
    """Run the matrix MATRIX in the folder RUNS; a stopped run goes on."""
    if jobs < 0:
        raise ValueError(f"jobs={jobs} runs nothing. Give at least 1, or 0 for one a core.")
    if ray is not None and (jobs or dry_run):
        raise ValueError(
            f"{'--dry-run' if dry_run else f'--jobs {jobs}'} speaks of processes on this machine, "
            "but --ray hands the work to a cluster. Leave out one of them."
        )
    request = Request(
        matrix,
        runs,
        tuple(data or ()),
        only,
        precision,
        device,
        work,
        tuple(known or ()),
        drop_leaks,
    )
    if dry_run:
        plan = plan_bench(request)
        _show_plan(plan, cells=True)
        _show_forecast(forecast(plan), jobs or jobs_for(plan))
        return
    countdown: Countdown | None = None

    def begin(plan: RunPlan) -> None:
        nonlocal countdown
        _show_plan(plan)
        if ray is None:  # how many units a cluster does at once is its own affair
            countdown = Countdown(plan, jobs or jobs_for(plan))

    def told(finished: Finished) -> None:
        say(finished_line(finished, countdown(finished) if countdown else None))
        for line in observer_lines(finished.unit.made_with()):
            if line.startswith("warning"):
                say(f"  {line}")

    with workers_on(ray, device=device) as workers:
        plan = run_bench(request, jobs=jobs, workers=workers, planned=begin, told=told)
    left = sum(1 for cell in plan.ground.cells if only not in cell.sweep.title)
    say(
        f"finished: {runs / 'results.jsonl'}"
        + (f" ({left} cells of other tables were not asked for)" if left else "")
    )


def _show_plan(plan: RunPlan, *, cells: bool = False) -> None:
    if plan.torn:
        say("took out a last line that a stopped run had not finished writing")
    if plan.taken:
        say(f"took over {len(plan.taken)} results of other runs")
    for version, count in plan.passed.items():
        say(f"passed over {count} results of other runs, made by {version}")
    for source in plan.ground.data.values():
        for line in data_lines(source.data):
            say(line)
    say(f"{plan.ground.matrix.title}: {len({cell.identity for cell in plan.ground.cells})} cells")
    for table in plan.ground.matrix.sweeps:
        own = [cell for cell in plan.ground.cells if cell.sweep is table]
        done = sum(cell.identity in plan.lines.results for cell in own)
        here = table.data in plan.ground.data
        said = f"{len(own)} cells, {done} done" if here else f"its data {table.data!r} is not here"
        say(f"  {table.title}: {said}")
        for line in _settings(own, plan.lines.results) if cells else ():
            say(f"    {line}")
    say(f"shared: {_counted(plan.units.values())}")
    say(f"to do: {_counted(plan.pending)}")


def _settings(cells: Iterable[MatrixCell], results: Container[Identity]) -> list[str]:
    """Give a line a setting of a table: each method with its replicates done, of how many."""
    found: dict[str, dict[str, list[bool]]] = {}
    for cell in cells:
        setting = f"{cell.budget.words if cell.budget else 'all images'}, {cell.training}"
        done = found.setdefault(setting, {}).setdefault(cell.label, [])
        done.append(cell.identity in results)
    return [
        f"{setting}: {', '.join(f'{label} {sum(d)}/{len(d)}' for label, d in methods.items())}"
        for setting, methods in found.items()
    ]


def _show_forecast(found: Forecast, jobs: int) -> None:
    if not found.seconds:
        return
    say(
        f"about {duration(found.seconds / jobs)} in {jobs} process{'' if jobs == 1 else 'es'}, "
        f"besides decoding and drawing; up to {found.run_bytes / 1e6:,.1f} MB of sets, and up to "
        f"{found.work_bytes / 1e6:,.0f} MB of decoded pixels in the work folder"
    )
    basis = {"result lines": found.known, "a few steps measured here": found.measured}
    for source, trainings in basis.items():
        if trainings:
            names = ", ".join(f"{t.model} at {t.size} px, batch {t.batch}" for t in trainings)
            say(f"  from {source}: {names}")


def _counted(units: Iterable[Unit]) -> str:
    counts = Counter(unit.kind for unit in units)
    words = (
        f"{n} {kind}{'' if n == 1 or kind.endswith('s') else 's'}"
        for kind in KINDS
        if (n := counts[kind])
    )
    return " -> ".join(words) or "nothing"
