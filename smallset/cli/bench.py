"""The command that runs a matrix: bench."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smallset.bench import shipped
from smallset.cli.options import Device, DropLeaks, Jobs, Precision, RayAddress, Work, workers_on

if TYPE_CHECKING:
    from smallset.bench.run import Finished, RunPlan


def bench(
    matrix: Annotated[
        str, typer.Argument(metavar="MATRIX", help=f"A file, or one of {', '.join(shipped())}.")
    ],
    runs: Annotated[Path, typer.Argument(metavar="RUNS", help="The folder of the run.")],
    data: Annotated[
        list[str] | None,
        typer.Option(help="Folder of all data sets, or NAME=PATH for one. May be repeated."),
    ] = None,
    workers: Jobs = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what is left to do and how long it takes.")
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Do not run: show the state of a run that another process works on, and rewrite "
            "its page RUNS/report/page.html at each result.",
        ),
    ] = False,
    only: Annotated[str, typer.Option(help="Only tables whose title contains this text.")] = "",
    precision: Precision = "auto",
    device: Device = "auto",
    work: Work = None,
    known: Annotated[
        list[Path] | None,
        typer.Option(
            help="Results of another run, which are reused instead of computed again. May be "
            "repeated."
        ),
    ] = None,
    drop_leaks: DropLeaks = False,
    ray: RayAddress = None,
) -> None:
    """Run the matrix MATRIX in the folder RUNS. A stopped run goes on."""
    if ray is not None and (workers or dry_run):
        raise ValueError(
            f"{'--dry-run' if dry_run else f'--workers {workers}'} is about processes on this "
            "machine, but --ray hands the work to a cluster. Leave out one of them."
        )
    if watch:
        from smallset.terminal.watch import watch as watch_run

        if dry_run or ray is not None:
            raise ValueError(
                f"--watch runs nothing, so {'--dry-run' if dry_run else '--ray'} cannot be "
                "combined with it. Leave out one of them."
            )
        watch_run(runs, matrix)
        return
    from smallset.bench.forecast import Countdown, forecast
    from smallset.bench.run import Request, jobs_for, plan_bench, run_bench
    from smallset.terminal import say
    from smallset.terminal.plan import show_forecast, show_plan
    from smallset.terminal.results import finished_line
    from smallset.terminal.sets import observer_lines

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
        show_plan(plan, cells=True)
        show_forecast(forecast(plan), workers or jobs_for(plan))
        return
    countdown: Countdown | None = None

    def begin(plan: "RunPlan") -> None:
        nonlocal countdown
        show_plan(plan)
        if ray is None:  # the number of units that a cluster does at once is unknown
            countdown = Countdown(plan, workers or jobs_for(plan))

    def told(finished: "Finished") -> None:
        say(finished_line(finished, countdown(finished) if countdown else None))
        for line in observer_lines(finished.unit.made_with()):
            if line.startswith("warning"):
                say(f"  {line}")

    with workers_on(ray, device=device) as cluster:
        plan = run_bench(request, jobs=workers, workers=cluster, planned=begin, told=told)
    left = sum(1 for cell in plan.ground.cells if only not in cell.sweep.title)
    say(
        f"finished: {runs / 'results.jsonl'}"
        + (f" ({left} cells of other tables were not requested)" if left else "")
    )
