"""The options that several commands share, with what `--help` says of them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from smallset.data import Folder


class FitChoice(StrEnum):
    """How a source that is no square becomes one."""

    squash = "squash"
    crop = "crop"
    pad = "pad"


class CacheChoice(StrEnum):
    """Whether decoded pixels are kept on disk."""

    disk = "disk"
    none = "none"


class ShortChoice(StrEnum):
    """What becomes of classes that have fewer images than asked."""

    error = "error"
    keep = "keep"


DATA_HELP = (
    "digits, a folder of class folders or of parquet files, hf:owner/name, or a set that smallset "
    "wrote"
)
Data = Annotated[str, typer.Argument(metavar="DATA", help=DATA_HELP)]
Size = Annotated[
    int | None, typer.Option(help="Side in pixels. Default: the sources' own side, else 224.")
]
Fit = Annotated[FitChoice, typer.Option(help="How an oblong image becomes a square.")]
Precision = Annotated[str, typer.Option(help="auto, float32 or bfloat16.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Workers = Annotated[int, typer.Option(help="CPU threads; 0 is all cores.")]
Work = Annotated[
    Path | None,
    typer.Option(help="Folder for caches and observers. Default: the user's cache folder."),
]
Cache = Annotated[
    CacheChoice, typer.Option(help="Keep decoded pixels on disk, or decode every time.")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Go on without unreadable images, counting them.")
]
DropLeaks = Annotated[
    bool,
    typer.Option("--drop-leaks", help="Leave out training images that are also held out."),
]
Train = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="The training images in DATA: a folder of class folders, or parquet files such as "
        "'train-*.parquet'. Default: by the names of folders and files.",
    ),
]
Test = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="The held-out images in DATA, likewise. If DATA is a set that smallset wrote: other "
        "data, whose held-out images judge.",
    ),
]


def data_of(data: str, train: str | None, test: str | None) -> str | Folder:
    """Return the data that the argument and the two patterns name."""
    return data if train is None and test is None else Folder(data, train, test)
