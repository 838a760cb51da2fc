"""The options that several commands share, and how a command hands its options to a verb.

A verb is a function such as `smallset.compress`. An option has the name of the verb's parameter, so
that a command passes its options on as they are. To answer `--help` fast, the files of smallset/cli
import at their top only what `--help` needs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from smallset.parallel import Workers
    from smallset.terminal.progress import Stages

Run = TypeVar("Run", bound=Callable[..., None])

PATH = click.Path(path_type=Path)
POSITIVE = click.IntRange(min=1)
NATURAL = click.IntRange(min=0)
DATA_HELP = (
    "digits, a folder of class folders or of parquet files, hf:owner/name, or a set that smallset "
    "wrote"
)


def out_argument(what: str) -> Callable[[Run], Run]:
    """Return the argument OUT: the new `what`."""
    return click.argument("out", metavar="OUT", type=PATH, help=f"The new {what}.")


def together(*options: Callable[[Run], Run]) -> Callable[[Run], Run]:
    """Return a decorator that adds options in this order."""

    def add(command: Run) -> Run:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def set_argument(makers: str = "`compress`") -> Callable[[Run], Run]:
    """Return the argument SET, which one of the commands `makers` made."""
    return click.argument("set", metavar="SET", type=PATH, help=f"A folder that {makers} made.")


def workers_option(what: str) -> Callable[[Run], Run]:
    """Return the option --workers, and an error that names it for --jobs."""
    return together(
        click.option("--workers", type=NATURAL, default=0, help=what),
        click.option("--jobs", hidden=True, expose_value=False, callback=_say_workers),
    )


def _say_workers(_: click.Context, __: click.Parameter, jobs: str | None) -> None:
    if jobs is not None:
        raise click.UsageError("There is no option --jobs. Use --workers instead.")


data_argument = click.argument("data", metavar="DATA", help=f"{DATA_HELP}.")
size_option = click.option(
    "--size", type=POSITIVE, help="Side in pixels. Default: the images' common side, else 224."
)
fit_option = click.option(
    "--fit",
    type=click.Choice(["squash", "crop", "pad"]),
    default="squash",
    help="How an oblong image becomes a square.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    help="Precision of training and inference.",
)
device_option = click.option("--device", default="auto", help="auto, cpu, cuda or cuda:N.")
threads_option = workers_option("CPU threads; 0 is all cores.")
jobs_option = workers_option("One-thread processes side by side; 0 is one per core.")
work_option = click.option(
    "--work",
    type=PATH,
    help="Folder for caches and observers. Default: the user's cache folder.",
)
drop_leaks_option = click.option(
    "--drop-leaks", is_flag=True, help="Leave out training images that are also held out."
)
split_options = together(
    click.option(
        "--train",
        metavar="PATTERN",
        help="The training images in DATA: a folder of class folders, or parquet files such as "
        "'train-*.parquet'. Default: by the names of folders and files.",
    ),
    click.option(
        "--test",
        metavar="PATTERN",
        help="The held-out images in DATA, named in the same way. If DATA is a set that smallset "
        "wrote: the data whose held-out images are used.",
    ),
)
desk_options = together(
    split_options,
    precision_option,
    device_option,
    threads_option,
    work_option,
    click.option(
        "--cache",
        type=click.Choice(["disk", "none"]),
        default="disk",
        help="Keep decoded pixels on disk, or decode every time.",
    ),
    click.option(
        "--skip-bad", is_flag=True, help="Go on without unreadable images, counting them."
    ),
    drop_leaks_option,
)
foreign_options = together(
    click.option(
        "--view",
        help="For a SET without a manifest: canvas (default), patch (one tile of an image per "
        "epoch), or each-patch (every tile).",
    ),
    click.option(
        "--factor",
        type=POSITIVE,
        help="For a SET without a manifest and a patch view: tiles per side.",
    ),
    click.option(
        "--size",
        type=POSITIVE,
        help="For a SET without a manifest: side in pixels. Default: that of its images.",
    ),
    click.option(
        "--classes",
        type=PATH,
        help="For a SET without a manifest: JSON file that pairs class names and WordNet ids.",
    ),
)
ray_option = click.option(
    "--ray",
    metavar="auto|HOST:PORT",
    help="Spread the work over a Ray cluster. auto is the cluster in RAY_ADDRESS or on this "
    "machine, or else a new cluster on this machine's cores.",
)


def with_splits(data: str, train: str | None, test: str | None, **given: Any) -> dict[str, Any]:
    """Return the options `given`, with DATA and the patterns of its splits as one option `data`."""
    from smallset.data.source import Folder

    patterned = train is not None or test is not None
    return given | {"data": Folder(data, train, test) if patterned else data}


def as_verb(given: dict[str, Any], stages: "Stages") -> dict[str, Any]:
    """Return the options of a command with `desk_options` as a verb takes them.

    `stages` shows the progress.
    """
    return with_splits(**given) | {
        "cache": given["cache"] == "disk",
        "progress": stages,
        "opened": stages.opened,
    }


def check_cached(ray: str | None, cache: str) -> None:
    """Raise ValueError for a cluster whose workers would find no decoded pixels."""
    if ray is not None and cache == "none":
        raise ValueError(
            "--cache none and --ray were both given, but Ray's workers read the decoded pixels "
            "from the work folder. Leave out one of them."
        )


@contextmanager
def workers_on(address: str | None, *, device: str) -> "Iterator[Workers | None]":
    """Yield the workers of a Ray cluster, or None without --ray. They stop when the block ends.

    Raises ValueError for a device with a number and under torchrun, and the errors of `Ray`.
    """
    if address is None:
        yield None
        return
    from smallset.parallel.ray import Ray
    from smallset.train.processes import launched

    if launched() > 1:
        raise ValueError(
            f"torchrun started {launched()} processes, but --ray hands the work to a cluster, and "
            "they cannot be combined. Leave one of them out."
        )
    if device.startswith("cuda:"):
        raise ValueError(
            f"--device {device} names one GPU of this machine, but with --ray each task gets a GPU "
            "of its own. Give --device cuda, or leave --ray out."
        )
    with Ray(address) as workers:
        yield workers
