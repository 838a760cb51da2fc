"""Commands that make something new: compress, score, train, export."""

from pathlib import Path
from typing import Any

import click

from smallset.cli.options import (
    NATURAL,
    POSITIVE,
    as_verb,
    check_cached,
    data_argument,
    desk_options,
    fit_option,
    out_argument,
    ray_option,
    set_argument,
    size_option,
    workers_on,
)


@click.command
@data_argument
@out_argument("folder of the set")
@click.option(
    "--method",
    default="pca",
    help='See `smallset list`; options in brackets: "pca(factor=3)".',
)
@click.option("--ipc", type=POSITIVE, help="Images per class to write.")
@click.option(
    "--keep",
    type=float,
    help="Instead of --ipc: the share of each class's images to use, 0.3 for 30 %. Of n images, "
    "round(share x n) are used (halves up), in whole canvases, at least one.",
)
@click.option(
    "--budget",
    help="Any budget as one text, such as ipc=10 or bytes=230kB; see `smallset list`.",
)
@click.option(
    "--short-classes",
    type=click.Choice(["error", "keep"]),
    default="error",
    help="Refuse classes with too few images, or keep all images they have.",
)
@size_option
@fit_option
@click.option(
    "--codec",
    help="png, jpeg:QUALITY, webp:QUALITY, avif:QUALITY, or original, which copies the image "
    "files. Default: the method's own, else png.",
)
@click.option(
    "--plan-only", is_flag=True, help="Write the list of chosen images without any pixels."
)
@click.option("--seed", type=NATURAL, default=0, help="Set seed, for all random choices.")
@ray_option
@desk_options
def compress(plan_only: bool, ray: str | None, **given: Any) -> None:
    """Compress DATA into the new folder OUT.

    Give one of --ipc, --keep and --budget. Without any of them, the command says what each would
    give, and writes nothing.
    """
    check_cached(ray, given["cache"])
    if plan_only and given["codec"] is not None:
        raise ValueError(
            f"--codec {given['codec']} and --plan-only were both given, but a list has no pixels "
            "to encode. Leave out one of them."
        )
    from smallset import pipeline
    from smallset.terminal.progress import Stages
    from smallset.terminal.sets import show_chosen, show_set

    if all(given[budget] is None for budget in ("ipc", "keep", "budget")):
        _offer(plan_only, **given)
    with workers_on(ray, device=given["device"]) as spread, Stages() as stages:
        asked = as_verb(given, stages) | {"spread": spread}
        if plan_only:
            del asked["codec"]
            listed = pipeline.select(**asked)
        else:
            made = pipeline.compress(**asked)
    if plan_only:
        show_chosen(listed)
    else:
        show_set(made)


@click.command
@data_argument
@out_argument(".parquet file of the scores")
@click.option("--scores", default="el2n", help='One or more: "el2n,aum,el2n(runs=3)".')
@size_option
@fit_option
@ray_option
@desk_options
def score(ray: str | None, **given: Any) -> None:
    """Score every training image of DATA. A larger score is harder."""
    check_cached(ray, given["cache"])
    from smallset import pipeline
    from smallset.terminal.progress import Stages
    from smallset.terminal.sets import show_scores

    with workers_on(ray, device=given["device"]) as spread, Stages() as stages:
        made = pipeline.score(**as_verb(given, stages), spread=spread)
    show_scores(made, given["out"])


@click.command
@data_argument
@out_argument("folder of the teacher")
@click.option("--model", required=True, help="See `smallset list`.")
@click.option("--recipe", default="teacher-v1", help="The training protocol.")
@click.option("--epochs", type=POSITIVE, help="Passes over the data. Default: the recipe's.")
@size_option
@fit_option
@click.option("--seed", type=NATURAL, default=0, help="Seed of weights, order and views.")
@desk_options
def train(**given: Any) -> None:
    """Train a network on DATA, as a teacher in the new folder OUT."""
    from smallset import pipeline
    from smallset.numbers import counted
    from smallset.terminal import say
    from smallset.terminal.progress import Stages

    with Stages() as stages:
        made = pipeline.train_teacher(**as_verb(given, stages))
    say(
        f"wrote {given['out']}: {made.model} at {made.size} px, {given['recipe']}, "
        f"{counted(made.epochs, 'epoch')}, {made.weights_bytes:,} bytes"
    )
    say(f"top-1 {100 * made.top1:.2f} % of the held-out images, {len(made.classes)} classes")


@click.command
@set_argument()
@out_argument("folder of the export")
@click.option(
    "--to", required=True, help="webdataset, hub, imagefolder, or images (one file per tile)."
)
def export(set: Path, out: Path, to: str) -> None:
    """Export SET in another layout to the new folder OUT.

    The card and the provenance of SET go with it.
    """
    from smallset import pipeline
    from smallset.terminal import say
    from smallset.terminal.progress import Stages

    with Stages() as stages:
        pipeline.export(set, out, to=to, progress=stages)
    say(f"wrote {out}")


def _offer(plan_only: bool, **given: Any) -> None:
    """Say what each kind of budget would give, and end with the exit code of a wrong usage."""
    from smallset.pipeline.offers import offers
    from smallset.terminal import complain
    from smallset.terminal.progress import Stages
    from smallset.terminal.sets import offers_line

    for budget in ("ipc", "keep", "budget"):
        del given[budget]
    with Stages() as stages:
        found, used = offers(**as_verb(given, stages))
    complain(offers_line(found, None if plan_only else used))
    raise SystemExit(2)
