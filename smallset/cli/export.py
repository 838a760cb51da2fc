"""The command that takes a set out into the world: export."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    set: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `compress` made.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder of the export.")],
    to: Annotated[str, typer.Option(help="webdataset, hub or imagefolder.")],
) -> None:
    """Export SET in another layout to the new folder OUT, with its card and provenance."""
    from smallset import pipeline
    from smallset.terminal import say
    from smallset.terminal.progress import Stages

    with Stages() as stages:
        pipeline.export(set, out, to=to, progress=stages)
    say(f"wrote {out}")
