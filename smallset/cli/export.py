"""The command that takes a set out into the world: export."""

from pathlib import Path
from typing import Annotated

import typer

from smallset import pipeline
from smallset.terminal import Stages, say


def export(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the export.")],
    to: Annotated[str, typer.Option(help="webdataset, hub or imagefolder.")],
) -> None:
    """Export SET in another layout to the new folder OUT, with its card and provenance."""
    with Stages() as stages:
        pipeline.export(set, out, to=to, progress=stages)
    say(f"wrote {out}")
