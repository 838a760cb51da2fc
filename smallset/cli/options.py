"""The options that several commands share, with their help texts.

Files of this room import at their top only what `--help` needs.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from smallset.data.source import Folder
    from smallset.desk import Options
    from smallset.parallel import Workers as Crew
    from smallset.terminal.progress import Stages


DATA_HELP = (
    "digits, a folder of class folders or of parquet files, hf:owner/name, or a set that smallset "
    "wrote"
)
Data = Annotated[str, typer.Argument(metavar="DATA", help=DATA_HELP)]
Size = Annotated[
    int | None, typer.Option(help="Side in pixels. Default: the images' common side, else 224.")
]
Fit = Annotated[
    Literal["squash", "crop", "pad"], typer.Option(help="How an oblong image becomes a square.")
]
Precision = Annotated[str, typer.Option(help="auto, float32 or bfloat16.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Workers = Annotated[int, typer.Option(help="CPU threads; 0 is all cores.")]


def _checked_jobs(workers: int) -> int:
    """Return the number of processes. Raises ValueError for a negative number."""
    if workers < 0:
        raise ValueError(f"workers={workers} runs nothing. Give at least 1, or 0 for one per core.")
    return workers


Jobs = Annotated[
    int,
    typer.Option(
        "--workers",
        help="One-thread processes side by side; 0 is one per core.",
        callback=_checked_jobs,
    ),
]
Work = Annotated[
    Path | None,
    typer.Option(help="Folder for caches and observers. Default: the user's cache folder."),
]
Cache = Annotated[
    Literal["disk", "none"], typer.Option(help="Keep decoded pixels on disk, or decode every time.")
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
        help="The held-out images in DATA, likewise. If DATA is a set that smallset wrote: the "
        "data whose held-out images are used.",
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|HOST:PORT",
        help="Spread the work over a Ray cluster. auto is the cluster in RAY_ADDRESS or on this "
        "machine, or else a new cluster on this machine's cores.",
    ),
]


@dataclass(frozen=True)
class Common:
    """The options of every command that works on DATA."""

    train: Train = None
    test: Test = None
    precision: Precision = "auto"
    device: Device = "auto"
    workers: Workers = 0
    work: Work = None
    cache: Cache = "disk"
    skip_bad: SkipBad = False
    drop_leaks: DropLeaks = False

    def data(self, data: str) -> "str | Folder":
        """Return DATA with the patterns of --train and --test, as a verb takes it."""
        from smallset.data.source import Folder

        if self.train is None and self.test is None:
            return data
        return Folder(data, self.train, self.test)

    def told(self, stages: "Stages") -> "Options":
        """Return the options as a verb takes them, with `stages` to show the progress."""
        given = {name: value for name, value in vars(self).items() if name not in ("train", "test")}
        given |= {"cache": self.cache == "disk", "progress": stages, "opened": stages.opened}
        return given  # type: ignore[return-value]


def spelled_out(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes each field of `Common` as an option of its own."""
    own = inspect.signature(command).parameters
    shared = inspect.signature(Common).parameters

    @wraps(command)
    def run(**values: object) -> None:
        group = {name: values.pop(name) for name in shared}
        command(**values, common=Common(**group))  # type: ignore[arg-type]

    every = [*own.values(), *shared.values()]
    keywords = [p.replace(kind=p.KEYWORD_ONLY) for p in every if p.name != "common"]
    run.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in keywords}
    return run


@contextmanager
def workers_on(address: str | None, *, device: str) -> "Iterator[Crew | None]":
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
