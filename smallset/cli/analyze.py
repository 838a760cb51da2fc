"""The command `analyze`: what is known of sets besides the accuracy of their students."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from smallset.analysis.material import Finding

from smallset.cli.options import DATA_HELP, Common, spelled_out


@spelled_out
def analyze(
    sets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SET]...", help="Sets, as `evaluate` takes them. Without any: the data alone."
        ),
    ] = None,
    *,
    data: Annotated[str, typer.Option(help=f"The data of the sets: {DATA_HELP}.")],
    observer: Annotated[
        list[str] | None,
        typer.Option(
            help="A network to look through: NETWORK(weights=..., classes=...), a folder that "
            "`train` made, or observer(...), which is trained here. May be given several times."
        ),
    ] = None,
    what: Annotated[
        str | None,
        typer.Option(help="Analyses between commas, see `smallset list`. Default: all."),
    ] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(
            help="File of `evaluate` or `bench`, to compare the sets with students. May be given "
            "several times."
        ),
    ] = None,
    splits: Annotated[
        bool, typer.Option(help="Analyse the training and the held-out images of DATA too.")
    ] = True,
    view: Annotated[
        str | None, typer.Option(help="For a SET without a manifest: as in `evaluate`.")
    ] = None,
    factor: Annotated[
        int | None, typer.Option(help="For a SET without a manifest: as in `evaluate`.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="For a SET without a manifest: as in `evaluate`.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="For a SET without a manifest: as in `evaluate`.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File of facts (.jsonl) to append to. Default: none.")
    ] = None,
    common: Common,
) -> None:
    """Say how easy, varied and clean the images of SETs and of DATA are."""
    from smallset.analysis import analyze as analysis
    from smallset.spec import split
    from smallset.terminal.progress import Stages

    with Stages() as stages:

        def told(finding: "Finding") -> None:
            for line in finding.lines:
                stages.say(line)

        found = analysis.analyze(
            sets or (),
            common.data(data),
            observers=observer or (),
            what=None if what is None else split(what),
            results=results,
            out=out,
            splits=splits,
            view=view,
            factor=factor,
            size=size,
            classes=classes,
            **common.told(stages),
            told=told,
        )
        if out is not None:
            stages.say(f"{len(found)} facts in {out}")
