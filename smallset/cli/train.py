"""The command that trains a network on all the data: train."""

from pathlib import Path
from typing import Annotated

import typer

from smallset.cli.options import Common, Data, Fit, FitChoice, Size, spelled_out


@spelled_out
def train(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the teacher.")],
    model: Annotated[str, typer.Option(help="See `smallset list`.")],
    recipe: Annotated[str, typer.Option(help="How it is trained.")] = "teacher-v1",
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data. Default: the recipe's.")
    ] = None,
    size: Size = None,
    fit: Fit = FitChoice.squash,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and views.")] = 0,
    *,
    common: Common,
) -> None:
    """Train a network on all of DATA, to be a teacher: the new folder OUT."""
    from smallset import pipeline
    from smallset.terminal import say
    from smallset.terminal.progress import Stages

    with Stages() as stages:
        made = pipeline.train_teacher(
            common.data(data),
            out,
            model=model,
            recipe=recipe,
            epochs=epochs,
            size=size,
            fit=fit.value,
            seed=seed,
            **common.told(stages),
        )
    say(
        f"wrote {out}: {made.model} at {made.size} px, {recipe}, {made.epochs} "
        f"epoch{'' if made.epochs == 1 else 's'}, {made.weights_bytes:,} bytes"
    )
    say(f"top-1 {100 * made.top1:.2f} % of the held-out images, {len(made.classes)} classes")
