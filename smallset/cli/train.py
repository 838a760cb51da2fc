"""The command that trains a network on all the data: train."""

from pathlib import Path
from typing import Annotated

import typer

from smallset import pipeline
from smallset.cli.options import (
    Cache,
    CacheChoice,
    Data,
    Device,
    DropLeaks,
    Fit,
    FitChoice,
    Precision,
    Size,
    SkipBad,
    Test,
    Train,
    Work,
    Workers,
    data_of,
)
from smallset.terminal import Stages, say


def train(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the teacher.")],
    model: Annotated[str, typer.Option(help="See `smallset list`.")],
    recipe: Annotated[str, typer.Option(help="How it is trained.")] = "teacher-v1",
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data. Default: the recipe's.")
    ] = None,
    train: Train = None,
    test: Test = None,
    size: Size = None,
    fit: Fit = FitChoice.squash,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and views.")] = 0,
    precision: Precision = "auto",
    device: Device = "auto",
    workers: Workers = 0,
    work: Work = None,
    cache: Cache = CacheChoice.disk,
    skip_bad: SkipBad = False,
    drop_leaks: DropLeaks = False,
) -> None:
    """Train a network on all of DATA, to be a teacher: the new folder OUT."""
    with Stages() as stages:
        made = pipeline.train_teacher(
            data_of(data, train, test),
            out,
            model=model,
            recipe=recipe,
            epochs=epochs,
            size=size,
            fit=fit.value,
            seed=seed,
            precision=precision,
            device=device,
            workers=workers,
            work=work,
            cache=cache is CacheChoice.disk,
            skip_bad=skip_bad,
            drop_leaks=drop_leaks,
            progress=stages,
            opened=stages.opened,
        )
    say(
        f"wrote {out}: {made.model} at {made.size} px, {recipe}, {made.epochs} "
        f"epoch{'' if made.epochs == 1 else 's'}, {made.weights_bytes:,} bytes"
    )
    say(f"top-1 {100 * made.top1:.2f} % of the held-out images, {len(made.classes)} classes")
