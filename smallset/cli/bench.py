"""The command that runs a matrix: bench."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smallset.bench import shipped
from smallset.cli.options import (
    PATH,
    device_option,
    drop_leaks_option,
    jobs_option,
    precision_option,
    ray_option,
    work_option,
    workers_on,
)

if TYPE_CHECKING:
    from smallset.bench.run import Finished, RunPlan


@click.command
@click.argument("matrix", metavar="MATRIX", help=f"A file, or one of {', '.join(shipped())}.")
@click.argument("runs", metavar="RUNS", type=PATH, help="The folder of the run.")
@click.option(
    "--data",
    multiple=True,
    help="Folder of all data sets, or NAME=PATH for one. May be repeated.",
)
@jobs_option
@click.option("--dry-run", is_flag=True, help="Show what is left to do and how long it takes.")
@click.option(
    "--watch",
    is_flag=True,
    help="Do not run: show the state of a run that another process works on, and rewrite its page "
    "RUNS/report/page.html at each result.",
)
@click.option("--only", default="", help="Only tables whose title contains this text.")
@precision_option
@device_option
@work_option
@click.option(
    "--known",
    type=PATH,
    multiple=True,
    help="Results of another run, which are reused instead of computed again. May be repeated.",
)
@drop_leaks_option
@ray_option
def bench(
    matrix: str,
    runs: Path,
    workers: int,
    dry_run: bool,
    watch: bool,
    ray: str | None,
    **given: Any,
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

    request = Request(matrix, runs, **given)
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

    with workers_on(ray, device=request.device) as cluster:
        plan = run_bench(request, jobs=workers, workers=cluster, planned=begin, told=told)
    left = sum(1 for cell in plan.ground.cells if request.only not in cell.sweep.title)
    say(
        f"finished: {runs / 'results.jsonl'}"
        + (f" ({left} cells of other tables were not requested)" if left else "")
    )
