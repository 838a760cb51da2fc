"""The command `analyze`: what is known of sets besides the accuracy of their students."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from smallset.analysis.material import Finding

from smallset.cli.options import DATA_HELP, PATH, as_verb, desk_options, foreign_options


@click.command
@click.argument(
    "sets",
    metavar="[SET]...",
    nargs=-1,
    help="Sets, as `evaluate` takes them. Without a SET, only DATA is analysed.",
)
@click.option("--data", required=True, help=f"The data of the sets: {DATA_HELP}.")
@click.option(
    "--observer",
    "observers",
    multiple=True,
    help="A network to look through: NETWORK(weights=..., classes=...), a folder that `train` "
    "made, or observer(...), which is trained here. May be given several times.",
)
@click.option("--what", help="Analyses between commas, see `smallset list`. Default: all.")
@click.option(
    "--results",
    type=PATH,
    multiple=True,
    help="File of `evaluate` or `bench`, to compare the sets with students. May be given several "
    "times.",
)
@click.option(
    "--splits/--no-splits",
    default=True,
    help="Analyse the training and the held-out images of DATA too.",
)
@foreign_options
@click.option("--out", type=PATH, help="File of facts (.jsonl) to append to. Default: none.")
@desk_options
def analyze(what: str | None, **given: Any) -> None:
    """Say how easy, varied and clean the images of SETs and DATA are."""
    from smallset.analysis import analyze as analysis
    from smallset.spec import split
    from smallset.terminal.progress import Stages

    with Stages() as stages:

        def told(finding: "Finding") -> None:
            for line in finding.lines:
                stages.say(line)

        names = None if what is None else split(what)
        found = analysis.analyze(**as_verb(given, stages), what=names, told=told)
        if given["out"] is not None:
            stages.say(f"{len(found)} facts in {given['out']}")
