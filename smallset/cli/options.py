"""The options that several commands share, with what `--help` says of them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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


DATA_HELP = "digits, a folder of class folders, a folder of parquet files, or hf:owner/name"
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
