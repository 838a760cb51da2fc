"""Commands that make something of a dataset: compress, score."""

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from smallset import pipeline
from smallset.budget import DEFAULT
from smallset.cli.cluster import RayAddress, workers_on
from smallset.cli.options import (
    Cache,
    CacheChoice,
    Data,
    Device,
    DropLeaks,
    Fit,
    FitChoice,
    Precision,
    ShortChoice,
    Size,
    SkipBad,
    Test,
    Train,
    Work,
    Workers,
    data_of,
)
from smallset.exchange.chosen_list import ChosenList
from smallset.terminal import Stages, observer_lines, say, show_chosen, show_set

PNG = "png"


def compress(
    data: Data,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the set.")],
    method: Annotated[
        str, typer.Option(help='See `smallset list`; options in brackets: "pca(factor=3)".')
    ] = "pca",
    ipc: Annotated[
        int | None, typer.Option(help=f"Images per class to write. Default: {DEFAULT.value}.")
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            help="Instead of --ipc: the share of each class's images to use, 0.3 for 30 %. Of n "
            "images that are round(share x n), halves up, in whole canvases, one at least."
        ),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Either of the two as one text: ipc=10, keep=0.3.")
    ] = None,
    short_classes: Annotated[
        ShortChoice,
        typer.Option(help="Refuse classes with fewer images than asked, or keep all they have."),
    ] = ShortChoice.error,
    train: Train = None,
    test: Test = None,
    size: Size = None,
    fit: Fit = FitChoice.squash,
    codec: Annotated[
        str,
        typer.Option(
            help="png, jpeg:QUALITY, webp:QUALITY, or original: the bytes of whole images, copied."
        ),
    ] = PNG,
    plan_only: Annotated[
        bool,
        typer.Option("--plan-only", help="Write the list of chosen images and no pixels."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Set seed: the draw of random choices.")] = 0,
    precision: Precision = "auto",
    device: Device = "auto",
    workers: Workers = 0,
    work: Work = None,
    cache: Cache = CacheChoice.disk,
    skip_bad: SkipBad = False,
    drop_leaks: DropLeaks = False,
    ray: RayAddress = None,
) -> None:
    """Compress DATA into the new folder OUT."""
    _check_cached(ray, cache)
    if plan_only and codec != PNG:
        raise ValueError(
            f"--codec {codec} and --plan-only were both given, but a list has no pixels to encode. "
            "Leave out one of them."
        )
    with workers_on(ray, device=device) as spread, Stages() as stages:
        verb = pipeline.select if plan_only else partial(pipeline.compress, codec=codec)
        made = verb(
            data_of(data, train, test),
            out,
            method=method,
            ipc=ipc,
            keep=keep,
            budget=budget,
            short_classes=short_classes.value,
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
            spread=spread,
            progress=stages,
            opened=stages.opened,
        )
    if isinstance(made, ChosenList):
        show_chosen(made)
    else:
        show_set(made)


def score(
    data: Data,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The new .parquet file of the scores.")
    ],
    scores: Annotated[str, typer.Option(help='One or more: "el2n,aum,el2n(runs=3)".')] = "el2n",
    train: Train = None,
    test: Test = None,
    size: Size = None,
    fit: Fit = FitChoice.squash,
    precision: Precision = "auto",
    device: Device = "auto",
    workers: Workers = 0,
    work: Work = None,
    cache: Cache = CacheChoice.disk,
    skip_bad: SkipBad = False,
    drop_leaks: DropLeaks = False,
    ray: RayAddress = None,
) -> None:
    """Score every training image of DATA; larger is harder."""
    _check_cached(ray, cache)
    with workers_on(ray, device=device) as spread, Stages() as stages:
        made = pipeline.score(
            data_of(data, train, test),
            out,
            scores=scores,
            size=size,
            fit=fit.value,
            precision=precision,
            device=device,
            workers=workers,
            work=work,
            cache=cache is CacheChoice.disk,
            skip_bad=skip_bad,
            drop_leaks=drop_leaks,
            spread=spread,
            progress=stages,
            opened=stages.opened,
        )
    for name, found in made.items():
        low, middle, high = np.quantile(found.values, (0, 0.5, 1))
        say(
            f"{name}: {len(found.values):,} images, easiest {low:.4g}, median {middle:.4g}, "
            f"hardest {high:.4g}"
        )
    looks: dict[str, list[str]] = {}
    for name, found in made.items():
        for line in observer_lines(found.made_by):
            looks.setdefault(line, []).append(name)
    for line, names in looks.items():
        say(line if len(names) == len(made) else f"{', '.join(names)}: {line}")
    say(f"wrote {out}")


def _check_cached(ray: str | None, cache: CacheChoice) -> None:
    if ray is not None and cache is CacheChoice.none:
        raise ValueError(
            "--cache none and --ray were both given, but workers read the decoded pixels from the "
            "work folder. Leave out one of them."
        )
