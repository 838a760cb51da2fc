"""Commands about soft labels and what they cost: label, size."""

from pathlib import Path
from typing import Any

import click

from smallset.cli.options import (
    NATURAL,
    POSITIVE,
    device_option,
    precision_option,
    set_argument,
    threads_option,
    work_option,
)


@click.command
@set_argument("`compress` or `export`")
@click.option(
    "--teacher",
    required=True,
    help="The network that makes the labels: a folder of `train`, or SPEC.",
)
@click.option(
    "--epochs",
    type=POSITIVE,
    help="Epochs to label. Each view of each epoch gets a label. Default: 300.",
)
@click.option("--one-per-image", is_flag=True, help="Label each whole image once, and no views.")
@click.option(
    "--format",
    default="float16",
    help='See `smallset list`: float32, float16, int8, "top(k=10)".',
)
@click.option("--view-seed", type=NATURAL, default=0, help="Seed of the views that are labelled.")
@precision_option
@device_option
@threads_option
@work_option
def label(set: Path, view_seed: int, **given: Any) -> None:
    """Write a teacher's soft labels for SET beside it.

    `evaluate --labels stored` trains with these labels.
    """
    from smallset import pipeline
    from smallset.labels import OnePerImage, Stored, labels_spec
    from smallset.terminal import say
    from smallset.terminal.progress import Stages

    with Stages() as stages:
        store = pipeline.label(set, view_seed=view_seed, progress=stages, **given)
    card = store.card
    say(
        f"wrote {store.folder}: {card.epochs * card.views:,} labels of {len(card.classes)} "
        f"classes, {store.row_bytes:,} bytes each, {store.bytes():,} bytes in all"
    )
    regime = Stored("", store.form, view_seed=view_seed)
    labels = labels_spec(regime if card.of_views else OnePerImage("", store.form), brief=True)
    say(f"use them with: smallset evaluate {set} --data DATA --labels '{labels}'")


@click.command
@set_argument("`compress` or `export`")
@click.option(
    "--epochs", type=POSITIVE, default=300, help="Epochs of the labels that SET could have."
)
@click.option("--classes", type=POSITIVE, help="Classes of these labels. Default: those of SET.")
@click.option("--images", type=POSITIVE, help="Images with these labels. Default: those of SET.")
@click.option("--format", help="The only format to count. Default: every format.")
def size(set: Path, **given: Any) -> None:
    """Count the bytes of SET: images, labels and teachers.

    The command also counts the bytes of labels that SET could have.
    """
    from smallset import pipeline
    from smallset.terminal.sizes import show_sizes

    show_sizes(pipeline.size(set, **given))
