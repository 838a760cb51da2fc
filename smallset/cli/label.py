"""Commands about soft labels and what they cost: label, size."""

from pathlib import Path
from typing import Annotated

import typer

from smallset.cli.options import Device, Precision, Work, Workers


def label(
    set: Annotated[
        Path, typer.Argument(metavar="SET", help="A folder that `compress` or `export` made.")
    ],
    teacher: Annotated[
        str, typer.Option(help="The network that makes the labels: a folder of `train`, or SPEC.")
    ],
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs to label. Each view of each epoch gets a label. Default: 300."),
    ] = None,
    one_per_image: Annotated[
        bool,
        typer.Option("--one-per-image", help="Label each whole image once, and no views."),
    ] = False,
    format: Annotated[
        str, typer.Option(help='See `smallset list`: float32, float16, int8, "top(k=10)".')
    ] = "float16",
    view_seed: Annotated[int, typer.Option(help="Seed of the views, as of a student.")] = 0,
    precision: Precision = "auto",
    device: Device = "auto",
    workers: Workers = 0,
    work: Work = None,
) -> None:
    """Write a teacher's soft labels for SET beside it, for `evaluate --labels stored`."""
    from smallset import pipeline
    from smallset.labels import OnePerImage, Stored, labels_spec
    from smallset.terminal import say
    from smallset.terminal.progress import Stages

    with Stages() as stages:
        store = pipeline.label(
            set,
            teacher=teacher,
            epochs=epochs,
            one_per_image=one_per_image,
            format=format,
            view_seed=view_seed,
            precision=precision,
            device=device,
            workers=workers,
            work=work,
            progress=stages,
        )
    card = store.card
    say(
        f"wrote {store.folder}: {card.epochs * card.views:,} labels of {len(card.classes)} "
        f"classes, {store.row_bytes:,} bytes each, {store.bytes():,} bytes in all"
    )
    regime = Stored("", store.form, view_seed=view_seed)
    labels = labels_spec(regime if card.of_views else OnePerImage("", store.form), brief=True)
    say(f"use them with: smallset evaluate {set} --data DATA --labels '{labels}'")


def size(
    set: Annotated[
        Path, typer.Argument(metavar="SET", help="A folder that `compress` or `export` made.")
    ],
    epochs: Annotated[int, typer.Option(help="For labels that SET could have: epochs.")] = 300,
    classes: Annotated[
        int | None, typer.Option(help="Likewise: classes of a label. Default: those of SET.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(help="Likewise: images. Default: as many as SET has.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="Likewise: one format only. Default: each of them.")
    ] = None,
) -> None:
    """Count the bytes of SET: images, labels and teachers, and labels that it could have."""
    from smallset import pipeline
    from smallset.terminal.sizes import show_sizes

    show_sizes(pipeline.size(set, epochs=epochs, classes=classes, images=images, format=format))
