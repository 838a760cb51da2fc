"""The command that finds the best set of so many bytes: tune."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smallset.cli.options import (
    Data,
    Device,
    DropLeaks,
    Fit,
    Jobs,
    Precision,
    Size,
    Test,
    Train,
    Work,
)

if TYPE_CHECKING:
    from smallset.bench.run import Finished
    from smallset.tuning.tune import TuningPlan


def tune(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the set.")],
    budget: Annotated[str, typer.Option(help="The bytes of all image files: bytes=230kB.")],
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="A method to try, as in `compress`. May be repeated. Default: random images, the "
            "easier half and `spread`, on sheets of three sides."
        ),
    ] = None,
    codec: Annotated[
        list[str] | None,
        typer.Option(
            help="A codec to try with every method. May be repeated. Default: webp:50, webp:20, "
            "and avif:50 if Pillow has it."
        ),
    ] = None,
    student: Annotated[
        str | None, typer.Option(help="Default: convnet-d3, above 64 px resnet10.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps of each student in the last rung.")] = 600,
    size: Size = None,
    fit: Fit = "squash",
    seed: Annotated[int, typer.Option(help="Set seed of the set that is written.")] = 0,
    runs: Annotated[
        Path | None, typer.Option(help="Folder of the students' run. Default: OUT-tuning.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the candidates and how long it takes.")
    ] = False,
    train: Train = None,
    test: Test = None,
    workers: Jobs = 0,
    precision: Precision = "auto",
    device: Device = "auto",
    work: Work = None,
    drop_leaks: DropLeaks = False,
) -> None:
    """Find the best set of so many bytes for DATA without its held-out images, and write OUT."""
    from smallset.cli.options import Common
    from smallset.terminal.progress import Stages
    from smallset.terminal.sets import show_set
    from smallset.terminal.tuning import show_frontier, show_tuning, tried_line
    from smallset.tuning.tune import tune as tuned

    def begin(plan: "TuningPlan") -> None:
        show_tuning(plan, candidates=dry_run)
        if dry_run:
            raise typer.Exit

    def told(finished: "Finished") -> None:
        if finished.result is not None:
            stages.say(tried_line(finished))
        stages("tune", finished.number, finished.total)

    with Stages() as stages:
        made = tuned(
            Common(train=train, test=test).data(data),
            out,
            budget=budget,
            methods=method or (),
            codecs=codec or (),
            student=student,
            steps=steps,
            size=size,
            fit=fit,
            seed=seed,
            runs=runs,
            precision=precision,
            device=device,
            work=work,
            drop_leaks=drop_leaks,
            jobs=workers,
            planned=begin,
            told=told,
            progress=stages,
        )
    show_frontier(made)
    show_set(made.made)
