"""Commands that make something new: compress, score, train, export."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from smallset.cli.options import Common, Data, Fit, RayAddress, Size, spelled_out, workers_on
from smallset.numbers import counted


@spelled_out
def compress(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the set.")],
    method: Annotated[
        str, typer.Option(help='See `smallset list`; options in brackets: "pca(factor=3)".')
    ] = "pca",
    ipc: Annotated[int | None, typer.Option(help="Images per class to write.")] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            help="Instead of --ipc: the share of each class's images to use, 0.3 for 30 %. Of n "
            "images, round(share x n) are used (halves up), in whole canvases, at least one."
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Any budget as one text, such as ipc=10 or bytes=230kB; see `smallset list`."
        ),
    ] = None,
    short_classes: Annotated[
        Literal["error", "keep"],
        typer.Option(help="Refuse classes with too few images, or keep all images they have."),
    ] = "error",
    size: Size = None,
    fit: Fit = "squash",
    codec: Annotated[
        str | None,
        typer.Option(
            help="png, jpeg:QUALITY, webp:QUALITY, avif:QUALITY, or original, which copies the "
            "image files. Default: the method's own, else png."
        ),
    ] = None,
    plan_only: Annotated[
        bool,
        typer.Option("--plan-only", help="Write the list of chosen images without any pixels."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Set seed, for all random choices.")] = 0,
    ray: RayAddress = None,
    *,
    common: Common,
) -> None:
    """Compress DATA into the new folder OUT, under one of --ipc, --keep and --budget.

    Without one of them, say what each would give.
    """
    _check_cached(ray, common.cache)
    if plan_only and codec is not None:
        raise ValueError(
            f"--codec {codec} and --plan-only were both given, but a list has no pixels to encode. "
            "Leave out one of them."
        )
    from smallset import pipeline
    from smallset.exchange.chosen_list import ChosenList
    from smallset.terminal.progress import Stages
    from smallset.terminal.sets import show_chosen, show_set

    if ipc is None and keep is None and budget is None:
        _offer(data, out, method, short_classes, size, fit, codec, seed, plan_only, common)
    with workers_on(ray, device=common.device) as spread, Stages() as stages:
        verb = pipeline.select if plan_only else partial(pipeline.compress, codec=codec)
        made = verb(
            common.data(data),
            out,
            method=method,
            ipc=ipc,
            keep=keep,
            budget=budget,
            short_classes=short_classes,
            size=size,
            fit=fit,
            seed=seed,
            spread=spread,
            **common.told(stages),
        )
    if isinstance(made, ChosenList):
        show_chosen(made)
    else:
        show_set(made)


@spelled_out
def score(
    data: Data,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The new .parquet file of the scores.")
    ],
    scores: Annotated[str, typer.Option(help='One or more: "el2n,aum,el2n(runs=3)".')] = "el2n",
    size: Size = None,
    fit: Fit = "squash",
    ray: RayAddress = None,
    *,
    common: Common,
) -> None:
    """Score every training image of DATA. A larger score is harder."""
    _check_cached(ray, common.cache)
    from smallset import pipeline
    from smallset.terminal.progress import Stages
    from smallset.terminal.sets import show_scores

    with workers_on(ray, device=common.device) as spread, Stages() as stages:
        made = pipeline.score(
            common.data(data),
            out,
            scores=scores,
            size=size,
            fit=fit,
            spread=spread,
            **common.told(stages),
        )
    show_scores(made, out)


@spelled_out
def train(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the teacher.")],
    model: Annotated[str, typer.Option(help="See `smallset list`.")],
    recipe: Annotated[str, typer.Option(help="The training protocol.")] = "teacher-v1",
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data. Default: the recipe's.")
    ] = None,
    size: Size = None,
    fit: Fit = "squash",
    seed: Annotated[int, typer.Option(help="Seed of weights, order and views.")] = 0,
    *,
    common: Common,
) -> None:
    """Train a network on all training images of DATA, as a teacher in the new folder OUT."""
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
            fit=fit,
            seed=seed,
            **common.told(stages),
        )
    say(
        f"wrote {out}: {made.model} at {made.size} px, {recipe}, "
        f"{counted(made.epochs, 'epoch')}, {made.weights_bytes:,} bytes"
    )
    say(f"top-1 {100 * made.top1:.2f} % of the held-out images, {len(made.classes)} classes")


def export(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the export.")],
    to: Annotated[
        str, typer.Option(help="webdataset, hub, imagefolder, or images: a file a tile.")
    ],
) -> None:
    """Export SET in another layout to the new folder OUT, with its card and provenance."""
    from smallset import pipeline
    from smallset.terminal import say
    from smallset.terminal.progress import Stages

    with Stages() as stages:
        pipeline.export(set, out, to=to, progress=stages)
    say(f"wrote {out}")


def _offer(
    data: str,
    out: Path,
    method: str,
    short_classes: Literal["error", "keep"],
    size: int | None,
    fit: Literal["squash", "crop", "pad"],
    codec: str | None,
    seed: int,
    plan_only: bool,
    common: Common,
) -> None:
    """Say what each kind of budget would give, and end with the exit code of a wrong usage."""
    from smallset.pipeline.offers import offers
    from smallset.terminal import complain
    from smallset.terminal.progress import Stages
    from smallset.terminal.sets import offers_line

    with Stages() as stages:
        found, used = offers(
            common.data(data),
            out,
            method=method,
            short_classes=short_classes,
            size=size,
            fit=fit,
            codec=codec,
            seed=seed,
            **common.told(stages),
        )
    complain(offers_line(found, None if plan_only else used))
    raise typer.Exit(2)


def _check_cached(ray: str | None, cache: str) -> None:
    if ray is not None and cache == "none":
        raise ValueError(
            "--cache none and --ray were both given, but Ray's workers read the decoded pixels "
            "from the work folder. Leave out one of them."
        )
