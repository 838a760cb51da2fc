"""The command that finds the best set for a budget in bytes: tune."""

from typing import TYPE_CHECKING, Any

import click

from smallset.cli.options import (
    NATURAL,
    PATH,
    POSITIVE,
    data_argument,
    device_option,
    drop_leaks_option,
    fit_option,
    jobs_option,
    out_argument,
    precision_option,
    size_option,
    split_options,
    with_splits,
    work_option,
)

if TYPE_CHECKING:
    from smallset.bench.run import Finished
    from smallset.tuning.tune import TuningPlan


@click.command
@data_argument
@out_argument("folder of the set")
@click.option("--budget", required=True, help="The bytes of all image files: bytes=230kB.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="A method to try, as in `compress`. May be repeated. Default: random images, the easier "
    "half and `spread`, on sheets of three sides.",
)
@click.option(
    "--codec",
    "codecs",
    multiple=True,
    help="A codec to try with every method. May be repeated. Default: webp:50, webp:20, and "
    "avif:50 if Pillow has it.",
)
@click.option("--student", help="Default: convnet-d3, above 64 px resnet10.")
@click.option("--steps", type=POSITIVE, default=600, help="Steps of each student in the last rung.")
@size_option
@fit_option
@click.option("--seed", type=NATURAL, default=0, help="Set seed of the set that is written.")
@click.option("--runs", type=PATH, help="Folder of the students' run. Default: OUT-tuning.")
@click.option("--dry-run", is_flag=True, help="Show the candidates and how long it takes.")
@split_options
@jobs_option
@precision_option
@device_option
@work_option
@drop_leaks_option
def tune(dry_run: bool, workers: int, **given: Any) -> None:
    """Find the best set of DATA for a budget in bytes, and write OUT.

    The held-out images of DATA are not used.
    """
    from smallset.terminal.progress import Stages
    from smallset.terminal.sets import show_set
    from smallset.terminal.tuning import show_frontier, show_tuning, tried_line
    from smallset.tuning.tune import tune as tuned

    def begin(plan: "TuningPlan") -> None:
        show_tuning(plan, candidates=dry_run)
        if dry_run:
            raise SystemExit(0)

    def told(finished: "Finished") -> None:
        if finished.result is not None:
            stages.say(tried_line(finished))
        stages("tune", finished.number, finished.total)

    with Stages() as stages:
        made = tuned(
            **with_splits(**given), jobs=workers, planned=begin, told=told, progress=stages
        )
    show_frontier(made)
    show_set(made.made)
